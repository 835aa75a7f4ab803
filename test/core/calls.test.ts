import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogLine } from '#core/calls/repo';
import type { CallEvent } from '#engine/events';
import type { CallId, TenantId, TurnId } from '#kernel/ids';
import { callSteps, NODE } from '#test/core/call-steps';
import { openPlatform, type Platform } from '#test/core/platform';

let p: Platform;
beforeAll(async () => {
  p = await openPlatform();
});
afterAll(() => p.close());

const { order, begin } = callSteps(() => p);

/** The engine's events are the core's log entries: this compiles only while they are. */
const lines = (tenantId: TenantId, callId: CallId, events: readonly object[]): LogLine[] =>
  events.map((body, seq) => ({ tenantId, event: { callId, seq, atMs: seq * 100, ...body } as CallEvent }));

const usage = (stage: string, provider: string, rest: object) => ({
  type: 'usage',
  stage,
  provider,
  ...rest,
});

async function jobsOf(callId: CallId): Promise<unknown[]> {
  return p.rows('select task_identifier, max_attempts from graphile_worker.jobs where key = $1', [
    `post-call:${callId}`,
  ]);
}

describe('a call', () => {
  it('is stored with what its log tells, transcript, metrics, cost and all', async () => {
    const { scope } = await p.tenant('payg');
    const callId = await begin(scope);
    const turnId = 'turn_a' as TurnId;
    const stages = { endpointMs: 200, sttMs: 30, llmFirstTokenMs: 300, ttsFirstByteMs: 90, playMs: 20 };
    const events = [
      { type: 'call.started' },
      { type: 'turn.ended', turnId, text: 'Hi \ud83d\ude00 \u0000\ud800', fromMs: 50, toMs: 90.4 },
      { type: 'turn.latency', turnId, voiceToVoiceMs: 640, stages },
      {
        type: 'agent.said',
        turnId,
        purpose: 'reply',
        text: 'Hello',
        fromMs: 700,
        toMs: 1_200,
        interrupted: false,
        unheardChars: 0,
      },
      usage('llm', 'openai/gpt-4o', { unit: 'inputTokens', amount: 1_000 }),
      usage('llm', 'openai/gpt-4o', { unit: 'inputTokens', amount: 3_000 }),
      usage('tts', 'flite/rms', { unit: 'chars', amount: 5 }),
      { type: 'call.ended', reason: 'agent_ended', durationMs: 90_000 },
    ];
    await p.lifecycle.append(lines(scope.tenantId, callId, events));
    const live = await p.calls.get(scope, callId);
    expect(live).toMatchObject({ status: 'active', endedAt: null, durationMs: null });
    expect(live.transcript).toHaveLength(2);

    const call = await p.lifecycle.finish(scope, callId, {
      reason: 'agent_ended',
      durationMs: 90_000.4,
      recordingKey: 'recordings/x.wav',
    });
    expect(call.endedAt?.getTime()).toBe(call.startedAt.getTime() + 90_000);
    const stored = await p.calls.get(scope, callId);
    expect(stored).toMatchObject({
      status: 'completed',
      endReason: 'agent_ended',
      durationMs: 90_000,
      recordingKey: 'recordings/x.wav',
      carrierRef: 'CA00000000000000000000000000000001',
      from: '+15559876543',
      analysis: null,
    });
    expect(stored.transcript).toEqual([
      { role: 'user', text: 'Hi 😀 \ufffd\ufffd', atMs: 50, endMs: 90.4, turnId, interrupted: false },
      { role: 'assistant', text: 'Hello', atMs: 700, endMs: 1_200, turnId, interrupted: false },
    ]);
    expect(stored.metrics).toMatchObject({
      turns: [{ turnId, voiceToVoiceMs: 640, stages }],
      voiceToVoiceMs: { p50: 640, p95: 640 },
    });
    expect(stored.metrics.cost.components).toEqual([
      { component: 'call', provider: 'line', unit: 'ms', amount: 90_000, costMicros: 75_000 },
      { component: 'llm', provider: 'openai/gpt-4o', unit: 'inputTokens', amount: 4_000, costMicros: 10_000 },
      { component: 'tts', provider: 'flite/rms', unit: 'chars', amount: 5, costMicros: 0 },
    ]);
    expect(stored.metrics.cost.totalMicros).toBe(85_000);

    const analysis = {
      summary: 'A greeting.',
      sentiment: 'positive',
      disposition: 'answered',
      extracted: {},
    } as const;
    await p.lifecycle.saveAnalysis(scope, callId, analysis);
    expect((await p.calls.get(scope, callId)).analysis).toEqual(analysis);
  });

  it('keeps its log entries once, whatever is sent again, and takes none of calls that do not exist', async () => {
    const { scope } = await p.tenant();
    const stranger = await p.tenant();
    const callId = await begin(scope);
    const batch = lines(scope.tenantId, callId, [{ type: 'call.started' }, { type: 'digit', digit: '5' }]);
    const wrongTenant = lines(stranger.scope.tenantId, callId, [{}, {}, { type: 'digit', digit: '9' }]);
    const noCall = lines(scope.tenantId, 'call_gone' as CallId, [{ type: 'digit', digit: '9' }]);
    await p.lifecycle.append([...batch, ...wrongTenant, ...noCall]);
    await Promise.all([p.lifecycle.append(batch), p.lifecycle.append(batch), p.lifecycle.append([])]);
    const { transcript } = await p.calls.get(scope, callId);
    expect(transcript.map(({ text }) => text)).toEqual(['[DTMF 5]']);
    const counted = await p.rows<{ n: number }>(
      'select count(*)::int as n from call_events where call_id = $1',
      [callId],
    );
    expect(counted).toEqual([{ n: 2 }]);
  });

  it('ends once, with its usage and its job once, however many end it at the same moment', async () => {
    const { scope } = await p.tenant();
    const callId = await begin(scope);
    const usageEvent = usage('stt', 'deepgram/nova-2', { unit: 'audioMs', amount: 60_000 });
    await p.lifecycle.append(lines(scope.tenantId, callId, [usageEvent]));
    const ends = await Promise.all(
      [1_000, 2_000, 3_000, 4_000].map((durationMs) =>
        p.lifecycle.finish(scope, callId, { reason: 'idle', durationMs }),
      ),
    );
    expect(new Set(ends.map(({ durationMs }) => durationMs)).size).toBe(1);
    const later = await p.lifecycle.finish(scope, callId, { reason: 'failed', durationMs: 9 });
    expect(later).toMatchObject({ status: 'completed', endReason: 'idle' });
    const { metrics } = await p.calls.get(scope, callId);
    expect(metrics.cost.components).toHaveLength(2);
    expect(metrics.cost.components[1]).toMatchObject({ amount: 60_000, costMicros: 5_800 });
    expect(await jobsOf(callId)).toEqual([{ task_identifier: 'post-call', max_attempts: 8 }]);
    expect(await p.usage.month(scope)).toMatchObject({ calls: 1 });
  });

  it('begins once, however often it is said', async () => {
    const { scope } = await p.tenant();
    const one = await order(scope);
    const [first, second] = await Promise.all([p.lifecycle.begin(one, NODE), p.lifecycle.begin(one, NODE)]);
    expect(second).toEqual(first);
    expect(await p.calls.count(scope)).toBe(1);
    expect(await p.lifecycle.begin(one, { nodeId: 'node-2', carrierRef: 'CA2' })).toEqual(first);
  });

  it('X-05 is not found by another organization, nor with an id that is none', async () => {
    const { scope } = await p.tenant();
    const stranger = await p.tenant();
    const callId = await begin(scope);
    for (const id of [callId, 'count', 'call_x', "call_'; drop table calls"]) {
      await expect(p.calls.get(stranger.scope, id)).rejects.toMatchObject({ code: 'not_found' });
    }
    const end = p.lifecycle.finish(stranger.scope, callId, { reason: 'failed', durationMs: 1 });
    await expect(end).rejects.toMatchObject({ code: 'not_found' });
    expect(await p.calls.list(stranger.scope)).toEqual({ items: [], total: 0 });
  });
});

