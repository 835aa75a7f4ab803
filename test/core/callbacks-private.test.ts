import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GuardedHttp, guardedHttp, type Resolve } from '#adapters/fetch/guarded';
import { readAnswer } from '#core/callbacks/answer';
import { NO_CALLBACKS } from '#core/callbacks/callbacks';
import { checkCallbacks } from '#core/callbacks/check-callbacks';
import type { Services } from '#core/services';
import type { ToolContext } from '#engine/ports';
import { systemClock } from '#kernel/clock';
import { newId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';
import { httpTool } from '#runtime/tools/http-tool';
import { type Backend, openBackend, says } from '#test/core/backend';
import { inbound, NODE } from '#test/core/call-steps';
import { openPlatform, type Platform } from '#test/core/platform';

let p: Platform;
let backend: Backend;
let scope: Scope;
/** Something inside that must never be reached: it counts who connects, whatever they say. */
let inner: Server;
let port: number;
let connections = 0;
const opened: GuardedHttp[] = [];

beforeAll(async () => {
  p = await openPlatform();
  backend = await openBackend();
  inner = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', resolve));
  ({ port } = inner.address() as { port: number });
  ({ scope } = await p.tenant('payg'));
});
beforeEach(() => {
  backend.asked.length = 0;
  backend.replies = [];
});
afterAll(async () => {
  await Promise.all(opened.map((http) => http.close()));
  inner.close();
  await backend.close();
  await p.close();
});

/** The platform with a resolver of the test's own; the backend alone is on the allow list. */
function platform(resolve?: Resolve): { services: Services; http: GuardedHttp } {
  const http = guardedHttp({ allow: [backend.host], ...(resolve ? { resolve } : {}) });
  opened.push(http);
  return { http, services: p.with({ urls: http, clock: systemClock }) };
}

const never = new AbortController().signal;

/** Asks `url` about a call: what was made of it, and how the tries ended by the log. */
async function asked(services: Services, url: string) {
  const callId = newId('call');
  const { carrierRef: callSid, ...facts } = inbound();
  const answer = await services.callbacks.ask(scope, {
    ...facts,
    callId,
    callSid,
    startedAt: new Date(),
    callbacks: { ...NO_CALLBACKS, startUrl: url },
    metadata: {},
    variables: {},
  });
  const { items } = await services.callbacks.deliveries(scope, { call: callId });
  return { answer, failures: items.map(({ failure }) => failure).reverse() };
}

/** Ends a call whose backend is told at `url`, and tells it: how that ended by the log. */
async function told(services: Services, url: string): Promise<string | null | undefined> {
  const callbacks = { ...NO_CALLBACKS, endUrl: url };
  const { token } = await services.admission.admit(scope, inbound({ callbacks }));
  const { id: callId } = await services.lifecycle.begin(await services.admission.redeem(token), NODE);
  await services.lifecycle.finish(scope, callId, { reason: 'idle', durationMs: 1_000 });
  const order = { tenantId: scope.tenantId, callId, url, toBackend: true } as const;
  await expect(services.webhooks.deliver(order, never)).rejects.toMatchObject({ code: 'upstream' });
  return (await services.callbacks.deliveries(scope, { call: callId })).items[0]?.failure;
}

/** Ways to write addresses inside, `PORT` being where something listens. */
const LITERALS = [
  'https://127.0.0.1:PORT/',
  'https://127.1:PORT/',
  'https://2130706433:PORT/',
  'https://0x7f000001:PORT/',
  'https://0x7f.1:PORT/',
  'https://0177.0.0.1:PORT/',
  'https://①②⑦.⓪.⓪.①:PORT/',
  'https://0.0.0.0:PORT/',
  'https://[::1]:PORT/',
  'https://[::]:PORT/',
  'https://[::ffff:127.0.0.1]:PORT/',
  'https://[::ffff:7f00:1]:PORT/',
  'https://[64:ff9b::7f00:1]:PORT/',
  'https://localhost:PORT/',
  'https://LOCALHOST.:PORT/',
  'https://api.localhost:PORT/',
  'https://10.1.2.3/',
  'https://172.16.0.1/',
  'https://192.168.1.1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://2852039166/latest/meta-data/',
  'https://100.64.0.1/',
  'https://[fd00:ec2::254]/',
  'https://[fe80::1]/',
  'https://metadata.google.internal/',
  'http://example.com/',
  'http://127.0.0.1:PORT/',
  'https://user:pass@example.com/',
  'ftp://example.com/',
];

/** What a name of a tenant's choosing may resolve to. */
const INSIDE = [
  '127.0.0.1',
  '127.8.9.1',
  '0.0.0.0',
  '10.1.2.3',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '198.18.0.1',
  '::1',
  '::ffff:127.0.0.1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  'fd00::1',
  'fe80::1',
];

const family = (address: string) => (address.includes(':') ? 6 : 4);

describe('V-20 an address inside, however it is written', () => {
  it.each(LITERALS)('%s is refused when it is given, as callback and as a tool’s', (literal) => {
    const { http } = platform();
    const url = literal.replace('PORT', String(port));
    for (const field of ['startUrl', 'endUrl', 'errorUrl'] as const) {
      const given = () => checkCallbacks(http, { ...NO_CALLBACKS, [field]: url });
      expect(given).toThrow(
        expect.objectContaining({ code: 'invalid', field: expect.stringContaining(field) }),
      );
    }
    const answered = () => readAnswer(JSON.stringify({ tools: [{ name: 'stock', url }] }), http);
    expect(answered).toThrow(expect.objectContaining({ code: 'invalid', field: 'tools[0].url' }));
  });

  it('is refused as the address of an assistant’s tool, and of one that a backend names for a call', async () => {
    const { services } = platform();
    const url = `https://0x7f.1:${port}/`;
    const tool = {
      name: 'stock',
      description: '',
      parameters: { type: 'object' },
      method: 'GET',
      url,
      headers: {},
      timeoutMs: 1_000,
      whenInterrupted: 'abort',
    } as const;
    const made = services.assistants.create(scope, { name: 'Bot', tools: { http: [tool] } });
    await expect(made).rejects.toMatchObject({ code: 'invalid', field: 'tools.http[0].url' });
    backend.replies = [says(200, { tools: [{ name: 'stock', url }] })];
    expect((await asked(services, `${backend.origin}/start`)).answer).toEqual({ does: 'go on' });
  });

  it('is not asked either, should one be stored', async () => {
    const { services } = platform();
    for (const literal of LITERALS) {
      const { answer, failures } = await asked(services, literal.replace('PORT', String(port)));
      expect(answer).toEqual({ does: 'go on' });
      for (const failure of failures) expect(failure, literal).toMatch(/must/);
    }
    expect(await told(services, `https://127.0.0.1:${port}/`)).toBe('The address must be public.');
    expect(connections).toBe(0);
  });
});

describe('V-20 a name that leads inside', () => {
  it('is refused when it is asked, whatever it resolves to', async () => {
    for (const address of INSIDE) {
      const { services } = platform(async () => [{ address, family: family(address) }]);
      const { answer, failures } = await asked(services, `https://backend.example:${port}/`);
      expect({ answer, failure: failures.at(-1) }, address).toEqual({
        answer: { does: 'go on' },
        failure: 'The address must be public.',
      });
    }
    const { services } = platform(async () => [{ address: '127.0.0.1', family: 4 }]);
    expect(await told(services, `https://backend.example:${port}/`)).toBe('The address must be public.');
    expect(connections).toBe(0);
  });

  it('gains nothing by answering first with a public address and then with one inside', async () => {
    const given: string[] = [];
    // A block that nobody has been given: public by its number, and nobody is there.
    const addresses = ['2e00::1', '127.0.0.1'];
    const { services } = platform(async () => {
      const address = addresses[Math.min(given.length, 1)]!;
      given.push(address);
      return [{ address, family: family(address) }];
    });
    const url = `https://rebind.example:${port}/`;
    const failures: (string | null)[] = [];
    while (given.length < 2) failures.push(...(await asked(services, url)).failures);
    expect([...new Set(given)]).toEqual(addresses);
    expect(failures.at(-1)).toBe('The address must be public.');
    expect(await told(services, url)).toBe('The address must be public.');
    expect(connections).toBe(0);
  });

  it('is never connected to, among others that are public', async () => {
    const { http } = platform(async () => [
      { address: '127.0.0.1', family: 4 },
      { address: '2e00::1', family: 6 },
    ]);
    const request = { method: 'GET', headers: {}, body: null, timeoutMs: 300, maxResponseBytes: 9 } as const;
    const answer = http.fetch({ ...request, url: `https://both.example:${port}/` }, never);
    await expect(answer).rejects.toMatchObject({ code: 'upstream' });
    expect(connections).toBe(0);
  });

  it('is refused to a tool in a call', async () => {
    const { http } = platform(async () => [{ address: '127.0.0.1', family: 4 }]);
    const spec = {
      name: 'stock',
      description: '',
      parameters: { type: 'object', properties: {} },
      method: 'GET',
      url: `https://shop.example:${port}/stock`,
      headers: { 'x-key': 'k' },
      timeoutMs: 1_000,
      whenInterrupted: 'abort',
    } as const;
    const tool = httpTool(spec, { http, clock: systemClock, signingSecret: 'whsec_c2VjcmV0', variables: {} });
    const context = { callId: newId('call'), idempotencyKey: 'once' } as ToolContext;
    expect(await tool.run({}, context, never)).toEqual({
      ok: false,
      result: { error: 'The address must be public.' },
    });
    expect(connections).toBe(0);
  });
});

describe('V-20 a redirect that leads inside', () => {
  it('is refused, at the start and at the end of a call', async () => {
    const { services } = platform(async () => [{ address: '127.0.0.1', family: 4 }]);
    for (const location of [
      `http://127.0.0.1:${port}/`,
      `https://2130706433:${port}/`,
      `https://rebind.example:${port}/`,
      `//127.0.0.1:${port}/`,
    ]) {
      const redirect = says(307, '', { location });
      backend.replies = [redirect, redirect];
      const { answer, failures } = await asked(services, `${backend.origin}/start`);
      expect(answer).toEqual({ does: 'go on' });
      expect(failures.at(-1), location).toMatch(/must be/);
      backend.replies = [redirect];
      expect(await told(services, `${backend.origin}/end`), location).toMatch(/must be/);
    }
    expect(connections).toBe(0);
  });
});

describe('the allow list', () => {
  it('exempts its pairs of host and port, and no others of the host', async () => {
    const { services } = platform();
    backend.replies = [says(200, { firstMessage: 'Hello' })];
    const { answer, failures } = await asked(services, `${backend.origin}/start`);
    expect({ does: answer.does, failures }).toEqual({ does: 'brief', failures: [null] });
    expect((await asked(services, `http://127.0.0.1:${port}/`)).failures[0]).toMatch(/must be/);
    expect(connections).toBe(0);
  });
});
