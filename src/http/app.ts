import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import Fastify, {
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Idempotency } from '#core/idempotency/service';
import { DomainError } from '#kernel/errors';
import type { Log } from '#kernel/log';
import type { Dialect } from './dialect.ts';
import { type DialectHost, rewriteByHost } from './dialect-hosts.ts';
import { openLimits } from './limits.ts';
import { mount, sendError } from './mount.ts';
import { type MetricsRegistry, probes, type ReadinessCheck } from './probes.ts';
import { toRequestError } from './request-error.ts';

export interface AppOptions {
  readonly dialects: readonly Dialect[];
  /** The operator's API, which has no reference of its own and no Host. */
  readonly operator: Dialect;
  /** Media gateways, pages: whatever else is served. They answer their own errors. */
  readonly extraPlugins: readonly FastifyPluginAsync[];
  readonly checks: readonly ReadinessCheck[];
  readonly metrics: MetricsRegistry;
  readonly idempotency: Idempotency;
  readonly log: Log;
  readonly config: {
    readonly publicUrl: string;
    readonly rateLimitPerMinute: number | null;
    readonly dialectHosts: readonly DialectHost[];
  };
}

const MAX_BODY_BYTES = 1024 * 1024;
const REQUEST_TIMEOUT_MS = 120_000;
/** Whose word on the client's address is taken: proxies on this machine and in private networks. */
const TRUSTED_PROXIES = ['loopback', 'linklocal', 'uniquelocal'];

/** The whole HTTP side, ready to listen. Throws for a `DIALECT_HOSTS` entry that names no dialect. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const surfaces = [...options.dialects, options.operator];
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    trustProxy: TRUSTED_PROXIES,
    genReqId: (request) => requestId(request.headers['x-request-id']),
    rewriteUrl: rewriteByHost(options.config.dialectHosts, hostedPrefixes(options)),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 512 },
    frameworkErrors: (error, _request, reply) =>
      answerUnreadable(surfaces, error, reply as unknown as FastifyReply),
  });
  app.decorateRequest('scope', null);
  app.decorateRequest('rawBody', null);
  app.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id));
  app.addHook('onResponse', async (request, reply) => logRequest(options.log, request, reply));
  await secure(app, options.config.publicUrl);
  const limits = await openLimits(app, options.config.rateLimitPerMinute);
  answerTheRest(app, options.log);
  probes(app, options);
  for (const surface of surfaces) {
    await mount(app, surface, { limits, idempotency: options.idempotency, log: options.log });
  }
  for (const plugin of options.extraPlugins) await app.register(plugin);
  return app;
}

function hostedPrefixes(options: AppOptions): Record<string, string> {
  const prefixes = Object.fromEntries(options.dialects.map((dialect) => [dialect.name, dialect.prefix]));
  const unknown = options.config.dialectHosts.find((entry) => !(entry.dialect in prefixes));
  if (unknown) throw new Error(`DIALECT_HOSTS names "${unknown.dialect}", which is no dialect.`);
  return prefixes;
}

/** Addresses that no route can be looked up for, such as one with a broken percent sign. */
function answerUnreadable(surfaces: readonly Dialect[], cause: Error, reply: FastifyReply): void {
  const { request } = reply;
  const owner = surfaces.find((surface) => request.url.startsWith(`${surface.prefix}/`));
  const error = new DomainError('invalid', 'The address could not be read.', { cause });
  reply.header('x-request-id', request.id);
  if (owner) sendError(reply, owner, error);
  else reply.status(400).send({ error: error.publicMessage });
}

/** A caller's own id is kept where it is harmless to repeat in logs and headers. */
function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

async function secure(app: FastifyInstance, publicUrl: string): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: { 'upgrade-insecure-requests': publicUrl.startsWith('https:') ? [] : null },
    },
    crossOriginResourcePolicy: { policy: 'cross-origin' },
  });
  await app.register(cors, {
    origin: '*',
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: ['x-request-id', 'retry-after', 'content-range', 'accept-ranges', 'idempotency-replayed'],
    maxAge: 600,
    strictPreflight: false,
  });
}

/** Paths outside every dialect. */
function answerTheRest(app: FastifyInstance, log: Log): void {
  app.setNotFoundHandler((_request, reply) =>
    reply.status(404).send({ error: 'There is nothing at this path.' }),
  );
  app.setErrorHandler((thrown, request, reply) => {
    const error = toRequestError(thrown);
    const status = error.code === 'internal' ? 500 : 400;
    if (status === 500)
      log.error({ requestId: request.id, error: error.message, stack: error.stack }, 'request failed');
    return reply.status(status).send({ error: error.publicMessage });
  });
}

/** The route's pattern, never the address: addresses can hold keys and personal data. */
function logRequest(
  log: Log,
  request: FastifyRequest,
  reply: { statusCode: number; elapsedTime: number },
): void {
  log.info(
    {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      tookMs: Math.round(reply.elapsedTime),
    },
    'request',
  );
}
