import { describe, expect, test } from 'vitest';
import { LONG_REPLY, Stage } from './stage.ts';

const FIRST_WORDS_MS = 300 + 100 + 80;

describe('the end of a turn', () => {
  test('a finished sentence is answered after endpointingMs, and the log holds what was heard', async () => {
    const call = new Stage({ llm: () => 'Nine, as always. See you then.' });
    await call.caller.isSilent(500);
    const turn = await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/See you then\.$/);
    expect(call.turns).toEqual(['When do you open tomorrow?']);
    expect(call.said).toEqual(['Nine, as always. See you then.']);
    expect(call.line.audible).toHaveLength(1);
    const waitedMs = call.line.audible[0]!.fromMs - turn.toMs;
    expect(waitedMs).toBeGreaterThanOrEqual(300);
    expect(waitedMs - FIRST_WORDS_MS).toBeLessThanOrEqual(25);
    expect(call.of('turn.ended')[0]).toMatchObject({ fromMs: 500, toMs: turn.toMs });
    expect(await call.cleanEnd()).toEqual([]);
  });

  test('the latency of a turn is measured from the audio and its stages add up', async () => {
    const call = new Stage({ llm: () => 'Nine.' });
    const turn = await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/Nine/);
    const [latency] = call.of('turn.latency');
    const measuredMs = call.line.audible[0]!.fromMs - turn.toMs;
    expect(Math.abs(latency!.voiceToVoiceMs - measuredMs)).toBeLessThanOrEqual(5);
    const sum = Object.values(latency!.stages).reduce((a, b) => a + b, 0);
    expect(Math.abs(sum - latency!.voiceToVoiceMs)).toBeLessThanOrEqual(3);
    expect(latency!.stages.endpointMs).toBe(300);
    expect(latency!.turnId).toBe(call.of('turn.ended')[0]!.turnId);
  });

  test('a pause shorter than endpointingMs does not, though the detector needs a moment to find what follows', async () => {
    for (let shift = 0; shift < 32; shift += 5) {
      const call = new Stage({ llm: () => 'Certainly.' });
      await call.caller.isSilent(500 + shift);
      await call.caller.says('I need a table tonight.');
      await call.caller.isSilent(275);
      await call.caller.says('We are four people.');
      await call.agentSaid(/Certainly/);
      expect(call.turns).toEqual(['I need a table tonight. We are four people.']);
      expect(await call.cleanEnd()).toEqual([]);
    }
  });

  test.each([600, 900])('a pause of %i ms after unfinished words does not end the turn', async (pauseMs) => {
    const call = new Stage({ llm: () => 'Certainly.' });
    await call.caller.says('I would like to book a table for');
    await call.caller.isSilent(pauseMs);
    await call.caller.says('four people tonight please.');
    await call.agentSaid(/Certainly/);
    expect(call.turns).toEqual(['I would like to book a table for four people tonight please.']);
    expect(call.said).toEqual(['Certainly.']);
  });

  test.each([
    [700, 1_100],
    [1_500, 1_500],
  ])('with silenceTimeoutMs %i unfinished words are taken after %i ms', async (silenceTimeoutMs, takenMs) => {
    const call = new Stage({ plan: { thresholds: { silenceTimeoutMs } }, llm: () => 'For how many?' });
    const turn = await call.caller.says('I would like to book a table for');
    await call.agentSaid(/how many/);
    const { atMs } = call.of('turn.ended')[0]!;
    expect(atMs - turn.toMs).toBeGreaterThanOrEqual(takenMs - 1);
    expect(atMs - turn.toMs).toBeLessThanOrEqual(takenMs + 20);
    expect(call.line.audible[0]!.fromMs - turn.toMs).toBeLessThanOrEqual(takenMs + 120);
  });

  test('a recogniser’s own end of turn is taken at its word', async () => {
    const call = new Stage({
      plan: { thresholds: { endpointingMs: 2_000, silenceTimeoutMs: 3_000 } },
      stt: { endOfTurnMs: 250 },
      llm: () => 'Nine.',
    });
    const turn = await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/Nine/);
    expect(call.of('turn.ended')[0]!.atMs - turn.toMs).toBeLessThanOrEqual(300);
  });

  test('…but not against words that plainly go on', async () => {
    const call = new Stage({ stt: { endOfTurnMs: 250 }, llm: () => 'Certainly.' });
    await call.caller.says('I would like to book a table for');
    await call.caller.isSilent(800);
    await call.caller.says('four people tonight please.');
    await call.agentSaid(/Certainly/);
    expect(call.turns).toEqual(['I would like to book a table for four people tonight please.']);
  });

  test('words that come late are waited for', async () => {
    const call = new Stage({ stt: { finalMs: 900 }, llm: () => 'Nine.' });
    const turn = await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/Nine/);
    expect(call.turns).toEqual(['When do you open tomorrow?']);
    const { stages } = call.of('turn.latency')[0]!;
    expect(stages.endpointMs).toBe(300);
    expect(stages.sttMs).toBeGreaterThan(600);
    expect(call.of('turn.ended')[0]!.atMs - turn.toMs).toBeLessThan(1_200);
  });

  test('a noise without words is no turn', async () => {
    const call = new Stage();
    await call.caller.makesNoise(600);
    await call.caller.isSilent(5_000);
    expect(call.turns).toEqual([]);
    expect(call.llms[0]!.requests).toHaveLength(0);
    expect(await call.cleanEnd()).toEqual([]);
  });

  test('words too faint for the voice detector are a turn all the same', async () => {
    const call = new Stage({ vad: { deadMs: [0, 1_400] }, stt: { ownFinalMs: 50 }, llm: () => 'Nine.' });
    await call.caller.says('Are you open?');
    await call.agentSaid(/Nine/);
    expect(call.turns).toEqual(['Are you open?']);
  });
});

