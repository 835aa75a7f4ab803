import { describe, expect, test } from 'vitest';
import { TTS_MS_PER_CHAR } from '#engine/fakes/scripted-tts';
import type { ToolOutcome } from '#engine/ports';
import { pause } from '#kernel/clock';
import { LONG_REPLY, Stage, type StageOptions } from './stage.ts';

const BACKCHANNELS = [
  'mhm',
  'okay',
  'right',
  'yeah',
  'uh-huh',
  'yes',
  'sure',
  'I see',
  'got it',
  'all right',
  'mm',
  'ok',
  'yep',
  'uh huh',
  'mm-hmm',
  'great',
  'alright',
  'cool',
  'okay okay',
  'yeah yeah',
]; // prettier-ignore

/** How long after `fromMs` the agent could still be heard, up to the next gap. */
function heardAfterMs(call: Stage, fromMs: number): number {
  const stretch = call.line.audible.find((one) => one.fromMs < fromMs && one.toMs > fromMs);
  return stretch ? stretch.toMs - fromMs : 0;
}

/** All words the agent was played, by its own audio: nothing twice and nothing left out. */
async function everythingPlayed(call: Stage): Promise<number> {
  await call.agentSaid(/holidays\.$/);
  return call.line.audible.reduce((sum, one) => sum + one.toMs - one.fromMs, 0);
}

async function speaking(options: StageOptions = {}): Promise<Stage> {
  const call = new Stage({ llm: (_, nth) => (nth === 0 ? LONG_REPLY : 'Ten on Sundays.'), ...options });
  await call.caller.says('When do you open tomorrow?');
  await call.agentSpeaks();
  await call.caller.isSilent(2_000);
  return call;
}

