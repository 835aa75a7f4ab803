import { expect, test } from 'vitest';
import { mulaw } from '#audio/codec';
import { Pacer } from '#audio/pacer';
import type { CallEvent } from '#engine/events';
import { CallerScript } from '#engine/fakes/caller-script';
import { FakeClock } from '#engine/fakes/fake-clock';
import { ScriptedLlm } from '#engine/fakes/scripted-llm';
import { ScriptedStt } from '#engine/fakes/scripted-stt';
import { ScriptedTts, TTS_MS_PER_CHAR } from '#engine/fakes/scripted-tts';
import { scriptedVad } from '#engine/fakes/scripted-vad';
import { startCall } from '#engine/session';
import { PacedLine, type Wire } from '#gateways/paced-line';
import { byWords, LONG_REPLY, PLAN, Stage } from './stage.ts';

/** A telephone at the far end of the wire: plays what it got in real time, forgets it on `clear`. */
class Phone implements Wire {
  readonly #clock: FakeClock;
  readonly heard: number[] = [];
  #waiting: number[] = [];
  clears = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
    this.#play();
  }

  audio(bytes: Buffer, from: number, to: number): void {
    for (let i = from; i < to; i++) this.#waiting.push(bytes[i]!);
  }

  clear(): void {
    this.clears++;
    this.#waiting = [];
  }

  close(): void {
    this.#waiting = [];
  }

  #play(): void {
    this.heard.push(...this.#waiting.splice(0, 8));
    this.#clock.after(1, () => this.#play());
  }
}

/** By how many samples `other` is not `one`, at a single place: the telephone plays whole milliseconds. */
function missedSamples(one: readonly number[], other: readonly number[]): number {
  let same = 0;
  while (same < one.length && one[same] === other[same]) same++;
  let tail = 0;
  while (tail < one.length - same && one.at(-1 - tail) === other.at(-1 - tail)) tail++;
  return Math.max(one.length, other.length) - same - tail;
}

/** Begins a call over the gateway’s own line. What its caller says from `stall.fromMs` on arrives when that is over. */
function begin(stall = { fromMs: 0, toMs: 0 }) {
  const clock = new FakeClock();
  const phone = new Phone(clock);
  const pacer = new Pacer({ clock });
  const line = new PacedLine({ rateHz: 8000, codec: mulaw, wire: phone, pacer, clock });
  const script = new CallerScript();
  const events: CallEvent[] = [];
  const llm = new ScriptedLlm({ clock, answer: (_, nth) => (nth === 0 ? LONG_REPLY : 'Ten on Sundays.') });
  const voices = {
    vad: scriptedVad(),
    stt: [new ScriptedStt({ clock, script })],
    llm: [llm],
    tts: [{ engine: new ScriptedTts({ clock }), voice: 'tone' }],
    turns: byWords,
  };
  const control = { transfer: async () => false, sendDigits: async () => false };
  const session = startCall(PLAN, { line, voices, control, clock, emit: (event) => events.push(event) });
  const startMs = clock.nowMs();
  const samples = new Int16Array(160);
  let sentMs = 0;
  const microphone = () => {
    const nowMs = clock.nowMs() - startMs;
    const isStalled = nowMs >= stall.fromMs && nowMs < stall.toMs;
    for (; !isStalled && sentMs < nowMs; sentMs += 20) {
      script.render(samples, 8000, sentMs);
      line.hear(samples, sentMs);
    }
    if (!line.signal.aborted) clock.after(20, microphone);
  };
  clock.after(20, microphone);
  return { clock, phone, script, session, events, startMs };
}

/** A call whose caller does what `act` does while the agent tells a long story. */
async function call(act: (script: CallerScript, nowMs: number) => void) {
  const { clock, phone, script, session, events, startMs } = begin();
  script.say('When do you open tomorrow?', { fromMs: 200 });
  await clock.until(() => phone.heard.length > 0);
  await clock.advance(2_000);
  act(script, clock.nowMs() - startMs);
  await clock.until(() => events.some((event) => event.type === 'agent.said'));
  await clock.advance(3_000);
  session.hangUp('drained');
  await clock.advance(0);
  return { phone, events };
}

test('over the gateway’s line a false interruption is not heard but as a pause', async () => {
  const disturbed = await call((script, nowMs) => script.noise({ fromMs: nowMs, lengthMs: 400 }));
  const undisturbed = await call(() => {});
  expect(disturbed.phone.clears).toBeGreaterThan(0);
  expect(missedSamples(disturbed.phone.heard, undisturbed.phone.heard)).toBeLessThanOrEqual(16);
  expect(disturbed.events.filter((event) => event.type === 'agent.interrupted')).toMatchObject([
    { resumed: true },
  ]);
});

test('over the gateway’s line the log holds what the telephone played', async () => {
  const { phone, events } = await call((script, nowMs) => {
    script.say('Wait please, I meant next Sunday.', { fromMs: nowMs });
  });
  const [said, answer] = events.filter((event) => event.type === 'agent.said');
  expect(LONG_REPLY.startsWith(said!.text)).toBe(true);
  const answerMs = answer!.text.length * TTS_MS_PER_CHAR;
  const playedMs = phone.heard.length / 8 - answerMs;
  expect(Math.abs(said!.text.length * TTS_MS_PER_CHAR - playedMs)).toBeLessThan(700);
});

test('words that a slow network brought late leave the turns that follow their pauses', async () => {
  const { clock, script, session, events, startMs } = begin({ fromMs: 1_000, toMs: 2_500 });
  script.say('When do you open on the first Monday of the month?', { fromMs: 500 });
  await clock.advance(4_000);
  await clock.until(() => events.some((event) => event.type === 'agent.said'));
  await clock.advance(8_000);
  const before = events.filter((event) => event.type === 'turn.ended').length;
  const fromMs = clock.nowMs() - startMs + 1_000;
  script.say('I would like to', { fromMs });
  script.say('come on Sunday.', { fromMs: fromMs + 1_200 + 700 });
  await clock.advance(8_000);
  session.hangUp('drained');
  await clock.advance(0);
  const turns = events.filter((event) => event.type === 'turn.ended').map(({ text }) => text);
  expect(turns.slice(before)).toEqual(['I would like to come on Sunday.']);
});

test('text is not synthesized far ahead of what is heard', async () => {
  const clock = new FakeClock();
  const story = 'This is a sentence of a very long story. '.repeat(60);
  const stage = new Stage({ clock, llm: () => story });
  stage.caller.types('Tell me a story.');
  await stage.agentSpeaks();
  for (let i = 0; i < 60; i++) {
    await clock.advance(1_000);
    expect(stage.line.queuedMs).toBeLessThan(10_000);
  }
  expect(stage.isAudible()).toBe(true);
  expect(stage.line.audible).toHaveLength(1);
  expect(stage.ttss[0]!.texts.length).toBeLessThan(36);
  expect(await stage.cleanEnd()).toEqual([]);
});