describe('a reply begun before the turn is over', () => {
  test('is the one that is spoken: the model is asked once', async () => {
    const call = new Stage({ plan: { thresholds: { endpointingMs: 800 } }, llm: () => 'Nine.' });
    const turn = await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/Nine/);
    expect(call.llms[0]!.requests).toHaveLength(1);
    expect(call.line.audible[0]!.fromMs - turn.toMs).toBeLessThanOrEqual(800 + 25);
    const { stages } = call.of('turn.latency')[0]!;
    expect([stages.sttMs, stages.llmFirstTokenMs, stages.ttsFirstByteMs]).toEqual([0, 0, 0]);
  });

  test('is thrown away when the caller goes on, and leaves no trace', async () => {
    const call = new Stage({
      plan: { thresholds: { endpointingMs: 800 } },
      llm: (_, nth) => (nth === 0 ? 'Too early.' : 'Nine on Sundays.'),
    });
    await call.caller.says('When do you open tomorrow?');
    await call.caller.isSilent(600);
    await call.caller.says('I mean on Sunday.');
    await call.agentSaid(/Sundays/);
    expect(call.turns).toEqual(['When do you open tomorrow? I mean on Sunday.']);
    expect(call.said).toEqual(['Nine on Sundays.']);
    const texts = call.llms[0]!.requests.at(-1)!.messages.map((message) => 'text' in message && message.text);
    expect(texts).toEqual(['You are the receptionist.', 'When do you open tomorrow? I mean on Sunday.']);
    expect(await call.cleanEnd()).toEqual([]);
  });

  test('runs no tool before the turn is over', async () => {
    const ran: number[] = [];
    const call = new Stage({
      plan: { thresholds: { endpointingMs: 900 } },
      tools: [
        {
          spec: { name: 'look', description: 'looks', parameters: { type: 'object' } },
          whenInterrupted: 'abort',
          timeoutMs: 1_000,
          run: async () => {
            ran.push(call.line.lineMs);
            return { ok: true, result: 'seen' };
          },
        },
      ],
      llm: (_, nth) => (nth === 0 ? [{ call: 'look', arguments: {} }] : 'I have looked.'),
    });
    const turn = await call.caller.says('Will you look it up?');
    await call.agentSaid(/looked/);
    expect(ran).toHaveLength(1);
    expect(ran[0]! - turn.toMs).toBeGreaterThanOrEqual(900);
  });

  test('is thrown away when the words change', async () => {
    let calls = 0;
    const call = new Stage({
      plan: { thresholds: { endpointingMs: 1_000 } },
      stt: { ownFinalMs: 130, finalMs: 400 },
      llm: () => `Answer ${++calls}.`,
    });
    const words = call.script.words.bind(call.script);
    call.script.words = (from, to) =>
      words(from, to).replace('tomorrow', call.line.lineMs < 2_000 ? 'two marrow' : 'tomorrow');
    await call.caller.says('When do you open tomorrow?');
    await call.agentSaid(/Answer/);
    expect(call.turns).toEqual(['When do you open tomorrow?']);
    expect(call.said).toEqual(['Answer 2.']);
  });

  test('a caller who goes on after the turn was taken, but before the answer is heard, is not talked over', async () => {
    const call = new Stage({ llm: { firstTokenMs: 1_500, answer: () => 'Nine on Sundays.' } });
    await call.caller.says('When do you open tomorrow?');
    await call.caller.isSilent(900);
    expect(call.turns).toHaveLength(1);
    await call.caller.says('And when do you close on Sunday evenings?');
    await call.agentSaid(/Sundays/);
    expect(call.said).toEqual(['Nine on Sundays.']);
    const last = call.llms[0]!.requests.at(-1)!.messages.at(-1)!;
    expect(last).toEqual({
      role: 'user',
      text: 'When do you open tomorrow? And when do you close on Sunday evenings?',
    });
  });
});

