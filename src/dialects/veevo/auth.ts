import type { FastifyRequest } from 'fastify';
import type { Accounts } from '#core/accounts/service';
import { requireActive, requireNotSuspended, type Tenant } from '#core/tenants/tenant';
import { DomainError } from '#kernel/errors';
import type { Scope } from '#kernel/scope';

/**
 * A route's `access`, where it is not `public`: `paid` is for accounts in use only. Every other route answers an account
 * that is not paid for as well, and none one that is suspended.
 */
export const PAID = 'paid';

/** The token of `Authorization: Bearer …`, an API key or a JWT, or null. */
export function credentialOf(request: FastifyRequest): string | null {
  return /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

/** Throws `unauthenticated`, `forbidden` (suspended) and `payment_required` (not in use yet). */
export async function authenticate(accounts: Accounts, request: FastifyRequest): Promise<Scope> {
  const credential = credentialOf(request);
  if (credential === null)
    throw new DomainError('unauthenticated', 'An API key or a JWT as bearer is needed.');
  const { scope, tenant } = isJwt(credential)
    ? await accounts.byToken(credential)
    : await accounts.byKey(credential);
  requireNotSuspended(tenant);
  if (request.routeOptions.config.access === PAID) requirePaid(tenant);
  return scope;
}

const isJwt = (credential: string) => credential.includes('.');

/** An account that waits for the operator is shown as inactive here, and so is refused as one. */
function requirePaid(tenant: Tenant): void {
  if (tenant.status === 'pending')
    throw new DomainError('payment_required', 'The account is not active yet: it waits for approval.');
  requireActive(tenant);
}