describe('after a crash', () => {
  it('closes the calls of that node as failed, once, with what their logs hold', async () => {
    const { scope } = await p.tenant('pro');
    const [lost, silent, elsewhere] = [
      await begin(scope, 'crashed'),
      await begin(scope, 'crashed'),
      await begin(scope, 'healthy'),
    ];
    const heard = [
      { type: 'call.started' },
      {
        type: 'agent.said',
        purpose: 'opening',
        text: 'Hello',
        fromMs: 0,
        toMs: 1_400,
        interrupted: false,
        unheardChars: 0,
      },
      usage('tts', 'openai/tts-1', { unit: 'chars', amount: 1_000 }),
    ];
    await p.lifecycle.append(lines(scope.tenantId, lost, heard));
    const recovered = await Promise.all([
      p.lifecycle.recoverOrphans('crashed'),
      p.lifecycle.recoverOrphans('crashed'),
    ]);
    expect(recovered.flat().sort()).toEqual([lost, silent].sort());
    const call = await p.calls.get(scope, lost);
    expect(call).toMatchObject({ status: 'failed', endReason: 'failed', durationMs: 1_400 });
    expect(call.transcript.map(({ text }) => text)).toEqual(['Hello']);
    expect(call.metrics.cost).toMatchObject({ totalMicros: 15_000 });
    expect(await p.calls.get(scope, silent)).toMatchObject({ status: 'failed', durationMs: 0 });
    expect((await p.calls.get(scope, elsewhere)).status).toBe('active');
    for (const id of [lost, silent]) expect(await jobsOf(id)).toHaveLength(1);
    expect(await p.lifecycle.recoverOrphans('crashed')).toEqual([]);
    const late = await p.lifecycle.finish(scope, lost, { reason: 'caller_hung_up', durationMs: 99_000 });
    expect(late).toMatchObject({ status: 'failed', durationMs: 1_400 });
  });
});

