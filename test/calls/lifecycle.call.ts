import { describe, expect, test } from 'vitest';
import { startCall } from '#engine/session';
import { LONG_REPLY, Stage, type StageOptions } from './stage.ts';

describe('the opening', () => {
  test('is said at once when the assistant speaks first', async () => {
    const call = new Stage({
      plan: { opening: { mode: 'assistant', text: 'Good morning. How can I help?' } },
    });
    await call.agentSaid(/How can I help/);
    expect(call.line.audible[0]!.fromMs).toBeLessThanOrEqual(120);
    expect(call.of('agent.said')[0]).toMatchObject({ purpose: 'opening', interrupted: false });
    await call.caller.isSilent(300);
    await call.caller.says('When do you open tomorrow?');
    await call.until(() => call.llms[0]!.requests.length === 1);
    expect(call.llms[0]!.requests[0]!.messages[1]).toEqual({
      role: 'assistant',
      text: 'Good morning. How can I help?',
    });
    expect(await call.cleanEnd()).toEqual([]);
  });

  test('waits for the caller when it is the caller’s', async () => {
    const call = new Stage({ llm: () => 'Hello.' });
    await call.caller.isSilent(5_000);
    expect(call.line.audible).toEqual([]);
    await call.caller.says('Good morning, is this the hotel?');
    await call.agentSaid(/Hello/);
  });

  test('is written by the model when it is the model’s', async () => {
    const call = new Stage({ plan: { opening: { mode: 'model' } }, llm: () => 'Good evening, dear caller.' });
    await call.agentSaid(/dear caller/);
    expect(call.of('agent.said')[0]).toMatchObject({ purpose: 'opening' });
    expect(call.llms[0]!.requests[0]!.messages).toMatchObject([{ role: 'system' }, { role: 'user' }]);
    expect(call.turns).toEqual([]);
    await call.caller.says('When do you open tomorrow?');
    await call.until(() => call.llms[0]!.requests.length === 2);
    expect(call.llms[0]!.requests[1]!.messages.slice(1)).toEqual([
      { role: 'assistant', text: 'Good evening, dear caller.' },
      { role: 'user', text: 'When do you open tomorrow?' },
    ]);
  });

  test('comes after the announcement', async () => {
    const call = new Stage({
      plan: { announcement: 'This call is recorded.', opening: { mode: 'assistant', text: 'Good morning.' } },
    });
    await call.agentSaid(/Good morning/);
    expect(call.of('agent.said').map(({ purpose, text }) => [purpose, text])).toEqual([
      ['announcement', 'This call is recorded.'],
      ['opening', 'Good morning.'],
    ]);
    expect(call.line.audible).toHaveLength(1);
  });
});

describe('a caller who says nothing', () => {
  test('is asked twice, then the call ends', async () => {
    const call = new Stage();
    expect(await call.ends()).toBe('idle');
    expect(call.of('agent.said').map(({ text }) => text)).toEqual([
      'Are you still there?',
      'Hello, can you hear me?',
      'I will hang up now, goodbye.',
    ]);
    const starts = call.line.audible.map(({ fromMs, toMs }) => [fromMs, toMs] as const);
    expect(starts[0]![0]).toBeGreaterThanOrEqual(10_000);
    expect(starts[0]![0]).toBeLessThan(10_200);
    expect(starts[1]![0] - starts[0]![1]).toBeGreaterThanOrEqual(9_900);
    expect(starts[2]![0] - starts[1]![1]).toBeLessThan(10_200);
    expect(await call.leftovers()).toEqual([]);
  });

  test('is asked all the same when noises without words go on', async () => {
    const call = new Stage();
    const noise = async () => {
      while (call.endedWith === null) {
        await call.caller.makesNoise(200);
        await call.caller.isSilent(1_500);
      }
    };
    await noise();
    expect(call.endedWith).toBe('idle');
    expect(call.of('call.ended')[0]!.atMs).toBeLessThan(60_000);
  });

  test('and then speaks is asked from the beginning the next time', async () => {
    const call = new Stage({ llm: () => 'Nine.' });
    await call.agentSaid(/still there/);
    await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/Nine/);
    await call.until(() => call.said.length === 3);
    expect(call.said[2]).toBe('Are you still there?');
  });
});

describe('the time limit', () => {
  const plan = { thresholds: { maxCallDurationMs: 8_000 } };

  test('lets the agent finish its sentence and says why', async () => {
    const call = new Stage({ plan });
    await call.caller.isSilent(2_000);
    await call.caller.says('When do you open tomorrow?');
    expect(await call.ends()).toBe('max_duration');
    const [reply, goodbye] = call.said;
    expect(LONG_REPLY.startsWith(reply!)).toBe(true);
    expect(reply).toMatch(/[.]$/);
    expect(reply!.length).toBeLessThan(LONG_REPLY.length);
    expect(goodbye).toBe('Our time is up, goodbye.');
    expect(await call.leftovers()).toEqual([]);
  });

  test.each(['silent', 'speaking', 'thinking'])('ends a call whose caller is %s', async (state) => {
    const call = new Stage({ plan, llm: { firstTokenMs: 3_000, answer: () => 'Nine.' } });
    await call.caller.isSilent(state === 'silent' ? 1 : 5_500);
    if (state === 'speaking') await call.caller.says('well '.repeat(20), 6_000);
    if (state === 'thinking') await call.caller.says('Are you open?');
    expect(await call.ends()).toBe('max_duration');
    expect(call.said).toEqual(['Our time is up, goodbye.']);
    expect(await call.leftovers()).toEqual([]);
  });
});

