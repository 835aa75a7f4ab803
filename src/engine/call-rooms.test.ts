import { describe, expect, test } from 'vitest';
import { collectDigitsTool, endCallTool, sendDigitsTool, transferTool } from '#engine/built-in-tools';
import { type AgentEntry, Conversation } from '#engine/conversation';
import { Deadline } from '#engine/deadline';
import { Digits } from '#engine/digits';
import type { CallEventBody } from '#engine/events';
import { FakeClock } from '#engine/fakes/fake-clock';
import { Latency } from '#engine/latency';
import { LineTime } from '#engine/line-time';
import { endpointDelayMs, type TurnRules } from '#engine/turn-policy';
import type { CallId, TurnId } from '#kernel/ids';

const agent = (text: string, calls: AgentEntry['calls'] = []): AgentEntry => {
  return { role: 'assistant', text, interrupted: false, calls };
};

describe('the conversation', () => {
  test('joins what the caller says without an answer in between', () => {
    const talk = new Conversation('prompt');
    talk.user('One');
    talk.add(agent(''));
    talk.user('two');
    expect(talk.messages('three').at(-1)).toEqual({ role: 'user', text: 'One two three' });
    expect(talk.messages()).toHaveLength(2);
  });

  test('gives every tool call a result, so that no model chokes on one without', () => {
    const talk = new Conversation('prompt');
    const slot = { call: { id: '1', name: 'look', arguments: {} }, result: undefined };
    talk.add(agent('Let me', [slot]));
    expect(talk.messages().at(-1)).toMatchObject({
      role: 'tool',
      toolCallId: '1',
      result: { error: expect.any(String) },
    });
  });

  test('forgets the oldest of a very long call, and begins with the caller', () => {
    const talk = new Conversation('prompt');
    for (let i = 0; i < 1_000; i++) {
      talk.user(`question ${i}`);
      talk.add(agent(`answer ${i}`));
    }
    const messages = talk.messages();
    expect(messages.length).toBeLessThanOrEqual(162);
    expect(messages[1]!.role).toBe('user');
    expect(messages.at(-1)).toMatchObject({ text: 'answer 999' });
  });
});

describe('line time', () => {
  test('is the earliest arrival: jitter does not move it', () => {
    const time = new LineTime();
    for (let i = 1; i <= 500; i++) time.observe(i * 20, 10_000 + i * 20 + (i % 7) * 15);
    expect(time.toClock(4_000, 1e9)).toBeCloseTo(14_000, 0);
    expect(time.toLine(14_000)).toBeCloseTo(4_000, 0);
  });

  test('follows a line whose clock runs slow', () => {
    const time = new LineTime();
    for (let i = 1; i <= 180_000; i++) time.observe(i * 20, i * 20 * 1.00005);
    expect(time.toClock(3_600_000, 1e9)).toBeCloseTo(3_600_180, -1);
  });

  test('never lies in the future', () => {
    const time = new LineTime();
    time.observe(100, 1_000);
    expect(time.toClock(5_000, 1_100)).toBe(1_100);
  });
});

describe('collected digits', () => {
  const order = { maxDigits: 3, finishOn: '#*', timeoutMs: 2_000 };
  const run = (signal = new AbortController().signal, prompted: Promise<unknown> = Promise.resolve()) => {
    return { prompted, onKey: () => {}, signal };
  };

  test('end at the most, at a finishing key, at the time limit, or with the reply', async () => {
    const clock = new FakeClock();
    const digits = new Digits(clock);
    const most = digits.collect(order, run());
    for (const key of '123') expect(digits.take(key)).toBe(true);
    expect(await most).toBe('123');
    expect(digits.take('4')).toBe(false);
    const finished = digits.collect(order, run());
    for (const key of '1*') digits.take(key);
    expect(await finished).toBe('1');
    const late = digits.collect(order, run());
    await clock.advance(1_900);
    digits.take('7');
    await clock.advance(1_900);
    digits.take('8');
    await clock.advance(2_000);
    expect(await late).toBe('78');
    const abort = new AbortController();
    const aborted = digits.collect(order, run(abort.signal));
    digits.take('1');
    abort.abort();
    expect(await aborted).toBe('1');
    expect(clock.pending).toBe(0);
  });

  test('have no time limit before they were asked for', async () => {
    const clock = new FakeClock();
    const digits = new Digits(clock);
    let asked = () => {};
    const prompted = new Promise<void>((resolve) => {
      asked = resolve;
    });
    let isDone = false;
    digits.collect(order, run(undefined, prompted)).then(() => {
      isDone = true;
    });
    await clock.advance(60_000);
    expect(isDone).toBe(false);
    asked();
    await clock.advance(2_000);
    expect(isDone).toBe(true);
  });
});

