import type { FastifyRequest } from 'fastify';
import type { Accounts } from '#core/accounts/service';
import { requireActive } from '#core/tenants/tenant';
import { DomainError } from '#kernel/errors';
import { isJsonObject } from '#kernel/json';
import type { Scope } from '#kernel/scope';

/**
 * A route's `access`, where it is neither `public` nor the dashboard's (a JWT or an API key of an active tenant):
 * `webhook` takes an API key in the query, of a tenant in any status.
 */
export const WEBHOOK = 'webhook';

/** The credential as presented. A bearer token goes before a key. */
export function credentialOf(request: FastifyRequest): string | null {
  if (request.routeOptions.config?.access === WEBHOOK) return queryKey(request);
  return bearerOf(request) ?? headerKey(request);
}

/** The token of `Authorization: Bearer …`, or null. */
export function bearerOf(request: FastifyRequest): string | null {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

/** Throws `unauthenticated`, and `forbidden` or `payment_required` for a tenant out of use. */
export async function authenticate(accounts: Accounts, request: FastifyRequest): Promise<Scope> {
  if (request.routeOptions.config.access === WEBHOOK) {
    const key = queryKey(request);
    if (key === null) throw new DomainError('unauthenticated', 'The address has no api_key.');
    return (await accounts.byKey(key)).scope;
  }
  const token = bearerOf(request);
  const key = headerKey(request);
  if (token === null && key === null)
    throw new DomainError('unauthenticated', 'A JWT as bearer or an API key in x-api-key is needed.');
  const access = token === null ? await accounts.byKey(key!) : await accounts.byToken(token);
  requireActive(access.tenant);
  return access.scope;
}

function headerKey(request: FastifyRequest): string | null {
  const key = request.headers['x-api-key'];
  return typeof key === 'string' && key !== '' ? key : null;
}

function queryKey(request: FastifyRequest): string | null {
  const key = isJsonObject(request.query) ? request.query.api_key : undefined;
  return typeof key === 'string' && key !== '' ? key : null;
}
