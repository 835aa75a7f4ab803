import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import type { HttpTool } from '#core/assistants/assistant';
import type { OutboundHttp, OutboundRequest, OutboundResponse } from '#core/ports';
import type { ToolContext } from '#engine/ports';
import { DomainError } from '#kernel/errors';
import { newId } from '#kernel/ids';
import { ManualClock } from '#test/support/manual-clock';
import { httpTool } from './http-tool.ts';

const SECRET = `whsec_${Buffer.from('a secret of the tenant').toString('base64')}`;
const context: ToolContext = {
  callId: newId('call'),
  turnId: newId('turn'),
  idempotencyKey: 'call_1:turn_1:0',
};
const never = new AbortController().signal;

const SPEC: HttpTool = {
  name: 'check_stock',
  description: 'How many are left',
  parameters: { type: 'object', properties: { item: { type: 'string' } }, required: ['item'] },
  method: 'GET',
  url: 'https://shop.example/stock',
  headers: {},
  timeoutMs: 3_000,
  whenInterrupted: 'abort',
};

type Answer = Partial<OutboundResponse> | Error;

function server(...answers: Answer[]) {
  const requests: OutboundRequest[] = [];
  const clock = new ManualClock({ startMs: Date.now() });
  const http: OutboundHttp = {
    checkUrl() {},
    async fetch(request) {
      requests.push(request);
      const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
      queueMicrotask(() => clock.advance(400));
      if (answer instanceof Error) throw answer;
      return { status: 200, headers: {}, body: '', ...answer };
    },
  };
  const run = async (spec: Partial<HttpTool>, args = {}, variables = {}) => {
    const pending = httpTool({ ...SPEC, ...spec }, { http, clock, signingSecret: SECRET, variables }).run(
      args,
      context,
      never,
    );
    const passing = setInterval(() => clock.advance(500), 1);
    return pending.finally(() => clearInterval(passing));
  };
  return { requests, run, clock };
}

const down = () => new DomainError('upstream', 'The address did not answer.');

describe('the request', () => {
  test('GET puts parameters into path and query, percent-encoded', async () => {
    const { run, requests } = server({ body: '{}' });
    await run(
      { url: 'https://shop.example/items/{{item}}/stock?lang={{lang}}' },
      { item: 'a/b c?', colour: 'red & blue', none: null },
      { lang: 'en' },
    );
    expect(requests[0]).toMatchObject({
      method: 'GET',
      url: 'https://shop.example/items/a%2Fb%20c%3F/stock?lang=en&colour=red+%26+blue',
      body: null,
    });
  });

  test('POST sends all parameters as JSON; headers take variables and parameters', async () => {
    const { run, requests } = server({ body: '{}' });
    await run(
      { method: 'POST', headers: { Authorization: 'Bearer {{token}}', 'X-Item': '{{item}}' } },
      { item: 'tea\r\nevil: 1', nested: { a: [1] } },
      { token: 't0k' },
    );
    expect(requests[0]?.headers).toMatchObject({
      authorization: 'Bearer t0k',
      'x-item': 'tea evil: 1',
      'content-type': 'application/json',
    });
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({ item: 'tea\r\nevil: 1', nested: { a: [1] } });
  });

  test('is signed so that a Standard Webhooks library accepts it, and carries the idempotency key', async () => {
    const { run, requests } = server({ body: '{}' });
    await run({ method: 'POST' }, { item: 'tea' });
    const { headers, body } = requests[0]!;
    expect(headers['idempotency-key']).toBe(context.idempotencyKey);
    expect(headers['x-call-id']).toBe(context.callId);
    expect(new Webhook(SECRET).verify(body!, headers)).toEqual({ item: 'tea' });
    expect(() => new Webhook(SECRET).verify(`${body} `, headers)).toThrow();
  });

  test('the tenant may not override the signature', async () => {
    const { run, requests } = server({ body: '{}' });
    await run({ headers: { 'Webhook-Signature': 'v1,forged' } }, {});
    expect(requests[0]?.headers['webhook-signature']).not.toContain('forged');
  });

  test('a parameter can neither climb out of its path nor name the host; a variable can', async () => {
    const { run, requests } = server({ body: '{}' });
    expect(await run({ url: 'https://shop.example/a/{{item}}/b' }, { item: '..' })).toMatchObject({
      ok: false,
    });
    expect(await run({ url: 'https://{{host}}/x' }, { host: 'evil.example' })).toMatchObject({ ok: false });
    expect(requests).toEqual([]);
    await run({ url: '{{root}}/x/{{item}}' }, { item: 'tea' }, { root: 'https://api.example' });
    expect(requests[0]?.url).toBe('https://api.example/x/tea');
  });
});

