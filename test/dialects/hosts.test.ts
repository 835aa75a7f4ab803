import { request } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { twilioSignatures } from '#adapters/carrier/twilio/signature';
import { veevo } from '#dialects/veevo/index';
import { voicex } from '#dialects/voicex/index';
import { type DialectHost, listenAlso } from '#http/dialect-hosts';
import { systemClock } from '#kernel/clock';
import { silentLog } from '#kernel/log';
import { type TestPlatform, testPlatform } from '#test/dialects/platform';
import { fixtureApp, freePort } from '#test/http/fixture';

const PUBLIC_URL = 'https://voice.example.com';
const VX = 'vx.example.com';
const VV = 'vv.example.com';
const HOSTS: readonly DialectHost[] = [
  { dialect: 'voicex', host: VX, port: null },
  { dialect: 'veevo', host: VV, port: null },
];

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Both dialects over one platform, each at the root of a Host of its own as well. */
async function start(options: { perMinute?: number; hosts?: readonly DialectHost[] } = {}) {
  const platform = await testPlatform();
  closing.push(() => platform.close());
  const { services, blobs } = platform;
  const shared = { services, signatures: twilioSignatures(null), hasRoom: () => true, publicUrl: PUBLIC_URL };
  const app = await fixtureApp({
    dialects: [voicex({ ...shared, blobs, clock: systemClock }), veevo({ ...shared, log: silentLog })],
    idempotency: services.idempotency,
    config: {
      publicUrl: PUBLIC_URL,
      rateLimitPerMinute: options.perMinute ?? null,
      dialectHosts: options.hosts ?? HOSTS,
    },
  });
  closing.push(() => app.close());
  return { platform, app };
}

async function member({ services }: TestPlatform) {
  const session = await services.accounts.signUp({
    name: 'Ann',
    email: 'ann@example.org',
    password: 'min8chars',
    orgName: 'Acme',
  });
  const { tenantId } = session.access.scope;
  await services.oversight.updateTenant(tenantId, { status: 'active', plan: 'enterprise' });
  const { secret } = await services.oversight.issueKey(tenantId, { form: 'vx' });
  return { token: session.token, key: secret };
}

interface Asked {
  host?: string;
  url: string;
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  payload?: string | object;
  from?: string;
}

const ask = (app: FastifyInstance, { host = 'voice.example.com', from, headers, ...rest }: Asked) =>
  app.inject({ ...rest, headers: { host, ...headers }, ...(from && { remoteAddress: from }) });

/** The same operation by its Host and by its prefix. */
const DOORS = [
  { host: VX, prefix: '' },
  { host: 'voice.example.com', prefix: '/voicex' },
];

describe('a dialect at the root of its Host', () => {
  it('answers its own paths, in its own words when something is wrong', async () => {
    const { app } = await start();
    expect((await ask(app, { host: VX, url: '/api/health' })).json()).toMatchObject({ status: 'ok' });
    expect((await ask(app, { host: VV, url: '/api/health' })).statusCode).toBe(404);
    for (const host of [VX, VV]) {
      const unknown = await ask(app, { host, url: '/api/none' });
      expect([unknown.statusCode, unknown.json()]).toEqual([404, { error: expect.any(String) }]);
      const malformed = await ask(app, {
        host,
        url: host === VX ? '/api/auth/signin' : '/api/auth/login',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        payload: '{"email":',
      });
      expect([malformed.statusCode, malformed.json()]).toEqual([400, { error: expect.any(String) }]);
    }
  });

  it('has its reference there', async () => {
    const { app } = await start();
    for (const [host, title] of [
      [VX, /Voicex/],
      [VV, /veevo/i],
    ] as const) {
      const document = (await ask(app, { host, url: '/openapi.json' })).json();
      expect(document.info.title).toMatch(title);
      const page = await ask(app, { host, url: '/docs/' });
      expect(page.headers['content-type']).toMatch(/html/);
      const [server] = document.servers;
      const paths = Object.entries(document.paths as Record<string, object>);
      const [path] = paths.find(([, methods]) => 'get' in methods)!;
      expect((await ask(app, { host, url: `${server.url}${path}` })).statusCode).not.toBe(404);
    }
  });

  it('one tenant’s credential opens both', async () => {
    const { app, platform } = await start();
    const { key } = await member(platform);
    const vx = await ask(app, {
      host: VX,
      url: '/api/dashboard/organization',
      headers: { 'x-api-key': key },
    });
    const vv = await ask(app, { host: VV, url: '/api/account', headers: { authorization: `Bearer ${key}` } });
    expect([vx.statusCode, vv.statusCode]).toEqual([200, 200]);
  });

  it('is listened for on a port of its own', async () => {
    const port = await freePort();
    const hosts = [{ dialect: 'voicex', host: 'localhost', port }];
    const { app } = await start({ hosts });
    await app.listen({ port: 0, host: '127.0.0.1' });
    await listenAlso(app, [port], '127.0.0.1');
    const body = await new Promise<string>((resolve, reject) => {
      const headers = { host: `localhost:${port}` };
      request({ port, host: '127.0.0.1', path: '/api/health', headers, agent: false }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      })
        .on('error', reject)
        .end();
    });
    expect(JSON.parse(body)).toMatchObject({ status: 'ok' });
  });
});