describe('added latency', () => {
  // What the caller waits beyond endpointing, the model's first token and the voice's first byte, whatever runs ahead.
  const cases = [
    ['a recogniser that is asked', 300, {}],
    ['a recogniser that answers by itself', 300, { ownFinalMs: 50 }],
    ['slow endpointing', 700, {}],
    ['quick endpointing', 200, { ownFinalMs: 50 }],
  ] as const;

  test.each(cases)(
    'with %s at %i ms is at most 25 ms, wherever in a frame speech ends',
    async (_, endpointingMs, stt) => {
      const added: number[] = [];
      for (let shift = 0; shift < 20; shift += 3) {
        const call = new Stage({
          plan: { thresholds: { endpointingMs } },
          stt,
          llm: () => 'longer '.repeat(9).concat('longer. ', 'longer '.repeat(9), 'longer.'),
        });
        await call.caller.isSilent(500 + shift);
        const turn = await call.caller.says('Please tell me everything about it.', 3_080);
        await call.agentSpeaks();
        added.push(call.line.audible[0]!.fromMs - turn.toMs - (endpointingMs + 100 + 80));
      }
      expect(Math.max(...added)).toBeLessThanOrEqual(25);
    },
  );

  test('of a long first sentence is what the voice needs for its beginning', async () => {
    const call = new Stage();
    const turn = await call.caller.says('When do you open tomorrow?');
    await call.agentSpeaks();
    expect(call.line.audible[0]!.fromMs - turn.toMs - FIRST_WORDS_MS).toBeLessThanOrEqual(60);
    await call.agentSaid(/holidays/);
    expect(call.said).toEqual([LONG_REPLY]);
  });
});

describe('typed turns', () => {
  test('are answered like spoken ones, without a latency', async () => {
    const call = new Stage({ llm: () => 'Nine.' });
    call.caller.types('When do you open?');
    await call.agentSaid(/Nine/);
    expect(call.turns).toEqual(['When do you open?']);
    expect(call.of('turn.latency')).toHaveLength(0);
  });

  test('stop the agent', async () => {
    const call = new Stage({
      llm: (_, nth) => (nth === 0 ? 'One two three four five six seven eight nine.' : 'Nine.'),
    });
    call.caller.types('Count.');
    await call.agentSpeaks();
    await call.caller.isSilent(1_000);
    call.caller.types('When do you open?');
    await call.agentSaid(/^Nine/);
    expect(call.of('agent.said')[0]).toMatchObject({ interrupted: true });
    expect(await call.cleanEnd()).toEqual([]);
  });

  test('empty ones are nothing', async () => {
    const call = new Stage();
    call.caller.types('  ');
    await call.caller.isSilent(1_000);
    expect(call.turns).toEqual([]);
  });
});