describe('the answer', () => {
  test.each([
    [{ body: '{"left": 3}' }, { ok: true, result: { left: 3 } }],
    [{ body: ' three left ' }, { ok: true, result: 'three left' }],
    [{ status: 204 }, { ok: true, result: '' }],
    [{ status: 404 }, { ok: false, result: { error: 'The service answered with status 404.' } }],
    [
      { status: 422, body: '{"why":"no such item"}' },
      { ok: false, result: { answer: { why: 'no such item' } } },
    ],
  ])('%j', async (answer, expected) => {
    expect(await server(answer).run({ method: 'POST' })).toMatchObject(expected);
  });

  test('a long one is cut', async () => {
    const { run, requests } = server({ body: 'x'.repeat(50_000) });
    const outcome = await run({});
    expect(outcome).toMatchObject({ ok: true, result: { truncated: true } });
    expect(JSON.stringify(outcome.result).length).toBeLessThan(13_000);
    expect(requests[0]?.maxResponseBytes).toBe(65_536);
  });
});

describe('tries', () => {
  test('GET is tried again on no answer and on 503', async () => {
    const { run, requests } = server(down(), { status: 503 }, { body: '"here"' });
    expect(await run({})).toEqual({ ok: true, result: 'here' });
    expect(requests).toHaveLength(3);
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    expect(requests[2]!.timeoutMs).toBeLessThan(requests[0]!.timeoutMs);
  });

  test('POST is tried again when no answer came, never on an answer', async () => {
    const lost = server(down(), { body: '"done"' });
    expect(await lost.run({ method: 'POST' })).toEqual({ ok: true, result: 'done' });
    const busy = server({ status: 503 }, { body: '"done"' });
    expect(await busy.run({ method: 'POST' })).toMatchObject({ ok: false });
    expect(busy.requests).toHaveLength(1);
  });

  test('a forbidden address is not tried again, and the model is told', async () => {
    const { run, requests } = server(new DomainError('invalid', 'The address must be public.'));
    expect(await run({})).toEqual({ ok: false, result: { error: 'The address must be public.' } });
    expect(requests).toHaveLength(1);
  });

  test('gives up after three, and at its time limit', async () => {
    const three = server(down());
    expect(await three.run({ timeoutMs: 60_000 })).toMatchObject({ ok: false });
    expect(three.requests).toHaveLength(3);
    const short = server(down());
    expect(await short.run({ timeoutMs: 500 })).toMatchObject({
      ok: false,
      result: { error: expect.stringMatching(/in time/) },
    });
    expect(short.requests).toHaveLength(1);
  });

  test('an abort ends it without another try', async () => {
    const stop = new AbortController();
    const requests: OutboundRequest[] = [];
    const http: OutboundHttp = {
      checkUrl() {},
      async fetch(request) {
        requests.push(request);
        stop.abort();
        throw stop.signal.reason;
      },
    };
    const tool = httpTool(SPEC, { http, clock: new ManualClock(), signingSecret: 's', variables: {} });
    expect(await tool.run({}, context, stop.signal)).toMatchObject({ ok: false });
    expect(requests).toHaveLength(1);
  });
});