describe('limits, whichever door is taken', () => {
  it('X-07 a credential has one allowance for its Host, its prefix and the other dialect', async () => {
    const { app, platform } = await start({ perMinute: 6 });
    const { key } = await member(platform);
    for (let i = 0; i < 2; i++) {
      for (const { host, prefix } of DOORS) {
        const url = `${prefix}/api/dashboard/stats`;
        expect((await ask(app, { host, url, headers: { 'x-api-key': key } })).statusCode).toBe(200);
      }
      const bearer = { authorization: `Bearer ${key}` };
      expect((await ask(app, { host: VV, url: '/api/account', headers: bearer })).statusCode).toBe(200);
    }
    for (const { host, prefix } of [...DOORS, { host: VV, prefix: '' }]) {
      const url = host === VV ? '/api/account' : `${prefix}/api/dashboard/stats`;
      const headers: Record<string, string> =
        host === VV ? { authorization: `Bearer ${key}` } : { 'x-api-key': key };
      const refused = await ask(app, { host, url, headers });
      expect([refused.statusCode, refused.json()]).toEqual([429, { error: expect.any(String) }]);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    }
  });

  it.each([
    ['voicex', '/api/auth/signin', VX],
    ['veevo', '/api/auth/login', VV],
  ])('%s: ten wrong passwords for one address, over Host and prefix together', async (name, path, host) => {
    const { app, platform } = await start();
    await member(platform);
    const guess = (password: string, door: { host: string; url: string }) =>
      ask(app, { ...door, method: 'POST', payload: { email: 'ann@example.org', password } });
    const doors = [
      { host, url: path },
      { host: 'voice.example.com', url: `/${name}${path}` },
    ];
    for (let i = 0; i < 10; i++) expect((await guess(`wrong ${i}`, doors[i % 2]!)).statusCode).toBe(401);
    for (const door of doors) {
      const refused = await guess('min8chars', door);
      expect(refused.statusCode).toBe(429);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(refused.json()).toEqual({ error: expect.any(String) });
    }
  });

  it.each([
    [
      'x-api-key',
      (key: string) => ({ host: VX, url: '/api/dashboard/stats', headers: { 'x-api-key': key } }),
    ],
    [
      'bearer',
      (key: string) => ({ host: VV, url: '/api/account', headers: { authorization: `Bearer ${key}` } }),
    ],
    [
      'api_key of the webhook',
      (key: string) => ({
        host: VX,
        url: `/api/twilio/voice?api_key=${key}`,
        method: 'POST' as const,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: 'CallSid=CA1&From=%2B15559876543&To=%2B15551230000',
      }),
    ],
  ])('guessing keys as %s is stopped, for the guesser alone', async (_how, asked) => {
    const { app, platform } = await start({ perMinute: 10 });
    const { key } = await member(platform);
    const wrong = (i: number) => `vx_${String(i).padStart(48, '0')}`;
    const statuses: number[] = [];
    for (let i = 0; i < 7; i++)
      statuses.push((await ask(app, { ...asked(wrong(i)), from: '198.51.100.7' })).statusCode);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect((await ask(app, { ...asked(key), from: '203.0.113.9' })).statusCode).toBe(200);
  });

  it('behind a proxy it is the client who is counted, whatever Host the proxy was asked for', async () => {
    const { app } = await start({ perMinute: 2 });
    const from = async (client: string, door: (typeof DOORS)[number]) =>
      (
        await ask(app, {
          host: door.host,
          url: `${door.prefix}/api/health`,
          headers: { 'x-forwarded-for': client },
          from: '10.0.0.1',
        })
      ).statusCode;
    expect(await from('203.0.113.1', DOORS[0]!)).toBe(200);
    expect(await from('203.0.113.1', DOORS[1]!)).toBe(200);
    expect(await from('203.0.113.1', DOORS[0]!)).toBe(429);
    expect(await from('203.0.113.2', DOORS[0]!)).toBe(200);
  });
});
