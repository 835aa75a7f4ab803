import Fastify, { type FastifyInstance } from 'fastify';
import { Registry } from 'prom-client';
import { Type } from 'typebox';
import type { KeptAnswer, KeyedRequest } from '#core/idempotency/idempotency';
import type { Idempotency } from '#core/idempotency/service';
import { type AppOptions, buildApp } from '#http/app';
import type { Dialect } from '#http/dialect';
import { DomainError } from '#kernel/errors';
import type { TenantId } from '#kernel/ids';
import type { Log } from '#kernel/log';
import { makeScope } from '#kernel/scope';

/** A small dialect with a route for each thing that can go wrong; its error body is `{ oops, code, requestId }`. */
export function fixtureDialect(name = 'fixture'): Dialect {
  return {
    name,
    prefix: `/${name}`,
    reference: {
      title: 'Fixture',
      version: '1',
      description: 'For tests',
      securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'x-key', description: 'A key' } },
      security: [{ key: [] }],
    },
    credential: (request) => {
      const key = request.headers['x-key'];
      return typeof key === 'string' ? key : null;
    },
    async authenticate(request) {
      if (!String(request.headers['x-key'] ?? '').startsWith('good'))
        throw new DomainError('unauthenticated', 'Who are you?');
      return makeScope('ten_1' as TenantId, { kind: 'system' }, 'admin');
    },
    renderError: (error, requestId) => ({
      status: error.code === 'internal' ? 500 : error.code === 'unauthenticated' ? 401 : statusOf(error),
      body: { oops: error.publicMessage, code: error.code, field: error.field, requestId },
    }),
    routes: [addRoutes],
  };
}

function statusOf(error: DomainError): number {
  return error.code === 'not_found' ? 404 : error.code === 'rate_limited' ? 429 : 422;
}

const Thing = Type.Object({ name: Type.String({ minLength: 1 }), size: Type.Optional(Type.Integer()) });
const Listing = Type.Object({
  skip: Type.Integer({ minimum: 0, default: 0 }),
  all: Type.Optional(Type.Boolean()),
});

const addRoutes: Dialect['routes'][number] = (app) => {
  app.get('/open', { config: { access: 'public' } }, () => ({ open: true }));
  app.post('/things', { schema: { summary: 'Make a thing', body: Thing } }, (request) => request.body);
  app.get('/things', { schema: { querystring: Listing } }, (request) => request.query);
  app.delete('/things/:id', () => ({}));
  app.get('/bug', () => {
    throw new Error('password=hunter2 at /srv/secret.ts');
  });
  app.post(
    '/sign-in',
    {
      schema: { body: Type.Object({ email: Type.String(), password: Type.String() }) },
      config: {
        access: 'public',
        guessOf: (request) => String((request.body as { email: string }).email),
      },
    },
    (request) => {
      if (request.body.password !== 'right') throw new DomainError('unauthenticated', 'Wrong.');
      return { ok: true };
    },
  );
};

export interface LogLine {
  level: string;
  fields: Record<string, unknown>;
  message: string;
}

/** A log that keeps its lines. */
export function keepingLog(): Log & { lines: LogLine[] } {
  const lines: LogLine[] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields: { ...fields }, message });
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** The app with the fixture dialect alone, and whatever the test changes. */
export async function fixtureApp(
  change: Partial<Omit<AppOptions, 'config'>> & { config?: Partial<AppOptions['config']> } = {},
): Promise<FastifyInstance> {
  const { config, ...rest } = change;
  return buildApp({
    dialects: [fixtureDialect()],
    operator: { ...fixtureDialect('admin'), reference: null },
    extraPlugins: [],
    checks: [],
    metrics: new Registry(),
    idempotency: rememberingIdempotency(),
    log: keepingLog(),
    config: { publicUrl: 'http://localhost:3000', rateLimitPerMinute: null, dialectHosts: [], ...config },
    ...rest,
  });
}

/** Keeps answers in memory, for as long as the app lives; whoever asks. */
function rememberingIdempotency(): Idempotency {
  const kept = new Map<string, { request: KeyedRequest; answer: KeptAnswer | null }>();
  return {
    async begin(_scope, request) {
      const first = kept.get(request.key);
      if (!first) {
        kept.set(request.key, { request, answer: null });
        return { kind: 'begun', run: { key: request.key, startedAt: new Date() } };
      }
      if (first.request.requestHash !== request.requestHash)
        throw new DomainError('invalid', 'Another request.');
      if (first.answer) return { kind: 'answered', answer: first.answer };
      throw new DomainError('conflict', 'Still running.', { retryAfterMs: 1_000 });
    },
    async finish(_scope, { key }, answer) {
      if (answer.status >= 500) kept.delete(key);
      else kept.set(key, { request: kept.get(key)!.request, answer });
    },
    sweep: async () => 0,
  };
}

/** A free port of this machine. */
export async function freePort(): Promise<number> {
  const probe = Fastify();
  await probe.listen({ port: 0, host: '127.0.0.1' });
  const address = probe.server.address();
  await probe.close();
  if (typeof address !== 'object' || !address) throw new Error('no port');
  return address.port;
}
