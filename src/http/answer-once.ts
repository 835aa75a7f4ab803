import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { KeyedRequest } from '#core/idempotency/idempotency';
import type { Idempotency, KeyedRun } from '#core/idempotency/service';
import type { Json } from '#kernel/json';
import { isJsonObject } from '#kernel/json';
import type { Log } from '#kernel/log';

const HEADER = 'idempotency-key';

const RUNNING = 'The first request with this Idempotency-Key is still running, or there is another conflict.';

/**
 * Routes with `config.idempotent` take the header `Idempotency-Key`: a repeat of a request gets the first one's answer,
 * marked `idempotency-replayed: true`, and has no effect. Call it before the routes are added and before the reference
 * is, which then shows header and status.
 */
export function answerOnce(app: FastifyInstance, idempotency: Idempotency, log: Log): void {
  const runs = new WeakMap<FastifyRequest, KeyedRun>();

  const begin = async (request: FastifyRequest, reply: FastifyReply) => {
    const key = request.headers[HEADER];
    if (key === undefined || request.scope === null) return;
    const start = await idempotency.begin(request.scope, keyedRequest(request, String(key)));
    if (start.kind === 'begun') return void runs.set(request, start.run);
    const { status, contentType, body } = start.answer;
    return reply.status(status).header('idempotency-replayed', 'true').type(contentType).send(body);
  };

  /** The answer is stored before it leaves. One that cannot be stored leaves all the same: its effect is there. */
  const finish = async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
    const run = runs.get(request);
    if (!run || !request.scope) return payload;
    runs.delete(request);
    const contentType = String(reply.getHeader('content-type') ?? 'application/json; charset=utf-8');
    const body = typeof payload === 'string' ? payload : '';
    try {
      await idempotency.finish(request.scope, run, { status: reply.statusCode, contentType, body });
    } catch (error) {
      log.error({ err: error, requestId: request.id }, 'answer not kept for its idempotency key');
    }
    return payload;
  };

  app.addHook('onRoute', (route) => {
    if (!route.config?.idempotent) return;
    document(route);
    route.preHandler = [...listOf(route.preHandler), begin];
    route.onSend = [...listOf(route.onSend), finish];
  });
}

function listOf<T>(hooks: T | T[] | undefined): T[] {
  if (hooks === undefined) return [];
  return Array.isArray(hooks) ? hooks : [hooks];
}

function keyedRequest(request: FastifyRequest, key: string): KeyedRequest {
  const operation = `${request.method} ${request.routeOptions.url}`;
  const told = [request.params, request.query, request.body ?? null].map((part) => canonical(part as Json));
  const requestHash = createHash('sha256').update(JSON.stringify(told)).digest('base64url');
  return { key, operation, requestHash };
}

/** The same for two JSON values that differ in the order of their members alone. */
function canonical(value: Json): Json {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isJsonObject(value)) return value;
  const names = Object.keys(value).sort();
  return names.map((name) => [name, canonical(value[name]!)]);
}

/** Header and status in the route's own schema, so that they are checked and shown. */
function document(route: RouteOptions): void {
  const { headers, response, ...rest } = route.schema ?? {};
  const answers = isJsonObject(response) ? (response as Record<string, unknown>) : {};
  const refusal = answers[400] ?? answers[500];
  const conflict = isJsonObject(refusal) ? { 409: { ...refusal, description: RUNNING } } : {};
  route.schema = {
    ...rest,
    headers: headers ?? {
      type: 'object',
      properties: {
        [HEADER]: {
          type: 'string',
          minLength: 1,
          maxLength: 255,
          description: 'Repeats with the same key and body get the first answer, for 24 hours.',
        },
      },
    },
    response: { ...conflict, ...answers },
  };
}