describe('an interruption', () => {
  test.each([
    ['high', 200],
    ['medium', 300],
    ['low', 520],
  ] as const)(
    'at sensitivity %s stops the agent within %i ms of its onset',
    async (interruptionSensitivity, ms) => {
      for (let shift = 0; shift < 40; shift += 7) {
        const call = await speaking({ plan: { thresholds: { interruptionSensitivity } } });
        await call.caller.isSilent(shift);
        const words = await call.caller.says('Wait please, I meant next Sunday.');
        expect(heardAfterMs(call, words.fromMs)).toBeLessThanOrEqual(ms);
        await call.agentSaid(/Ten on Sundays/);
        expect(call.of('agent.interrupted').map((event) => event.resumed)).toEqual([false]);
        expect(await call.cleanEnd()).toEqual([]);
      }
    },
  );

  test('whose first word the voice detector doubts stops the agent as soon, and for good', async () => {
    let onsetMs = Number.POSITIVE_INFINITY;
    const doubts = (atMs: number) => atMs > onsetMs + 150 && atMs < onsetMs + 390;
    const call = await speaking({ vad: { doubts } });
    onsetMs = call.line.lineMs;
    const words = await call.caller.says('Please tell me about next Sunday.');
    expect(heardAfterMs(call, words.fromMs)).toBeLessThanOrEqual(300);
    expect(call.line.audible.filter(({ fromMs }) => fromMs > words.fromMs && fromMs < words.toMs)).toEqual(
      [],
    );
    await call.agentSaid(/Ten on Sundays/);
    expect(call.of('agent.interrupted').map((event) => event.resumed)).toEqual([false]);
    expect(await call.cleanEnd()).toEqual([]);
  });

  test('that begins again after a gap between words holds the agent again at once', async () => {
    const call = await speaking();
    const first = call.script.say('Please', { fromMs: call.line.lineMs, lengthMs: 250 });
    const second = call.script.say('tell me about next Sunday.', { fromMs: first.toMs + 290 });
    await call.clock.advance(second.toMs - first.fromMs);
    expect(heardAfterMs(call, second.fromMs + 120)).toBe(0);
    await call.agentSaid(/Ten on Sundays/);
    expect(await call.cleanEnd()).toEqual([]);
  });

  test('leaves in history and log the words that were played, and no others', async () => {
    const call = await speaking();
    const words = await call.caller.says('Wait please, I meant next Sunday.');
    await call.agentSaid(/Ten on Sundays/);
    const said = call.of('agent.said')[0]!;
    const playedMs = words.fromMs + heardAfterMs(call, words.fromMs) - call.line.audible[0]!.fromMs;
    expect(LONG_REPLY.startsWith(said.text)).toBe(true);
    expect(Math.abs(said.text.length - playedMs / TTS_MS_PER_CHAR)).toBeLessThan(12);
    expect(said).toMatchObject({ interrupted: true });
    expect(said.unheardChars).toBeGreaterThan(20);
    expect(said.toMs).toBeCloseTo(words.fromMs + heardAfterMs(call, words.fromMs), -2);
    expect(call.llms[0]!.requests[1]!.messages.slice(1)).toEqual([
      { role: 'user', text: 'When do you open tomorrow?' },
      { role: 'assistant', text: said.text, interrupted: true },
      { role: 'user', text: 'Wait please, I meant next Sunday.' },
    ]);
  });

  test('uses the voice’s own word times where it gives them', async () => {
    const call = await speaking({ tts: { words: true } });
    await call.caller.says('Wait please, I meant next Sunday.');
    const said = await call.agentSaid(/^Our/);
    expect(LONG_REPLY.startsWith(said.text)).toBe(true);
    expect(said.text.split(' ').length).toBeGreaterThan(4);
  });

  test('stops model and voice with the reply', async () => {
    const call = await speaking({ llm: { tokenMs: 400, answer: () => LONG_REPLY } });
    expect([call.llms[0]!.live, call.ttss[0]!.live]).toEqual([1, 1]);
    await call.caller.says('Wait please, wait, stop.', 1_500);
    expect([call.llms[0]!.live, call.ttss[0]!.live]).toEqual([0, 0]);
  });

  test('of a single word is enough when it is no listener’s noise', async () => {
    const call = await speaking();
    const words = await call.caller.says('Stop.', 350);
    await call.agentSaid(/Ten on Sundays/);
    expect(call.turns.at(-1)).toBe('Stop.');
    expect(heardAfterMs(call, words.fromMs)).toBeLessThanOrEqual(300);
    expect(
      call.line.audible.filter((one) => one.fromMs > words.fromMs && one.fromMs < words.toMs + 400),
    ).toEqual([]);
  });

  test('breaks into an opening too, which is then no more than what was heard', async () => {
    const text = 'Good morning, this is the dental practice of Doctor Miller, how can I help you today?';
    const call = new Stage({ plan: { opening: { mode: 'assistant', text } }, llm: () => 'At nine.' });
    await call.caller.interrupts('When do you open tomorrow?');
    await call.agentSaid(/At nine/);
    const [opening] = call.of('agent.said');
    expect(opening).toMatchObject({ purpose: 'opening', interrupted: true });
    expect(text.startsWith(opening!.text)).toBe(true);
  });

  test('does not cut an announcement, and is answered after it', async () => {
    const announcement = 'This call is recorded for quality and training.';
    const call = new Stage({ plan: { announcement }, llm: () => 'At nine.' });
    await call.caller.interrupts('When do you open tomorrow?', { afterMs: 200 });
    await call.agentSaid(/At nine/);
    expect(call.of('agent.said')[0]).toMatchObject({
      purpose: 'announcement',
      text: announcement,
      interrupted: false,
    });
  });
});