describe('a deadline', () => {
  test('ends a wait, can be moved, and leaves no timer', async () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, () => new Error('late'));
    const { signal } = new AbortController();
    deadline.arm(1_000);
    const wait = deadline.race(new Promise(() => {}), signal).catch((error: Error) => error.message);
    await clock.advance(900);
    deadline.arm(1_000);
    await clock.advance(900);
    expect(clock.pending).toBe(1);
    await clock.advance(100);
    expect(await wait).toBe('late');
    await expect(deadline.race(Promise.resolve(1), signal)).rejects.toThrow('late');
    deadline.arm(10);
    deadline.disarm();
    expect(clock.pending).toBe(0);
    expect(await deadline.race(Promise.resolve(1), signal)).toBe(1);
  });
});

describe('latency', () => {
  test('shares the time from voice to voice out among the stages, whatever ran ahead', () => {
    const events: CallEventBody[] = [];
    const latency = new Latency((event) => events.push(event));
    const taken = {
      turnId: 'turn_1' as TurnId,
      lastSpeechLineMs: 1_000,
      lastSpeechMs: 51_000,
      decidedAtMs: 51_300,
      takenAtMs: 51_350,
      reply: { firstTokenMs: 51_250, firstAudioMs: 51_500 },
    };
    latency.await(taken);
    const frame = { samples: new Int16Array(160), rateHz: 8000 as const, atMs: 1_500 };
    latency.push(frame);
    frame.samples[80] = -900;
    latency.push(frame);
    latency.push(frame);
    expect(events).toEqual([
      {
        type: 'turn.latency',
        voiceToVoiceMs: 510,
        stages: { endpointMs: 300, sttMs: 50, llmFirstTokenMs: 0, ttsFirstByteMs: 150, playMs: 10 },
      },
    ]);
  });
});

describe('the end of a turn', () => {
  const rules = { endpointingMs: 300, silenceTimeoutMs: 700 } as TurnRules;

  test.each([
    [0.95, 300],
    [0.7, 300],
    [0.5, 700],
    [0.3, 1_100],
    [0.05, 1_100],
  ])('at a probability of %f comes after %i ms', (probability, ms) => {
    expect(endpointDelayMs(rules, probability)).toBe(ms);
  });

  test('waits longer where the plan says so, and never less for an unfinished turn than for a finished one', () => {
    expect(endpointDelayMs({ ...rules, silenceTimeoutMs: 2_000 }, 0)).toBe(2_000);
    expect(endpointDelayMs({ ...rules, endpointingMs: 3_000 }, 0)).toBe(3_000);
  });
});

describe('built-in tools', () => {
  const context = { callId: 'call_1' as CallId, turnId: 'turn_1' as TurnId, idempotencyKey: 'k' };
  const { signal } = new AbortController();

  test('ask of the call what they are for', async () => {
    const transfer = transferTool([
      { name: 'sales', to: '+12125550110', description: 'new customers' },
      { name: 'support', to: '+12125550111' },
    ]);
    const run = async (tool: ReturnType<typeof endCallTool>, args: Parameters<typeof tool.run>[0]) =>
      (await tool.run(args, context, signal)).effect;
    expect(await run(endCallTool(), {})).toEqual({ type: 'endCall' });
    expect(await run(endCallTool(), { farewell: ' Bye. ' })).toEqual({ type: 'endCall', farewell: 'Bye.' });
    expect(await run(transfer, { destination: 'support' })).toEqual({ type: 'transfer', to: '+12125550111' });
    expect(await run(sendDigitsTool(), { digits: '1w2' })).toEqual({ type: 'sendDigits', digits: '1w2' });
    expect(await run(collectDigitsTool(), { max_digits: 4 })).toEqual({
      type: 'collectDigits',
      maxDigits: 4,
      finishOn: '#',
      timeoutMs: 8_000,
    });
    expect(transfer.spec.description).toContain('sales: new customers');
  });
});