describe('lists and sums', () => {
  it('X-31 X-33 filter, page in a stable order and count alike', async () => {
    const { scope } = await p.tenant('pro');
    const a = await p.assistants.create(scope, { name: 'A' });
    const ids: CallId[] = [];
    for (let i = 0; i < 5; i++) {
      // Calls of the same moment are told apart by their ids.
      if (i !== 2) p.clock.advance(1_000);
      const one = await order(scope, {
        assistantId: i % 2 ? a.id : (await p.assistants.getDefault(scope)).id,
      });
      ids.unshift((await p.lifecycle.begin(one, NODE)).id);
    }
    await p.lifecycle.finish(scope, ids[0]!, { reason: 'idle', durationMs: 60_000 });
    await p.lifecycle.finish(scope, ids[1]!, { reason: 'failed', durationMs: 30_000 });
    const all = await p.calls.list(scope);
    expect(all.items.map(({ id }) => id)).toEqual(ids);
    expect(all.total).toBe(5);
    expect(await p.calls.count(scope)).toBe(5);
    const paged = [
      ...(await p.calls.list(scope, { skip: 0, limit: 2 })).items,
      ...(await p.calls.list(scope, { skip: 2, limit: 2 })).items,
      ...(await p.calls.list(scope, { skip: 4, limit: 2 })).items,
    ];
    expect(paged.map(({ id }) => id)).toEqual(ids);
    const found = async (query: object) => (await p.calls.list(scope, query)).items.map(({ id }) => id);
    expect(await found({ status: 'completed' })).toEqual([ids[0]]);
    expect(await found({ status: 'failed', assistantId: a.id })).toEqual([ids[1]]);
    expect(await found({ status: 'failed', assistantId: (await p.assistants.getDefault(scope)).id })).toEqual(
      [],
    );
    expect(await found({ assistantId: 'nonsense' })).toEqual([]);
    await expect(found({ status: 'ringing' })).rejects.toMatchObject({ code: 'invalid', field: 'status' });
    await expect(found({ limit: 0 })).rejects.toMatchObject({ field: 'limit' });
    await expect(found({ skip: -1 })).rejects.toMatchObject({ field: 'skip' });

    await p.assistants.remove(scope, a.id);
    expect(await p.usage.stats(scope)).toEqual({
      totalCalls: 5,
      activeAgents: 0,
      totalMinutes: 1.5,
      averageDurationSec: 45,
    });
  });

  it('X-18 are all zero for a new organization', async () => {
    const { scope } = await p.tenant();
    expect(await p.usage.stats(scope)).toEqual({
      totalCalls: 0,
      activeAgents: 0,
      totalMinutes: 0,
      averageDurationSec: null,
    });
    expect(await p.usage.daily(scope, 30)).toEqual([]);
  });

  it('X-34 give one record a day, none older than asked for', async () => {
    const { scope } = await p.tenant('pro');
    const day = 24 * 3_600_000;
    for (const [chars, tokens] of [
      [100, 10],
      [200, 20],
      [300, 30],
    ] as const) {
      const callId = await begin(scope);
      await p.lifecycle.append(
        lines(scope.tenantId, callId, [
          usage('tts', 'flite/rms', { unit: 'chars', amount: chars }),
          usage('llm', 'x/y', { unit: 'inputTokens', amount: tokens }),
          usage('llm', 'x/y', { unit: 'outputTokens', amount: 1 }),
        ]),
      );
      await p.lifecycle.finish(scope, callId, { reason: 'idle', durationMs: 90_000 });
      p.clock.advance(day);
    }
    p.clock.advance(-day);
    const today = new Date(p.clock.nowMs()).toISOString().slice(0, 10);
    const yesterday = new Date(p.clock.nowMs() - day).toISOString().slice(0, 10);
    expect(await p.usage.daily(scope, 2)).toEqual([
      { date: yesterday, calls: 1, minutes: 1.5, tokens: 21, ttsChars: 200 },
      { date: today, calls: 1, minutes: 1.5, tokens: 31, ttsChars: 300 },
    ]);
    expect(await p.usage.daily(scope, 30)).toHaveLength(3);
    await expect(p.usage.daily(scope, 0)).rejects.toMatchObject({ code: 'invalid', field: 'days' });
  });
});