describe('a listener’s noise', () => {
  test.each(BACKCHANNELS)('“%s” does not stop the agent', async (noise) => {
    const call = await speaking();
    await call.caller.says(noise, 350);
    expect(await everythingPlayed(call)).toBeCloseTo(LONG_REPLY.length * TTS_MS_PER_CHAR, -3);
    expect(call.said).toEqual([LONG_REPLY]);
    expect(call.turns).toHaveLength(1);
    expect(call.of('agent.interrupted').every((event) => event.resumed)).toBe(true);
    const gaps = call.line.audible.slice(1).map((one, i) => one.fromMs - call.line.audible[i]!.toMs);
    for (const gap of gaps) expect(gap).toBeLessThanOrEqual(450);
  });

  test('is an answer when the agent had all but finished', async () => {
    const call = new Stage({
      llm: (_, nth) => (nth === 0 ? 'Shall I book that table for you now?' : 'It is booked.'),
    });
    await call.caller.says('I want a table for two at eight tonight.');
    await call.agentSpeaks();
    await call.caller.isSilent('Shall I book that table for you now?'.length * TTS_MS_PER_CHAR - 500);
    await call.caller.says('Yes.', 350);
    await call.agentSaid(/It is booked/);
    expect(call.turns.at(-1)).toBe('Yes.');
  });
});

describe('a short utterance over the agent', () => {
  test.each(['Wait.', 'No.', 'Stop it.'])('“%s” stops it: it claims the floor', async (words) => {
    const call = await speaking();
    await call.caller.says(words, 400);
    await call.agentSaid(/Ten on Sundays/);
    expect(call.turns.at(-1)).toBe(words);
  });

  test('of other words does not, and is answered when the agent has finished', async () => {
    const call = await speaking();
    await call.caller.says('Tuesday.', 400);
    await call.agentSaid(/Ten on Sundays/);
    expect(call.said[0]).toBe(LONG_REPLY);
    expect(call.turns.at(-1)).toBe('Tuesday.');
    expect(call.of('turn.latency')).toHaveLength(1);
  });

  test('and others after it do not add up to an interruption: all of them are answered in the end', async () => {
    const long = `${LONG_REPLY} ${LONG_REPLY}`;
    const call = new Stage({ llm: (_, nth) => (nth === 0 ? long : 'Ten on Sundays.') });
    await call.caller.says('When do you open tomorrow?');
    await call.agentSpeaks();
    for (const words of ['Tuesday.', 'Okay.', 'Right.', 'This one.', 'Yeah.']) {
      await call.caller.isSilent(1_200);
      await call.caller.says(words, 400);
    }
    await call.agentSaid(/Ten on Sundays/);
    expect(call.said[0]).toBe(long);
    expect(call.turns.at(-1)).toMatch(/^Tuesday.*This one/);
  });

  test('of any words stops an agent of high sensitivity', async () => {
    const call = await speaking({ plan: { thresholds: { interruptionSensitivity: 'high' } } });
    await call.caller.says('Tuesday.', 400);
    await call.agentSaid(/Ten on Sundays/);
    expect(call.of('agent.said')[0]).toMatchObject({ interrupted: true });
  });

  test('is an answer when the agent has just asked, even before it has finished', async () => {
    const asking = `Shall I book it? ${LONG_REPLY}`;
    const call = new Stage({ llm: (_, nth) => (nth === 0 ? asking : 'It is booked.') });
    await call.caller.says('I want a table for two at eight tonight.');
    await call.agentSpeaks();
    await call.caller.isSilent('Shall I book it?'.length * TTS_MS_PER_CHAR + 300);
    await call.caller.says('Yes.', 350);
    await call.agentSaid(/It is booked/);
    expect(call.of('agent.said')[0]).toMatchObject({ interrupted: true });
    expect(call.turns.at(-1)).toBe('Yes.');
  });
});

