import { readdirSync } from 'node:fs';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { type TalkPageOptions, talkPage } from '#gateways/browser-socket/talk-page';
import { DomainError, type ErrorCode } from '#kernel/errors';
import type { Log } from '#kernel/log';
import { silentLog } from '#kernel/log';

const assistant = { name: 'Ada', isConcierge: true };
const files = readdirSync(new URL('../../src/gateways/browser-socket/page', import.meta.url));

let app: FastifyInstance;

afterEach(() => app.close());

async function serve(options: Partial<TalkPageOptions> = {}): Promise<FastifyInstance> {
  app = Fastify();
  await app.register(
    talkPage({
      describeTalk: async () => assistant,
      startTalk: async () => ({ token: 'token-1', assistant }),
      publicUrl: 'https://voice.example.com/',
      log: silentLog,
      ...options,
    }),
  );
  return app;
}

const post = (payload?: unknown, headers = {}) =>
  app.inject({ method: 'POST', url: '/talk/session', payload: payload as object, headers });

describe('POST /talk/session', () => {
  it('answers the socket’s address, a token and the assistant, never to be cached', async () => {
    await serve();
    const response = await post({});
    expect(response.statusCode).toBe(200);
    expect(response.headers['cache-control']).toBe('no-store');
    expect(response.json()).toEqual({
      url: 'wss://voice.example.com/media/browser',
      token: 'token-1',
      assistant: { name: 'Ada', concierge: true },
    });
  });

  it('takes no body as none chosen, and passes on what was chosen', async () => {
    const asked: unknown[] = [];
    await serve({
      startTalk: async (request) => {
        asked.push(request);
        return { token: 't', assistant };
      },
    });
    expect((await post()).statusCode).toBe(200);
    expect((await post(undefined, { 'content-type': 'application/json' })).statusCode).toBe(200);
    expect((await post({ agentId: 'asst_1' })).statusCode).toBe(200);
    expect(asked).toEqual([{ agentId: null }, { agentId: null }, { agentId: 'asst_1' }]);
  });

  it.each([
    ['an id that is no text', { agentId: 7 }, {}, 400],
    ['an endless id', { agentId: 'x'.repeat(300) }, {}, 400],
    ['broken JSON', '{"agentId":', { 'content-type': 'application/json' }, 400],
    ['another media type', 'agentId=1', { 'content-type': 'text/plain' }, 415],
  ])('refuses %s in its own words', async (_name, payload, headers, status) => {
    await serve();
    const response = await post(payload, headers);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toEqual({ error: expect.stringMatching(/./) });
  });

  it.each<[ErrorCode, number]>([
    ['unavailable', 503],
    ['quota', 503],
    ['rate_limited', 429],
    ['forbidden', 403],
    ['not_found', 404],
    ['precondition', 409],
    ['payment_required', 402],
  ])('answers %s with %i and the public message', async (code, status) => {
    await serve({
      startTalk: async () => {
        throw new DomainError(code, 'In short: no.', { retryAfterMs: 1500, internal: 'secret' });
      },
    });
    const response = await post({});
    expect(response.statusCode).toBe(status);
    expect(response.json()).toEqual({ error: 'In short: no.' });
    expect(response.headers['retry-after']).toBe('2');
  });

  it('tells nothing of a fault of ours, but logs it', async () => {
    const logged: string[] = [];
    const log: Log = { ...silentLog, error: (_fields, message) => void logged.push(message) };
    await serve({
      log,
      startTalk: async () => {
        throw new Error('password=hunter2');
      },
    });
    const response = await post({});
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain('hunter2');
    expect(logged).toEqual(['talk page failed']);
  });

  it('lets one address start so many calls a minute, whoever else calls', async () => {
    await serve({ sessionsPerMinute: 2 });
    const from = (remoteAddress: string) =>
      app.inject({ method: 'POST', url: '/talk/session', payload: {}, remoteAddress });
    expect((await from('192.0.2.1')).statusCode).toBe(200);
    expect((await from('192.0.2.1')).statusCode).toBe(200);
    const refused = await from('192.0.2.1');
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toEqual({ error: expect.stringContaining('wait a minute') });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await from('192.0.2.2')).statusCode).toBe(200);
    expect((await app.inject('/talk')).statusCode).toBe(200);
  });
});

describe('the page', () => {
  it('is served with a policy that allows its own files and its own socket only', async () => {
    await serve();
    const response = await app.inject('/talk');
    expect(response.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(response.headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; " +
        "connect-src 'self' wss://voice.example.com; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    );
    expect(response.headers['permissions-policy']).toContain('microphone=(self)');
    expect(response.body).not.toMatch(
      /<style|<script(?![^>]*src=)| style=| on\w+=|https?:\/\/(?!www\.w3\.org)/,
    );
  });

  it('has every file it names, and each with the same policy', async () => {
    await serve();
    const { body } = await app.inject('/talk');
    const named = [...body.matchAll(/(?:href|src)="(\/talk\/[^"]+)"/g)].map((match) => match[1]!);
    expect(named.length).toBeGreaterThan(4);
    for (const path of [...named, ...files.map((file) => `/talk/${file}`)]) {
      const response = await app.inject(path);
      expect([path, response.statusCode]).toEqual([path, 200]);
      expect(response.headers['content-security-policy']).toContain("default-src 'none'");
      expect(response.headers['x-content-type-options']).toBe('nosniff');
    }
  });

  it('gives out nothing beside its own files', async () => {
    await serve();
    for (const path of ['/talk/../talk-page.ts', '/talk/%2e%2e/talk-page.ts', '/talk/nothing.js']) {
      expect((await app.inject(path)).statusCode).toBeGreaterThanOrEqual(400);
    }
  });

  it('introduces the assistant, or says why there is none', async () => {
    await serve();
    expect((await app.inject('/talk/about')).json()).toEqual({ assistant: { name: 'Ada', concierge: true } });
    await app.close();
    await serve({
      describeTalk: async () => {
        throw new DomainError('not_found', 'There is no demo assistant.');
      },
    });
    const response = await app.inject('/talk/about');
    expect([response.statusCode, response.json()]).toEqual([404, { error: 'There is no demo assistant.' }]);
  });
});