describe('hanging up', () => {
  const moments: [string, StageOptions, (call: Stage) => Promise<void>][] = [
    ['before anything', {}, async () => {}],
    [
      'during the opening',
      { plan: { opening: { mode: 'assistant', text: LONG_REPLY } } },
      async (call) => {
        await call.agentSpeaks();
        await call.caller.isSilent(700);
      },
    ],
    [
      'while the caller speaks',
      {},
      async (call) => {
        call.script.say('When do you open tomorrow morning?', { fromMs: 0 });
        await call.caller.isSilent(900);
      },
    ],
    [
      'in the silence after the words',
      {},
      async (call) => {
        await call.caller.says('When do you open tomorrow?');
        await call.caller.isSilent(220);
      },
    ],
    [
      'while a guess is under way',
      { plan: { thresholds: { endpointingMs: 900 } } },
      async (call) => {
        await call.caller.says('When do you open tomorrow?');
        await call.caller.isSilent(700);
      },
    ],
    [
      'while the model thinks',
      { llm: { firstTokenMs: 2_000, answer: () => LONG_REPLY } },
      async (call) => {
        await call.caller.says('When do you open tomorrow?');
        await call.caller.isSilent(1_500);
      },
    ],
    [
      'while the agent speaks',
      {},
      async (call) => {
        await call.caller.says('When do you open tomorrow?');
        await call.agentSpeaks();
        await call.caller.isSilent(3_000);
      },
    ],
    [
      'while the agent is held',
      {},
      async (call) => {
        await call.caller.says('When do you open tomorrow?');
        await call.agentSpeaks();
        await call.caller.isSilent(1_000);
        await call.caller.makesNoise(300);
      },
    ],
    [
      'while it says goodbye',
      {},
      async (call) => {
        call.session.hangUp('ended_by_operator', LONG_REPLY);
        await call.agentSpeaks();
      },
    ],
  ];

  test.each(moments)('%s leaves nothing behind', async (_, options, before) => {
    const call = new Stage(options);
    await before(call);
    call.caller.hangsUp();
    expect(await call.ends()).toBe('caller_hung_up');
    const said = call.of('agent.said').at(-1);
    if (said) expect(LONG_REPLY.startsWith(said.text)).toBe(true);
    expect(await call.leftovers()).toEqual([]);
    call.session.hangUp('failed');
    call.session.type('hello');
    expect(await call.leftovers()).toEqual([]);
  });

  test('of a line that had gone before the call began', async () => {
    const before = new Stage();
    before.caller.hangsUp();
    await before.ends();
    const events: string[] = [];
    const session = startCall(before.plan, {
      line: before.line,
      voices: {
        vad: before.vad,
        stt: before.stts,
        llm: before.llms,
        tts: [],
        turns: { endOfTurn: async () => 1 },
      },
      control: { transfer: async () => false, sendDigits: async () => false },
      clock: before.clock,
      emit: (event) => events.push(event.type),
    });
    expect(await session.ended).toBe('caller_hung_up');
    expect(events).toEqual(['call.started', 'call.ended']);
    expect(await before.leftovers()).toEqual([]);
  });

  test('by the operator is at once, or after a farewell', async () => {
    const now = new Stage();
    await now.caller.isSilent(500);
    now.session.hangUp('ended_by_operator');
    now.session.hangUp('failed');
    expect(await now.ends()).toBe('ended_by_operator');
    expect(now.of('call.ended')[0]!.atMs).toBe(500);

    const politely = new Stage();
    await politely.caller.says('When do you open tomorrow?');
    await politely.agentSpeaks();
    await politely.caller.isSilent(1_000);
    politely.session.hangUp('drained', 'We have to close this line. Goodbye.');
    expect(await politely.ends()).toBe('drained');
    expect(politely.said.at(-1)).toBe('We have to close this line. Goodbye.');
    expect(politely.said[0]).toMatch(/weekdays\.$/);
    expect(await politely.leftovers()).toEqual([]);
  });
});

describe('usage', () => {
  test('is told by stage, in what the providers charge for', async () => {
    const call = new Stage({
      llm: () => [{ say: 'Nine.' }, { usage: { inputTokens: 40, outputTokens: 3 } }],
    });
    await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/Nine/);
    await call.cleanEnd();
    const sum = (stage: string, unit: string) =>
      call
        .of('usage')
        .filter((one) => one.stage === stage && one.unit === unit)
        .reduce((total, one) => total + one.amount, 0);
    expect(sum('llm', 'inputTokens')).toBe(40);
    expect(sum('llm', 'outputTokens')).toBe(3);
    expect(sum('tts', 'chars')).toBe('Nine.'.length);
    expect(Math.abs(sum('stt', 'audioMs') - call.of('call.ended')[0]!.durationMs)).toBeLessThanOrEqual(20);
  });
});

test('a mistake in the house ends the one call it happens in, and is told', async () => {
  const call = new Stage();
  call.line.hold = () => {
    throw new RangeError('boom');
  };
  await call.caller.says('When do you open tomorrow?');
  await call.caller.interrupts('Wait please, I meant next Sunday.');
  expect(await call.ends()).toBe('failed');
  expect(call.of('degraded')).toMatchObject([{ step: 'hangup', why: 'unexpected RangeError' }]);
  expect(await call.leftovers()).toEqual([]);
});