describe('a false interruption', () => {
  test.each([
    ['by clearing and pushing again', {}],
    ['by the line’s own hold', { canHold: true, leadMs: 60 }],
  ])('resumes at the very next sample, %s', async (_, line) => {
    const call = new Stage({ line });
    call.line.keepsPlayed = true;
    await call.caller.says('When do you open tomorrow?');
    await call.agentSpeaks();
    await call.caller.isSilent(2_000);
    await call.caller.makesNoise(400);
    await call.agentSaid(/holidays\.$/);
    const gap = call.line.audible[1]!.fromMs - call.line.audible[0]!.toMs;
    expect(gap).toBeGreaterThan(100);
    expect(gap).toBeLessThan(900);
    expect(call.of('agent.interrupted')).toMatchObject([{ resumed: true }]);

    const undisturbed = new Stage({ line });
    undisturbed.line.keepsPlayed = true;
    await undisturbed.caller.says('When do you open tomorrow?');
    await undisturbed.agentSaid(/holidays\.$/);
    expect(call.line.playedAudio).toEqual(undisturbed.line.playedAudio);
    if ('canHold' in line) expect(call.line.clears).toBe(0);
    expect(await call.cleanEnd()).toEqual([]);
  });

  test('while the agent still thinks only delays the answer', async () => {
    const call = new Stage({ llm: { firstTokenMs: 800, answer: () => 'Nine.' } });
    await call.caller.says('When do you open tomorrow?');
    await call.caller.isSilent(500);
    await call.caller.makesNoise(300);
    await call.agentSaid(/Nine/);
    expect(call.llms[0]!.requests).toHaveLength(1);
    expect(call.turns).toHaveLength(1);
  });

  test('does not end a call when nothing but noise comes for minutes', async () => {
    const call = await speaking();
    for (let i = 0; i < 10; i++) {
      await call.caller.makesNoise(250);
      await call.caller.isSilent(1_000);
    }
    await call.agentSaid(/holidays\.$/);
    expect(call.said).toEqual([LONG_REPLY]);
  });
});

describe('an interruption of a tool', () => {
  const tool = (whenInterrupted: 'abort' | 'finish', done: { aborted?: boolean; finished?: boolean }) => ({
    spec: { name: 'book', description: 'books', parameters: { type: 'object' } },
    whenInterrupted,
    timeoutMs: 20_000,
    run: async (_: unknown, __: unknown, signal: AbortSignal): Promise<ToolOutcome> => {
      signal.addEventListener('abort', () => {
        done.aborted = true;
      });
      await pause(stage!.clock, 4_000, signal);
      if (!signal.aborted) done.finished = true;
      return { ok: true, result: { booked: true } };
    },
  });
  let stage: Stage | undefined;

  async function interrupted(whenInterrupted: 'abort' | 'finish') {
    const done: { aborted?: boolean; finished?: boolean } = {};
    stage = new Stage({
      tools: [tool(whenInterrupted, done)],
      llm: (_, nth) => (nth === 0 ? [{ call: 'book', arguments: {} }] : 'Understood.'),
    });
    await stage.caller.says('Book it please.');
    await stage.until(() => stage!.of('tool.called').length > 0);
    await stage.caller.isSilent(300);
    await stage.caller.says('No wait, make it Tuesday instead.');
    await stage.agentSaid(/Understood/);
    await stage.caller.isSilent(5_000);
    return { call: stage, done };
  }

  test('aborts one that may be aborted', async () => {
    const { call, done } = await interrupted('abort');
    expect(done).toEqual({ aborted: true });
    expect(call.of('tool.returned')).toMatchObject([{ ok: false }]);
    const results = call.llms[0]!.requests[1]!.messages.filter((message) => message.role === 'tool');
    expect(results).toMatchObject([{ result: { error: expect.stringContaining('spoke') } }]);
  });

  test('lets one finish that must, and its result is known later', async () => {
    const { call, done } = await interrupted('finish');
    expect(done).toEqual({ finished: true });
    expect(call.of('tool.returned')).toMatchObject([{ ok: true, result: { booked: true } }]);
    await call.caller.says('Is it booked now?');
    await call.until(() => call.llms[0]!.requests.length === 3);
    const results = call.llms[0]!.requests[2]!.messages.filter((message) => message.role === 'tool');
    expect(results).toMatchObject([{ result: { booked: true } }]);
    expect(await call.cleanEnd()).toEqual([]);
  });
});
