import { describe, expect, it } from 'vitest';
import type { LogEntry } from '#core/calls/log-entry';
import { lastMomentMs, metricsOf } from '#core/calls/metrics';
import { transcriptOf } from '#core/calls/transcript';
import type { TurnId } from '#kernel/ids';

type Body = LogEntry extends infer E ? (E extends LogEntry ? Omit<E, 'seq'> : never) : never;

const log = (...entries: Body[]): LogEntry[] => entries.map((entry, seq) => ({ ...entry, seq }) as LogEntry);

const said = (text: string, fromMs: number, over: object = {}): Body => ({
  type: 'agent.said',
  purpose: 'reply',
  text,
  atMs: fromMs + 1_000,
  fromMs,
  toMs: fromMs + 1_000,
  interrupted: false,
  unheardChars: 0,
  ...over,
});

const turnId = 'turn_1' as TurnId;

describe('the transcript', () => {
  it('X-32 tells who said what, in the order it began', () => {
    const entries = transcriptOf(
      log(
        { type: 'call.started', atMs: 0 },
        said('Hello!', 100, { purpose: 'opening' }),
        { type: 'user.speaking', atMs: 1_500 },
        { type: 'user.heard', atMs: 2_000, text: 'do you', final: true, turnId },
        { type: 'user.heard', atMs: 2_500, text: 'do you open on Monday', final: true, turnId },
        {
          type: 'turn.ended',
          atMs: 3_000,
          text: 'Do you open on Monday?',
          fromMs: 1_500,
          toMs: 2_600,
          turnId,
        },
        said('We open at', 3_200, { interrupted: true, unheardChars: 30, turnId }),
      ),
    );
    expect(entries).toEqual([
      { role: 'assistant', text: 'Hello!', atMs: 100, endMs: 1_100, turnId: null, interrupted: false },
      { role: 'user', text: 'Do you open on Monday?', atMs: 1_500, endMs: 2_600, turnId, interrupted: false },
      { role: 'assistant', text: 'We open at', atMs: 3_200, endMs: 4_200, turnId, interrupted: true },
    ]);
  });

  it('shows digits as the user pressing them', () => {
    expect(transcriptOf(log({ type: 'digit', digit: '5', atMs: 700 }))).toEqual([
      { role: 'user', text: '[DTMF 5]', atMs: 700, endMs: 700, turnId: null, interrupted: false },
    ]);
  });

  it('shows digits once, though the turn they were taken in has them too', () => {
    const entries = transcriptOf(
      log(
        { type: 'digit', digit: '5', atMs: 700 },
        { type: 'digit', digit: '#', atMs: 800 },
        { type: 'turn.ended', atMs: 2_300, text: '[DTMF 5#]', fromMs: 2_300, toMs: 2_300 },
        { type: 'digit', digit: '1', atMs: 3_000 },
        { type: 'turn.ended', atMs: 4_500, text: 'That is all [DTMF 1]', fromMs: 4_500, toMs: 4_500 },
      ),
    );
    expect(entries.map(({ text }) => text)).toEqual(['[DTMF 5]', '[DTMF #]', '[DTMF 1]', 'That is all']);
  });

  it('shows a tool with what it was asked and answered, once, and one that never answered', () => {
    const entries = transcriptOf(
      log(
        { type: 'tool.called', atMs: 10, toolCallId: 'a', name: 'look_up', arguments: { id: 7 } },
        { type: 'tool.called', atMs: 20, toolCallId: 'b', name: 'slow', arguments: {} },
        {
          type: 'tool.returned',
          atMs: 90,
          toolCallId: 'a',
          name: 'look_up',
          ok: true,
          result: 'sent',
          tookMs: 80,
        },
        {
          type: 'tool.returned',
          atMs: 95,
          toolCallId: 'c',
          name: 'lost',
          ok: false,
          result: null,
          tookMs: 1,
        },
      ),
    );
    expect(entries.map(({ role, text, atMs, endMs }) => [role, text, atMs, endMs])).toEqual([
      ['tool', 'look_up({"id":7}) -> "sent"', 10, 90],
      ['tool', 'slow({})', 20, 20],
      ['tool', 'lost() -> failed: null', 95, 95],
    ]);
  });

  it('keeps the words of a turn that the end of the call cut off', () => {
    const words = log(
      { type: 'user.speaking', atMs: 100 },
      { type: 'turn.ended', atMs: 500, text: 'Yes.', fromMs: 100, toMs: 400 },
      { type: 'user.speaking', atMs: 1_000 },
      { type: 'user.heard', atMs: 1_500, text: 'and could', final: true },
      { type: 'user.heard', atMs: 1_900, text: 'and could you also', final: true },
      { type: 'call.ended', atMs: 2_000, reason: 'caller_hung_up', durationMs: 2_000 },
    );
    expect(transcriptOf(words).map(({ text, atMs }) => [text, atMs])).toEqual([
      ['Yes.', 100],
      ['and could you also', 1_000],
    ]);
    expect(transcriptOf(words.slice(0, -1)).map(({ text }) => text)).toEqual(['Yes.']);
  });

  it('leaves out what was cut before its first word, and tells of transfers', () => {
    const entries = transcriptOf(
      log(said('', 5, { interrupted: true }), {
        type: 'transfer',
        to: '+15550100',
        outcome: 'done',
        atMs: 9,
      }),
    );
    expect(entries).toMatchObject([{ role: 'system', text: 'Transfer to +15550100: done' }]);
  });
});

describe('the metrics', () => {
  const stages = { endpointMs: 1, sttMs: 2, llmFirstTokenMs: 3, ttsFirstByteMs: 4, playMs: 5 };
  const latency = (voiceToVoiceMs: number): Body => ({
    type: 'turn.latency',
    atMs: 0,
    turnId,
    voiceToVoiceMs,
    stages,
  });

  it('X-32 give each turn and the percentiles by nearest rank', () => {
    const times = Array.from({ length: 20 }, (_, i) => latency((20 - i) * 100));
    const metrics = metricsOf(log(...times), []);
    expect(metrics.turns).toHaveLength(20);
    expect(metrics.turns[0]).toEqual({ turnId, voiceToVoiceMs: 2_000, stages });
    expect(metrics.voiceToVoiceMs).toEqual({ p50: 1_000, p95: 1_900 });
    expect(metricsOf(log(latency(700)), []).voiceToVoiceMs).toEqual({ p50: 700, p95: 700 });
  });

  it('are empty, not wrong, for a call without a turn', () => {
    expect(metricsOf([], [])).toEqual({
      turns: [],
      voiceToVoiceMs: null,
      interruptions: 0,
      cost: { totalMicros: 0, components: [] },
    });
  });

  it('count real interruptions only', () => {
    const events = log(
      { type: 'agent.interrupted', resumed: true, atMs: 1 },
      { type: 'agent.interrupted', resumed: false, atMs: 2 },
    );
    expect(metricsOf(events, []).interruptions).toBe(1);
  });

  it('tell how far a log goes', () => {
    expect(lastMomentMs(log({ type: 'user.speaking', atMs: 10 }, said('x', 4_000)))).toBe(5_000);
    expect(lastMomentMs([])).toBe(0);
  });
});
