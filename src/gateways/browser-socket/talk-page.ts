import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import rateLimit from '@fastify/rate-limit';
import serveStatic from '@fastify/static';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { acceptJson } from '#http/body-parsers';
import { toRequestError } from '#http/request-error';
import { validator } from '#http/validator';
import { DomainError, type ErrorCode } from '#kernel/errors';
import type { Log } from '#kernel/log';
import { BROWSER_SOCKET_PATH } from './browser-gateway.ts';

/** The assistant that visitors talk to, as they may see it. */
export interface TalkAssistant {
  name: string;
  /** It runs on the embedded dialogue model instead of a language model: the page says so. */
  isConcierge: boolean;
}

/** Leave to open one browser socket. */
export interface TalkTicket {
  /** Single-use stream token. */
  token: string;
  assistant: TalkAssistant;
}

export interface TalkPageOptions {
  /** The demo assistant. Throws DomainError where there is none. */
  describeTalk(): Promise<TalkAssistant>;
  /**
   * Makes a ticket for the demo assistant, or for `agentId` where that may be chosen.
   * Throws DomainError (`quota` and `unavailable` when busy, `forbidden` for an assistant that may not be chosen).
   */
  startTalk(request: { agentId: string | null }): Promise<TalkTicket>;
  /** What absolute URLs start with; the socket's is the `ws` or `wss` form of it. */
  publicUrl: string;
  /** Calls that one address may start in a minute; null for no limit, default 10. */
  sessionsPerMinute?: number | null;
  log: Log;
}

const PAGE_FOLDER = join(import.meta.dirname, 'page');
const SESSIONS_PER_MINUTE = 10;
const WINDOW_MS = 60_000;

const StartBody = Type.Object({ agentId: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })) });

const STATUS = {
  invalid: 400,
  unauthenticated: 401,
  payment_required: 402,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  precondition: 409,
  quota: 503,
  rate_limited: 429,
  unsupported: 415,
  upstream: 502,
  unavailable: 503,
  internal: 500,
} satisfies Record<ErrorCode, number>;

/** Serves `/talk`, its files, `GET /talk/about` and `POST /talk/session`. */
export function talkPage(options: TalkPageOptions): FastifyPluginAsync {
  const socketUrl = options.publicUrl.replace(/^http/, 'ws').replace(/\/+$/, '') + BROWSER_SOCKET_PATH;
  return async (app) => {
    await app.register(async (inner) => {
      inner.removeContentTypeParser('text/plain');
      acceptJson(inner);
      inner.setValidatorCompiler(validator);
      inner.addHook('onRequest', async (_request, reply) => void guard(reply, socketUrl));
      inner.setErrorHandler((thrown, request, reply) => refuse(options.log, { thrown, request, reply }));
      await addFiles(inner);
      await addSessions(inner, options, socketUrl);
    });
  };
}

async function addFiles(app: FastifyInstance): Promise<void> {
  const html = await readFile(join(PAGE_FOLDER, 'index.html'));
  app.get('/talk', (_request, reply) =>
    reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(html),
  );
  await app.register(serveStatic, {
    root: PAGE_FOLDER,
    prefix: '/talk/',
    index: false,
    decorateReply: false,
    cacheControl: false,
    setHeaders: (response) => void response.header('cache-control', 'no-cache'),
  });
}

async function addSessions(app: FastifyInstance, options: TalkPageOptions, socketUrl: string): Promise<void> {
  const count = await sessionCounter(app, options.sessionsPerMinute);
  app.get('/talk/about', async () => ({ assistant: shown(await options.describeTalk()) }));
  app.post<{ Body: { agentId?: string } }>(
    '/talk/session',
    {
      schema: { body: StartBody },
      preValidation: async (request) => {
        request.body ??= {};
      },
    },
    async (request, reply) => {
      await count(request);
      const { token, assistant } = await options.startTalk({ agentId: request.body.agentId ?? null });
      return reply
        .header('cache-control', 'no-store')
        .send({ url: socketUrl, token, assistant: shown(assistant) });
    },
  );
}

function shown(assistant: TalkAssistant): { name: string; concierge: boolean } {
  return { name: assistant.name, concierge: assistant.isConcierge };
}

/** Counts a started call against its address; rejects with `rate_limited`. */
async function sessionCounter(
  app: FastifyInstance,
  max: number | null = SESSIONS_PER_MINUTE,
): Promise<(request: FastifyRequest) => Promise<void>> {
  if (max === null) return async () => {};
  if (!app.hasDecorator('createRateLimit')) await app.register(rateLimit, { global: false });
  const take = app.createRateLimit({ max, timeWindow: WINDOW_MS, keyGenerator: (request) => request.ip });
  return async (request) => {
    const verdict = await take(request);
    if (verdict.isAllowed || !verdict.isExceeded) return;
    throw new DomainError('rate_limited', 'You have started many calls. Please wait a minute.', {
      retryAfterMs: verdict.ttl,
    });
  };
}

/** Nothing but the page's own files and its own socket, and the microphone for nobody else. */
function guard(reply: FastifyReply, socketUrl: string): void {
  const socketOrigin = new URL(socketUrl).origin;
  reply.headers({
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "worker-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      `connect-src 'self' ${socketOrigin}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'self'",
    ].join('; '),
    'permissions-policy': 'microphone=(self), camera=(), geolocation=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
}

function refuse(
  log: Log,
  { thrown, request, reply }: { thrown: unknown; request: FastifyRequest; reply: FastifyReply },
): FastifyReply {
  const error = toRequestError(thrown);
  if (error.code === 'internal') log.error({ requestId: request.id, err: thrown }, 'talk page failed');
  if (error.retryAfterMs !== undefined) {
    reply.header('retry-after', Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  }
  return reply.status(STATUS[error.code]).send({ error: error.publicMessage });
}
