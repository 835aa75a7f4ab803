import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GuardedHttp, guardedHttp } from '#adapters/fetch/guarded';
import type { CallProgress } from '#core/calls/progress';
import type { Services } from '#core/services';
import type { CallEvent } from '#engine/events';
import { systemClock } from '#kernel/clock';
import type { CallId, TurnId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';
import { documented } from '#test/core/backend';
import { callSteps } from '#test/core/call-steps';
import { openPlatform, type Platform } from '#test/core/platform';

interface Request {
  path: string;
  method: string;
  headers: IncomingHttpHeaders;
  body: string;
}

let p: Platform;
let http: GuardedHttp;
let services: Services;
let receiver: Server;
let origin: string;
let received: Request[];
/** What the receiver answers: a status, an address to redirect to, or nothing at all. */
let answers: (number | { status: number; location: string } | 'cut')[];

beforeAll(async () => {
  p = await openPlatform();
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      received.push({ path: request.url!, method: request.method!, headers: request.headers, body });
      const answer = answers.shift() ?? 200;
      if (answer === 'cut') request.socket.destroy();
      else if (typeof answer === 'number') response.writeHead(answer).end('thanks');
      else response.writeHead(answer.status, { location: answer.location }).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  origin = `http://127.0.0.1:${port}`;
  http = guardedHttp({ allow: [`127.0.0.1:${port}`] });
  // Receivers refuse signatures that are not of now.
  services = p.with({ urls: http, clock: systemClock });
});
beforeEach(() => {
  received = [];
  answers = [];
});
afterAll(async () => {
  await http.close();
  receiver.close();
  await p.close();
});

const { order } = callSteps(() => p);
const never = new AbortController().signal;

/** A tenant whose default assistant tells `url`, and a call of it that has begun. */
async function begun(url: string | null = `${origin}/ended`, nodeId = 'node-1') {
  const { scope } = await p.tenant('payg');
  const { id: agentId } = await services.assistants.create(scope, { name: 'Ann', endedWebhookUrl: url });
  const call = await services.lifecycle.begin(await order(scope, { assistantId: agentId }), {
    nodeId,
    carrierRef: null,
  });
  return {
    scope,
    agentId,
    callId: call.id,
    job: { tenantId: scope.tenantId, callId: call.id, url: url ?? '' },
  };
}

const MESSAGE = { toolCallId: 'tool 1', name: 'take_message' };

async function ended(url?: string) {
  const call = await begun(url);
  const events = [
    { type: 'call.started' },
    { type: 'turn.ended', text: 'Hi there', fromMs: 500, toMs: 900 },
    {
      type: 'agent.said',
      purpose: 'reply',
      text: 'Hello',
      fromMs: 1_000,
      toMs: 1_500,
      interrupted: true,
      unheardChars: 9,
    },
    { type: 'tool.called', ...MESSAGE, arguments: { message: 'Call me back.', name: 'Jo Doe' } },
    { type: 'tool.returned', ...MESSAGE, ok: true, result: { taken: true }, tookMs: 3 },
    { type: 'call.ended', reason: 'caller_hung_up', durationMs: 2_500 },
  ];
  await append(call.scope, call.callId, events);
  await services.lifecycle.finish(call.scope, call.callId, { reason: 'caller_hung_up', durationMs: 2_500 });
  return call;
}

const append = (scope: Scope, callId: CallId, events: readonly object[]) =>
  services.lifecycle.append(
    events.map((body, seq) => ({
      tenantId: scope.tenantId,
      event: { callId, seq, atMs: seq * 500, ...body } as CallEvent,
    })),
  );

const jobsOf = (callId: CallId) =>
  p.rows<{ key: string; max_attempts: number; waits: boolean }>(
    `select key, max_attempts, run_at > now() + interval '5 s' as waits from graphile_worker.jobs
     where key like '%' || $1 order by key`,
    [callId],
  );

describe('the webhook of an assistant', () => {
  it('takes public https addresses only, and those exempted', async () => {
    const { scope } = await p.tenant();
    for (const endedWebhookUrl of [
      'http://example.com/x',
      'https://10.0.0.1/x',
      'https://localhost/x',
      'x',
      '',
    ]) {
      const made = services.assistants.create(scope, { name: 'Ann', endedWebhookUrl });
      await expect(made).rejects.toMatchObject({ code: 'invalid', field: 'endedWebhookUrl' });
    }
    const agent = await services.assistants.create(scope, {
      name: 'Ann',
      endedWebhookUrl: 'https://example.com/calls?key=1',
    });
    expect(agent.endedWebhookUrl).toBe('https://example.com/calls?key=1');
    const cleared = await services.assistants.update(scope, agent.id, { endedWebhookUrl: null });
    expect(cleared.endedWebhookUrl).toBeNull();
    const kept = await services.assistants.update(scope, agent.id, { name: 'Bea' });
    expect(kept.endedWebhookUrl).toBeNull();
  });

  it('is to be told once of each end, however many end the call, and of none without an address', async () => {
    const call = await begun();
    await Promise.all(
      [1, 2, 3].map(() =>
        services.lifecycle.finish(call.scope, call.callId, { reason: 'idle', durationMs: 9 }),
      ),
    );
    expect(await jobsOf(call.callId)).toEqual([
      { key: `call-webhook:${call.callId}`, max_attempts: 12, waits: true },
      { key: `post-call:${call.callId}`, max_attempts: 8, waits: false },
    ]);
    const quiet = await begun(null);
    await services.lifecycle.finish(quiet.scope, quiet.callId, { reason: 'idle', durationMs: 9 });
    expect((await jobsOf(quiet.callId)).map(({ key }) => key)).toEqual([`post-call:${quiet.callId}`]);
  });

  it('waits for the analysis of the call, and goes out as soon as it is there', async () => {
    const { scope, callId } = await ended();
    const analysis = { summary: 'A greeting.', sentiment: null, disposition: null, extracted: {} };
    await services.lifecycle.saveAnalysis(scope, callId, analysis);
    expect(await jobsOf(callId)).toMatchObject([{ waits: false }, {}]);
    await p.rows(
      "select graphile_worker.complete_jobs(array(select id from graphile_worker.jobs where key like 'call-webhook:' || $1))",
      [callId],
    );
    await services.lifecycle.saveAnalysis(scope, callId, analysis);
    expect((await jobsOf(callId)).map(({ key }) => key)).toEqual([`post-call:${callId}`]);
  });
});

describe('a delivery', () => {
  it('is the documented body, signed as Standard Webhooks are, and made once', async () => {
    const { scope, agentId, callId, job } = await ended();
    await services.webhooks.deliver(job, never);
    await services.webhooks.deliver(job, never);
    expect(received).toHaveLength(1);
    const [{ body, headers, method, path }] = received as [Request];
    expect({ method, path }).toEqual({ method: 'POST', path: '/ended' });
    const verifier = new Webhook(services.webhooks.signingSecret(scope));
    const event = verifier.verify(body, headers as Record<string, string>);
    expect(() => verifier.verify(`${body} `, headers as Record<string, string>)).toThrow();
    expect(event).toMatchObject({
      type: 'call.ended',
      data: {
        callId,
        agentId,
        callSid: 'CA00000000000000000000000000000001',
        from: '+15559876543',
        to: '+15551234567',
        durationSec: 2.5,
        endReason: 'caller_hung_up',
        status: 'completed',
        recordingUrl: null,
        summary: null,
        transcript: [
          { role: 'user', text: 'Hi there', atMs: 500 },
          { role: 'assistant', text: 'Hello', interrupted: true },
          { role: 'tool', text: expect.stringContaining('take_message') },
        ],
        messages: [{ text: 'Call me back.', name: 'Jo Doe', phone: '+15559876543' }],
      },
    });
    const validate = await documented('call-ended');
    expect(validate(event), JSON.stringify(validate.errors)).toBe(true);
    const { properties } = validate.schema as { properties: { data: { required: string[] } } };
    expect(Object.keys((event as { data: object }).data).sort()).toEqual(
      [...properties.data.required].sort(),
    );
    expect(await services.webhooks.deliveries(scope, callId)).toMatchObject([
      {
        webhookId: headers['webhook-id'],
        attempt: 1,
        status: 200,
        failure: null,
        host: new URL(origin).host,
      },
    ]);
  });

  it('that is not taken is tried again under the same id, each try in the log', async () => {
    const { scope, callId, job } = await ended();
    answers = [500, 'cut', 410, 204];
    for (let failing = 0; failing < 3; failing++) {
      const tried = services.webhooks.deliver(job, never);
      await expect(tried).rejects.toMatchObject({ code: 'upstream' });
    }
    await services.webhooks.deliver(job, never);
    const ids = new Set(received.map(({ headers }) => headers['webhook-id']));
    expect({ requests: received.length, ids: ids.size }).toEqual({ requests: 4, ids: 1 });
    const tries = await services.webhooks.deliveries(scope, callId);
    expect(tries.map(({ attempt, status }) => [attempt, status])).toEqual([
      [1, 500],
      [2, null],
      [3, 410],
      [4, 204],
    ]);
    expect(tries.map(({ failure }) => failure)).toEqual([
      'The receiver answered 500.',
      'The address did not answer.',
      'The receiver answered 410.',
      null,
    ]);
    expect(tries.every(({ endedAt }) => endedAt !== null)).toBe(true);
  });

  it('follows redirects that keep the body, to where the guard lets it', async () => {
    const { job } = await ended();
    answers = [{ status: 307, location: '/moved' }, 200];
    await services.webhooks.deliver(job, never);
    expect(received.map(({ path, method }) => `${method} ${path}`)).toEqual(['POST /ended', 'POST /moved']);
    expect(received[1]!.body).toBe(received[0]!.body);
    for (const answer of [
      { status: 302, location: '/moved' },
      { status: 307, location: 'http://10.0.0.1/' },
      { status: 308, location: 'http://127.0.0.1:1/' },
    ]) {
      const { scope, callId, job: next } = await ended();
      received = [];
      answers = [answer];
      await expect(services.webhooks.deliver(next, never)).rejects.toMatchObject({
        code: 'upstream',
      });
      expect(received).toHaveLength(1);
      expect(await services.webhooks.deliveries(scope, callId)).toMatchObject([
        { failure: expect.any(String) },
      ]);
    }
  });

  it('stands in the log for thirty days', async () => {
    const { scope, callId, job } = await ended();
    await services.webhooks.deliver(job, never);
    const day = 24 * 3_600_000;
    const inDays = (days: number) =>
      p.with({ urls: http, clock: { ...systemClock, nowMs: () => systemClock.nowMs() + days * day } });
    await inDays(29).webhooks.sweep();
    expect(await services.webhooks.deliveries(scope, callId)).toHaveLength(1);
    expect(await inDays(31).webhooks.sweep()).toBeGreaterThan(0);
    expect(await services.webhooks.deliveries(scope, callId)).toEqual([]);
  });

  it('goes where the assistant says now; of a deleted one, where it said last', async () => {
    const moved = await ended();
    await services.assistants.update(moved.scope, moved.agentId, { endedWebhookUrl: `${origin}/new` });
    await services.webhooks.deliver(moved.job, never);
    const off = await ended();
    await services.assistants.update(off.scope, off.agentId, { endedWebhookUrl: null });
    await services.webhooks.deliver(off.job, never);
    expect(await services.webhooks.deliveries(off.scope, off.callId)).toEqual([]);
    const gone = await ended(`${origin}/last`);
    await services.assistants.remove(gone.scope, gone.agentId);
    await services.webhooks.deliver(gone.job, never);
    expect(received.map(({ path }) => path)).toEqual(['/new', '/last']);
  });

  it('that the stopping of the server cuts off is known as such', async () => {
    const { scope, callId, job } = await ended();
    await expect(services.webhooks.deliver(job, AbortSignal.abort())).rejects.toThrow();
    expect(await services.webhooks.deliveries(scope, callId)).toMatchObject([
      { status: null, failure: 'The server was stopping.' },
    ]);
  });

  it('is nobody else’s to see', async () => {
    const { callId } = await ended();
    const stranger = await p.tenant();
    for (const id of [callId, 'call_x'])
      await expect(services.webhooks.deliveries(stranger.scope, id)).rejects.toMatchObject({
        code: 'not_found',
      });
  });
});

describe('a call whose node died', () => {
  const note = (call: { scope: Scope; callId: CallId }, over: Partial<CallProgress>): CallProgress => ({
    callId: call.callId,
    tenantId: call.scope.tenantId,
    afterSeq: 0,
    atMs: 4_000,
    said: null,
    heard: null,
    ...over,
  });

  it('ends with the words that were being spoken, and tells of it', async () => {
    const call = await begun(undefined, 'dead-1');
    await append(call.scope, call.callId, [{ type: 'call.started' }]);
    const turnId = 'turn_a' as TurnId;
    const said = { purpose: 'opening', text: 'Hello, this', fromMs: 100, turnId };
    await services.lifecycle.noteProgress([note(call, { atMs: 300, said: { ...said, text: 'Hello,' } })]);
    await services.lifecycle.noteProgress([note(call, { said, heard: { text: 'I would like' } })]);
    const salvaged: string[] = [];
    await services.lifecycle.recoverOrphans('dead-1', async (callId) => {
      salvaged.push(callId);
      return 'recordings/saved.wav';
    });
    expect(salvaged).toEqual([call.callId]);
    const stored = await services.calls.get(call.scope, call.callId);
    expect(stored).toMatchObject({
      status: 'failed',
      durationMs: 4_000,
      recordingKey: 'recordings/saved.wav',
    });
    expect(stored.transcript).toEqual([
      { role: 'assistant', text: 'Hello, this', atMs: 100, endMs: 4_000, turnId, interrupted: true },
      { role: 'user', text: 'I would like', atMs: 4_000, endMs: 4_000, turnId: null, interrupted: false },
    ]);
    expect((await jobsOf(call.callId)).map(({ key }) => key)).toEqual([
      `call-webhook:${call.callId}`,
      `post-call:${call.callId}`,
    ]);
    expect(await p.rows('select * from call_progress where call_id = $1', [call.callId])).toEqual([]);
    expect(await services.lifecycle.recoverOrphans('dead-1')).toEqual([]);
  });

  it('does not repeat words that its log has, and keeps the end that was logged', async () => {
    const call = await begun(undefined, 'dead-2');
    await append(call.scope, call.callId, [
      { type: 'call.started' },
      {
        type: 'agent.said',
        purpose: 'opening',
        text: 'Hello, this is Ann.',
        fromMs: 100,
        toMs: 2_000,
        interrupted: false,
        unheardChars: 0,
      },
      { type: 'turn.ended', text: 'Bye', fromMs: 2_500, toMs: 3_000 },
      { type: 'call.ended', reason: 'caller_hung_up', durationMs: 3_100 },
    ]);
    const said = { purpose: 'opening', text: 'Hello,', fromMs: 100 };
    await services.lifecycle.noteProgress([note(call, { said, heard: { text: 'By' } })]);
    await services.lifecycle.recoverOrphans('dead-2');
    const stored = await services.calls.get(call.scope, call.callId);
    expect(stored).toMatchObject({ status: 'completed', endReason: 'caller_hung_up', durationMs: 3_100 });
    expect(stored.transcript.map(({ text }) => text)).toEqual(['Hello, this is Ann.', 'Bye']);
  });

  it('takes no more notes once it has ended', async () => {
    const call = await ended();
    await services.lifecycle.noteProgress([note(call, {})]);
    expect(await p.rows('select * from call_progress where call_id = $1', [call.callId])).toEqual([]);
  });
});
