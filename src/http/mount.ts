import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Idempotency } from '#core/idempotency/service';
import { DomainError } from '#kernel/errors';
import type { Log } from '#kernel/log';
import { answerOnce } from './answer-once.ts';
import { acceptJson } from './body-parsers.ts';
import type { Dialect } from './dialect.ts';
import type { Limits } from './limits.ts';
import { serveReference } from './reference.ts';
import { toRequestError } from './request-error.ts';
import { validator } from './validator.ts';

export interface MountDeps {
  readonly limits: Limits;
  readonly idempotency: Idempotency;
  readonly log: Log;
}

/**
 * A dialect as one encapsulated plugin. Whatever goes wrong below its prefix (unknown paths, malformed bodies, wrong
 * media types, limits, bugs) is answered in the dialect's own words. Order: the request is counted, then the credential
 * is checked, then the body is read and validated. Unknown paths are `not_found` for anyone.
 */
export async function mount(app: FastifyInstance, dialect: Dialect, deps: MountDeps): Promise<void> {
  await app.register(
    async (inner) => {
      acceptJson(inner);
      inner.setValidatorCompiler(validator);
      inner.setNotFoundHandler(() => {
        throw new DomainError('not_found', 'There is nothing at this path.');
      });
      inner.setErrorHandler((thrown, request, reply) => refuse({ dialect, deps, thrown, request, reply }));
      inner.addHook('onRequest', (request) => admit(dialect, deps.limits, request));
      inner.addHook('preHandler', async (request) => {
        if (request.routeOptions.config.guessOf) await deps.limits.countGuess(request);
      });
      answerOnce(inner, deps.idempotency, deps.log);
      if (dialect.reference) await serveReference(inner, dialect, dialect.reference);
      for (const addRoutes of dialect.routes) await addRoutes(inner.withTypeProvider());
    },
    { prefix: dialect.prefix },
  );
}

async function admit(dialect: Dialect, limits: Limits, request: FastifyRequest): Promise<void> {
  const credential = dialect.credential(request);
  await limits.countRequest(request, credential);
  if (request.is404 || request.routeOptions.config.access === 'public') return;
  if (credential !== null) await limits.checkCredential(request, credential);
  request.scope = await dialect.authenticate(request);
  if (credential !== null) limits.trustCredential(credential);
}

interface Refusal {
  dialect: Dialect;
  deps: MountDeps;
  thrown: unknown;
  request: FastifyRequest;
  reply: FastifyReply;
}

async function refuse({ dialect, deps, thrown, request, reply }: Refusal): Promise<FastifyReply> {
  const error = toRequestError(thrown);
  if (error.code === 'unauthenticated')
    await deps.limits.countFailure(request, dialect.credential(request) !== null);
  if (error.code === 'internal') logFault(deps.log, request, error);
  return sendError(reply, dialect, error);
}

/** Answers an error in the dialect's form. */
export function sendError(reply: FastifyReply, dialect: Dialect, error: DomainError): FastifyReply {
  const rendered = dialect.renderError(error, reply.request.id);
  if (error.retryAfterMs !== undefined) {
    reply.header('retry-after', Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  }
  return reply.status(rendered.status).type('application/json; charset=utf-8').send(rendered.body);
}

function logFault(log: Log, request: FastifyRequest, error: DomainError): void {
  const cause = error.cause instanceof Error ? error.cause : error;
  log.error(
    {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      error: error.message,
      stack: cause.stack,
    },
    'request failed',
  );
}
