import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Services } from '#core/services';
import type { Dialect, StatusTable } from '#http/dialect';
import { DomainError } from '#kernel/errors';
import { auditRoutes } from './routes/audit.ts';
import { balanceRoutes } from './routes/balances.ts';
import { type CallOutbox, callOutboxRoutes } from './routes/call-outbox.ts';
import { type JobRunner, jobRoutes } from './routes/jobs.ts';
import { planRoutes } from './routes/plans.ts';
import { providerRoutes } from './routes/providers.ts';
import { tenantRoutes } from './routes/tenants.ts';

export interface OperatorDeps {
  readonly services: Services;
  readonly adminApiKey: string;
  readonly jobs: JobRunner;
  /** Null where calls are a real vendor's. */
  readonly callOutbox: CallOutbox | null;
}

const STATUS = {
  invalid: 400,
  unauthenticated: 401,
  payment_required: 402,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition: 409,
  quota: 403,
  rate_limited: 429,
  unsupported: 415,
  upstream: 502,
  unavailable: 503,
  internal: 500,
} as const satisfies StatusTable;

/** The API of whoever runs the server. It acts in no tenant. */
export function operator(deps: OperatorDeps): Dialect {
  const expected = digest(deps.adminApiKey);
  return {
    name: 'admin',
    prefix: '/admin',
    reference: null,
    credential: keyOf,
    async authenticate(request) {
      const key = keyOf(request);
      if (key !== null && timingSafeEqual(digest(key), expected)) return null;
      throw new DomainError('unauthenticated', 'The header x-admin-key is missing or wrong.');
    },
    renderError: (error) => ({ status: STATUS[error.code], body: { error: error.publicMessage } }),
    routes: [
      tenantRoutes(deps.services.oversight),
      balanceRoutes(deps.services),
      auditRoutes(deps.services.audit),
      planRoutes(deps.services.plans),
      providerRoutes(deps.services.providers),
      jobRoutes(deps.jobs),
      callOutboxRoutes(deps.callOutbox),
    ],
  };
}

function keyOf(request: FastifyRequest): string | null {
  const key = request.headers['x-admin-key'];
  return typeof key === 'string' && key !== '' ? key : null;
}

/** Digests are of one length, so comparing them tells nothing of the key's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
