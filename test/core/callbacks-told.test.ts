import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GuardedHttp, guardedHttp } from '#adapters/fetch/guarded';
import type { Callbacks } from '#core/callbacks/callbacks';
import type { EndReason } from '#core/calls/log-entry';
import { JOBS, type JobPayloads } from '#core/jobs';
import type { Services } from '#core/services';
import type { CallEvent } from '#engine/events';
import { systemClock } from '#kernel/clock';
import { type CallId, newId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';
import { type Backend, documented, hangsUp, openBackend, says } from '#test/core/backend';
import { inbound, NODE } from '#test/core/call-steps';
import { openPlatform, type Platform } from '#test/core/platform';

type Order = JobPayloads['call-webhook'];

let p: Platform;
let backend: Backend;
let http: GuardedHttp;
let services: Services;
let scope: Scope;
let callbacks: Callbacks;

beforeAll(async () => {
  p = await openPlatform();
  backend = await openBackend();
  http = guardedHttp({ allow: [backend.host] });
  // Receivers refuse signatures that are not of now.
  services = p.with({ urls: http, clock: systemClock });
  ({ scope } = await p.tenant('payg'));
  const at = (path: string) => `${backend.origin}${path}?key=secret`;
  callbacks = { startUrl: at('/start'), endUrl: at('/end'), errorUrl: at('/error') };
});
beforeEach(() => {
  backend.asked.length = 0;
  backend.replies = [];
});
afterAll(async () => {
  await http.close();
  await backend.close();
  await p.close();
});

const never = new AbortController().signal;

/** What is waiting to be told of a call. */
const waiting = (callId: CallId) =>
  p.rows<{ key: string; payload: Order; waits: boolean }>(
    `select j.key, j.payload, j.run_at > now() + interval '5 s' as waits from graphile_worker._private_jobs j
     where j.key like 'call-webhook:%' and j.key like '%' || $1 || '%' order by j.key`,
    [callId],
  );

async function begun(over: object = {}): Promise<CallId> {
  const request = inbound({ callbacks, metadata: { order: 7 }, variables: { shop: 'Acme' }, ...over });
  const order = await services.admission.redeem((await services.admission.admit(scope, request)).token);
  return (await services.lifecycle.begin(order, NODE)).id;
}

async function append(callId: CallId, events: readonly object[], from = 0): Promise<void> {
  const { tenantId } = scope;
  const lines = events.map(
    (body, at) => ({ callId, seq: from + at, atMs: (from + at) * 500, ...body }) as CallEvent,
  );
  await services.lifecycle.append(lines.map((event) => ({ tenantId, event })));
}

const STAGES = { endpointMs: 350, sttMs: 5, llmFirstTokenMs: 20, ttsFirstByteMs: 30, playMs: 5 };

/** A call of 61.5 s in which something was said. */
async function ended(over: object = {}, reason: EndReason = 'caller_hung_up'): Promise<CallId> {
  const callId = await begun(over);
  await append(callId, [
    { type: 'call.started' },
    { type: 'turn.ended', text: 'Hi there', fromMs: 500, toMs: 900, turnId: 'turn_a' },
    { type: 'turn.latency', voiceToVoiceMs: 410, stages: STAGES, turnId: 'turn_a' },
    {
      type: 'agent.said',
      purpose: 'reply',
      text: 'Hello',
      fromMs: 1_310,
      toMs: 1_800,
      interrupted: true,
      unheardChars: 9,
    },
    { type: 'agent.interrupted', resumed: false },
    { type: 'call.ended', reason, durationMs: 61_500 },
  ]);
  await services.lifecycle.finish(scope, callId, { reason, durationMs: 61_500 });
  return callId;
}

/** The order that the backend be told of a call's end. */
async function endOf(callId: CallId): Promise<Order> {
  const order = (await waiting(callId)).find(({ payload }) => payload.toBackend);
  if (!order) throw new Error('nobody is told');
  return order.payload;
}

/** The one event that came at a path, its signature and its schema checked. */
async function told(path: string, schema: string) {
  const [one, ...more] = backend.asked.filter((asked) => asked.path === `${path}?key=secret`);
  expect(more).toEqual([]);
  const verifier = new Webhook(services.webhooks.signingSecret(scope));
  const event = verifier.verify(one!.body, one!.headers as Record<string, string>);
  const validate = await documented(schema);
  expect(validate(event), JSON.stringify(validate.errors)).toBe(true);
  const { properties } = validate.schema as { properties: { data: { required: string[] } } };
  const { data } = event as { data: Record<string, unknown> };
  // What is not documented is not told.
  expect(Object.keys(data).sort()).toEqual([...properties.data.required].sort());
  return { data, webhookId: one!.headers['webhook-id'] };
}

describe('V-45 the end callback', () => {
  it('tells all there is to know of the call, once, signed and as documented', async () => {
    const callId = await ended();
    const order = await endOf(callId);
    const analysis = {
      summary: 'A greeting.',
      sentiment: 'positive',
      disposition: 'done',
      extracted: { name: 'Jo' },
    } as const;
    await services.lifecycle.saveAnalysis(scope, callId, analysis);
    await services.webhooks.deliver(order, never);
    await services.webhooks.deliver(order, never);
    const { data, webhookId } = await told('/end', 'call-ended');
    expect(webhookId).toBe(`callback_ended_${callId}`);
    expect(data).toMatchObject({
      callId,
      callSid: 'CA00000000000000000000000000000001',
      direction: 'inbound',
      from: '+15559876543',
      to: '+15551234567',
      status: 'completed',
      endReason: 'caller_hung_up',
      durationSec: 61.5,
      transcript: [
        { role: 'user', text: 'Hi there' },
        { role: 'assistant', text: 'Hello', interrupted: true },
      ],
      ...analysis,
      latency: {
        voiceToVoiceMs: { p50: 410, p95: 410 },
        turns: [{ turnId: 'turn_a', voiceToVoiceMs: 410, stages: STAGES }],
        interruptions: 1,
      },
      recordingUrl: null,
      metadata: { order: 7 },
      variables: { shop: 'Acme' },
    });
    const [usage] = await p.rows<{ cost: string }>(
      "select cost_micros as cost from usage_rows where call_id = $1 and component = 'call'",
      [callId],
    );
    // 62 s at 5 cents a minute.
    expect(data.cost).toEqual({ currency: 'USD', total: 0.051667, billedSec: 62, vendors: 0 });
    expect(Number(usage!.cost)).toBe(51_667);
  });

  it('waits for the analysis and goes out with it, beside the webhook of the assistant', async () => {
    const assistant = await services.assistants.create(scope, {
      name: 'Ann',
      endedWebhookUrl: `${backend.origin}/assistant?key=secret`,
    });
    const callId = await ended({ assistantId: assistant.id });
    const before = await waiting(callId);
    expect(before.map(({ key, waits }) => [key, waits])).toEqual([
      [`call-webhook:backend:${callId}`, true],
      [`call-webhook:${callId}`, true],
    ]);
    const analysis = { summary: null, sentiment: null, disposition: null, extracted: {} };
    await services.lifecycle.saveAnalysis(scope, callId, analysis);
    expect((await waiting(callId)).map(({ waits }) => waits)).toEqual([false, false]);
    for (const { payload } of before) await services.webhooks.deliver(payload, never);
    const [end, webhook] = [await told('/end', 'call-ended'), await told('/assistant', 'call-ended')];
    expect(end.data).toEqual(webhook.data);
    expect(end.webhookId).not.toBe(webhook.webhookId);
    await services.assistants.remove(scope, assistant.id);
  });

  it.each(['rejected', 'busy', 'no_answer', 'failed'] as const)(
    'tells of a call that was %s before any media',
    async (reason) => {
      const { id: assistantId, name: assistantName } = await services.assistants.getDefault(scope);
      const id = newId('call');
      const missed = {
        id,
        tenantId: scope.tenantId,
        assistantId,
        assistantName,
        type: 'phone',
        direction: 'outbound',
        from: '+15551234567',
        to: '+15559876543',
        carrierRef: null,
        nodeId: 'node-1',
        variables: {},
        callbacks,
        metadata: { order: 9 },
        startedAt: new Date(systemClock.nowMs() - 20_000),
      } as const;
      await services.lifecycle.miss(scope, missed, { reason, why: 'The carrier said no.' });
      await services.lifecycle.miss(scope, missed, { reason, why: 'The carrier said no.' });
      await services.webhooks.deliver(await endOf(id), never);
      const { data } = await told('/end', 'call-ended');
      expect(data).toMatchObject({
        status: 'failed',
        endReason: reason,
        answeredAt: null,
        durationSec: 0,
        transcript: [],
        metadata: { order: 9 },
        cost: { total: 0, billedSec: 0 },
      });
      const faults = (await waiting(id)).flatMap(({ payload }) => payload.error?.event.data ?? []);
      const dialFailed = { incident: 'dial_failed', message: 'The carrier said no.', callId: id };
      expect(faults).toEqual(reason === 'failed' ? [expect.objectContaining(dialFailed)] : []);
    },
  );

  it('that is refused each time is given up, which is told', async () => {
    const callId = await ended();
    const order = await endOf(callId);
    const { maxAttempts } = JOBS['call-webhook'];
    for (let tries = 1; tries <= maxAttempts; tries++) {
      expect(await waiting(callId)).toHaveLength(1);
      backend.replies = [tries % 2 ? says(500) : hangsUp];
      await expect(services.webhooks.deliver(order, never, tries)).rejects.toMatchObject({
        code: 'upstream',
      });
    }
    const ids = new Set(backend.asked.map(({ headers }) => headers['webhook-id']));
    expect({ asked: backend.asked.length, ids: ids.size }).toEqual({ asked: maxAttempts, ids: 1 });
    const error = (await waiting(callId)).find(({ payload }) => payload.error);
    backend.asked.length = 0;
    await services.webhooks.deliver(error!.payload, never);
    const { data } = await told('/error', 'call-error');
    expect(data).toMatchObject({ incident: 'end_callback_failed', callId, metadata: { order: 7 } });
  });

  it('is not made where there is no address', async () => {
    const callId = await ended({ callbacks: { startUrl: null, endUrl: null, errorUrl: null } }, 'failed');
    expect(await waiting(callId)).toEqual([]);
  });
});

describe('V-45 the error callback', () => {
  const failing = (provider: string | undefined, step = 'fallback', stage = 'tts') => ({
    type: 'degraded',
    stage,
    ...(provider === undefined ? {} : { provider }),
    step,
    why: 'timeout: no audio in 3 s',
  });

  it('tells of a provider that failed over once, however often it did', async () => {
    const callId = await begun();
    await append(callId, [failing('elevenlabs'), failing('elevenlabs'), failing('elevenlabs', 'recovered')]);
    const [one, ...more] = await waiting(callId);
    expect(more).toEqual([]);
    await services.webhooks.deliver(one!.payload, never);
    const { data } = await told('/error', 'call-error');
    expect(data).toMatchObject({
      incident: 'provider_failed',
      stage: 'tts',
      provider: 'elevenlabs',
      message: expect.stringContaining('no audio in 3 s'),
      callId,
      metadata: { order: 7 },
    });
    await p.rows(
      'select graphile_worker.complete_jobs(array(select id from graphile_worker._private_jobs where key = $1))',
      [one!.key],
    );
    // The journal repeats what it is not sure to have stored; the provider fails again.
    await append(callId, [failing('elevenlabs')]);
    await append(callId, [failing('elevenlabs')], 7);
    expect(await waiting(callId)).toEqual([]);
    await append(
      callId,
      [
        failing('openai', 'fallback', 'llm'),
        failing(undefined, 'reprompt', 'llm'),
        failing(undefined, 'filler', 'tool'),
      ],
      9,
    );
    const incidents = (await waiting(callId)).map(({ payload }) => payload.error!.event.data);
    expect(incidents.map(({ stage, provider }) => [stage, provider])).toEqual([
      ['llm', null],
      ['llm', 'openai'],
    ]);
  });

  it('tells of a call that failed, with what it failed of', async () => {
    const callId = await begun();
    await append(callId, [failing(undefined, 'canned')]);
    await Promise.all(
      [1, 2].map(() => services.lifecycle.finish(scope, callId, { reason: 'failed', durationMs: 3_000 })),
    );
    const incidents = (await waiting(callId)).flatMap(({ payload }) => payload.error?.event.data ?? []);
    expect(incidents).toMatchObject([
      { incident: 'call_failed', message: expect.stringContaining('no audio in 3 s') },
      { incident: 'provider_failed', provider: null },
    ]);
  });

  it('tells of a call whose server went down, once', async () => {
    const request = inbound({ callbacks });
    const order = await services.admission.redeem((await services.admission.admit(scope, request)).token);
    const { id } = await services.lifecycle.begin(order, { nodeId: 'dead-9', carrierRef: null });
    await services.lifecycle.recoverOrphans('dead-9');
    await services.lifecycle.recoverOrphans('dead-9');
    const incidents = (await waiting(id)).flatMap(({ payload }) => payload.error?.event.data ?? []);
    expect(incidents).toMatchObject([
      { incident: 'call_failed', message: expect.stringContaining('server') },
    ]);
  });

  it('of a start that failed is sent once, however often the start is asked', async () => {
    const call = {
      callId: newId('call'),
      callSid: null,
      type: 'phone',
      direction: 'inbound',
      from: '+15559876543',
      to: '+15551234567',
      startedAt: new Date(),
      callbacks,
      metadata: {},
      variables: {},
    } as const;
    backend.replies = [says(404), says(404)];
    await services.callbacks.ask(scope, call);
    await services.callbacks.ask(scope, call);
    const [one, ...more] = await waiting(call.callId);
    expect(more).toEqual([]);
    backend.asked.length = 0;
    await services.webhooks.deliver(one!.payload, never);
    await services.webhooks.deliver(one!.payload, never);
    const { data } = await told('/error', 'call-error');
    expect(data).toMatchObject({
      incident: 'start_callback_failed',
      message: expect.stringContaining('404'),
    });
  });
});

describe('the delivery log', () => {
  it('is listed newest first, of one call by either of its ids, and holds nothing secret', async () => {
    const { scope: mine } = await p.tenant('payg');
    const request = inbound({ callbacks, carrierRef: 'CA000000000000000000000000000000ff' });
    const order = await services.admission.redeem((await services.admission.admit(mine, request)).token);
    const { id } = await services.lifecycle.begin(order, NODE);
    await services.lifecycle.finish(mine, id, { reason: 'idle', durationMs: 900 });
    backend.replies = [says(500)];
    const job = await endOf(id);
    await expect(services.webhooks.deliver(job, never)).rejects.toThrow();
    await services.webhooks.deliver(job, never);
    const asked = newId('call');
    const starting = {
      ...request,
      callId: asked,
      callSid: null,
      startedAt: new Date(),
      callbacks,
      metadata: {},
      variables: {},
    };
    await services.callbacks.ask(mine, starting);

    const all = await services.callbacks.deliveries(mine);
    expect(all.total).toBe(3);
    expect(all.items.map(({ event, attempt, status, callId }) => [event, attempt, status, callId])).toEqual([
      ['call.started', 1, 204, asked],
      ['call.ended', 2, 204, id],
      ['call.ended', 1, 500, id],
    ]);
    expect(JSON.stringify(all)).not.toContain('secret');
    for (const call of [id, 'CA000000000000000000000000000000ff']) {
      const page = await services.callbacks.deliveries(mine, { call, skip: 1, limit: 1 });
      expect(page).toMatchObject({ items: [{ event: 'call.ended', attempt: 1 }], total: 2 });
    }
    expect(await services.callbacks.deliveries(mine, { call: newId('call') })).toEqual({
      items: [],
      total: 0,
    });
    const strangers = (await p.tenant('payg')).scope;
    for (const call of [undefined, id, 'CA000000000000000000000000000000ff'])
      expect(
        await services.callbacks.deliveries(strangers, call === undefined ? {} : { call }),
      ).toMatchObject({ total: 0 });
    await expect(services.callbacks.deliveries(mine, { limit: 101 })).rejects.toMatchObject({
      field: 'limit',
    });
  });
});
