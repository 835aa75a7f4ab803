import { Pacer } from '#audio/pacer';
import { type CallerVoice, openCallerVoice } from '#cli/caller-voice';
import type { StoredCall } from '#cli/platform';
import { systemClock } from '#kernel/clock';
import type { HumanPrompt } from '#test/support/human-speech';
import type { BenchServer } from './bench-server.ts';
import { drawer, quantile, several, spreadOf, verdict } from './figures.ts';
import { firstAudible, lastAudible, lengthMs, longestGap, trimmed } from './levels.ts';
import { PhoneLine } from './phone-line.ts';

const REQUIRED_STOP_MS = 300;
const AIMED_GAP_MS = 400;
const CALLS_AT_ONCE = 3;
const BACKCHANNELS_A_CALL = 7;
const SEED = 11;
const ANSWER_MS = 6_000;
const REPLY_MS = 90_000;
/** A listener's noise comes this long after the last, and its gap is looked for within as long. */
const APART_MS = 3_600;
const REPLY_OVER_MS = 1_500;

const QUESTION = 'What is the history of the mill?';
const STORY =
  'The mill was built by a farmer who needed flour for his bakery in the next village. ' +
  'His two sons kept the wheel turning for more than forty years and sold bread to half the county. ' +
  'A flood carried the old wheel away and the family bought a small engine from a sawmill. ' +
  'Later the building stood empty until a painter moved in and filled the rooms with colour. ' +
  'She opened the doors every summer and people came from far away to see her work. ' +
  'Today the ground floor is a restaurant where the old stones are still in their place. ' +
  'Upstairs there is a little museum that tells children how grain is turned into flour. ' +
  'On most days you can hear the water run under the floor while you eat your dinner.';

/** What listeners say, in the three embedded voices that the agent does not have. */
const BACKCHANNELS = ['okay', 'right', 'yeah', 'I see', 'uh huh', 'yes', 'sure'].flatMap((text) =>
  ['awb', 'slt', 'kal16'].map((voice) => ({ text, voice })),
);

interface Interruption {
  prompt: HumanPrompt;
  /** From the caller's first energetic sample to the agent's last audible one. */
  stopMs: number;
  isStoredInterrupted: boolean;
}

interface Listening {
  text: string;
  voice: string;
  lengthMs: number;
  /** The longest time without audible agent from its onset on. */
  gapMs: number;
  hasStopped: boolean;
}

/** A person breaks into a long reply; a listener only murmurs over it. */
export async function measureBargeIn(server: BenchServer, sentences: readonly HumanPrompt[]): Promise<void> {
  const agent = await server.createAgent({
    name: 'Barge-in',
    firstMessageMode: 'caller',
    endpointingMs: null,
    interruptionSensitivity: 'medium',
    knowledge: `Q: ${QUESTION}\nA: ${STORY}`,
  });
  const question = trimmed(await spoken(QUESTION, 'rms'));
  const bench = new BargeIn({ server, agentId: agent.id, question });
  reportInterruptions(await bench.interrupt(sentences));
  await bench.murmur();
}

interface BargeInDeps {
  server: BenchServer;
  agentId: string;
  question: Int16Array;
}

class BargeIn {
  readonly #deps: BargeInDeps;
  readonly #pacer = new Pacer({ clock: systemClock });
  readonly #draw = drawer(SEED);

  constructor(deps: BargeInDeps) {
    this.#deps = deps;
  }

  async interrupt(sentences: readonly HumanPrompt[]): Promise<Interruption[]> {
    const found = await several(sentences, CALLS_AT_ONCE, (prompt) => this.#interruptOnce(prompt));
    return found.flatMap((one) => one ?? []);
  }

  /** Murmurs over one reply after the other, until each noise has been made once. */
  async murmur(): Promise<void> {
    const voices = await Promise.all(
      BACKCHANNELS.map(async ({ text, voice }) => ({
        text,
        voice,
        samples: trimmed(await spoken(text, voice)),
      })),
    );
    const calls: (typeof voices)[] = [];
    for (let at = 0; at < voices.length; at += BACKCHANNELS_A_CALL)
      calls.push(voices.slice(at, at + BACKCHANNELS_A_CALL));
    const results = await several(calls, calls.length, (noises) => this.#murmurOnce(noises));
    reportListening(results);
  }

  /** Rings, asks for the story and waits until the agent tells it; null when it doesn't. */
  async #story(): Promise<PhoneLine | null> {
    const { server, agentId, question } = this.#deps;
    for (let attempt = 0; attempt < 3; attempt++) {
      const line = await PhoneLine.ring({ platform: server.platform, agentId, pacer: this.#pacer });
      await line.listen(400);
      const { toMs } = await line.say(question);
      const beganMs = await line.answerAfter(toMs, ANSWER_MS);
      await line.listen(2_500);
      const isLong = line.ear.agent.length > 0 && !line.ear.isAgentQuiet(REPLY_OVER_MS);
      if (beganMs !== null && isLong) return line;
      await line.end();
    }
    return null;
  }

  async #interruptOnce(prompt: HumanPrompt): Promise<Interruption | null> {
    const line = await this.#story();
    if (line === null) return null;
    await line.listen(this.#draw() * 3_000);
    const samples = trimmed(prompt.samples8k);
    await untilSpeaking(line);
    const { fromMs, toMs } = await line.say(samples);
    await line.listen(600);
    const lastMs = lastAudible(line.heard, { fromMs, toMs }) ?? fromMs;
    const call = await line.end();
    return {
      prompt,
      stopMs: lastMs - fromMs,
      isStoredInterrupted: agentEntries(call)[0]?.interrupted === true,
    };
  }

  async #murmurOnce(noises: readonly { text: string; voice: string; samples: Int16Array }[]) {
    const line = await this.#story();
    const heard: Listening[] = [];
    if (line === null) return { heard, stops: 0, isWhole: false };
    for (const { text, voice, samples } of noises) {
      await untilSpeaking(line);
      const { fromMs } = await line.say(samples);
      await line.listen(fromMs + APART_MS - line.nowMs);
      const gapMs = longestGap(line.heard, { fromMs, toMs: fromMs + APART_MS });
      const hasStopped =
        firstAudible(line.heard, { fromMs: fromMs + APART_MS / 2, toMs: fromMs + APART_MS }) === null;
      heard.push({ text, voice, lengthMs: lengthMs(samples), gapMs, hasStopped });
      if (hasStopped) break;
    }
    await line.untilQuiet(REPLY_OVER_MS, REPLY_MS);
    const entries = agentEntries(await line.end());
    const told = entries[0];
    return {
      heard,
      // An agent that was stopped may speak again so soon that the audio does not tell.
      stops: entries.filter(({ interrupted }) => interrupted).length,
      isWhole: told !== undefined && !told.interrupted && told.text.endsWith(STORY.slice(-20)),
    };
  }
}

/** The moment at which the agent can be heard, so that a noise never falls between two sentences. */
async function untilSpeaking(line: PhoneLine): Promise<void> {
  const isSpeaking = () => {
    const toMs = line.nowMs;
    return firstAudible(line.heard, { fromMs: toMs - 20, toMs }) !== null;
  };
  await line.ear.until(isSpeaking, 3_000);
}

function agentEntries(call: StoredCall) {
  return call.transcript.filter(({ role }) => role === 'assistant');
}

const voices = new Map<string, Promise<CallerVoice>>();

async function spoken(text: string, voice: string): Promise<Int16Array> {
  const opened = voices.get(voice) ?? openCallerVoice(voice);
  voices.set(voice, opened);
  return (await opened).speak(text);
}

/** Lets the synthesizers go. */
export async function closeVoices(): Promise<void> {
  for (const voice of voices.values()) await (await voice).close();
  voices.clear();
}

function reportInterruptions(found: readonly Interruption[]): void {
  const stops = found.map(({ stopMs }) => stopMs);
  const stored = found.filter(({ isStoredInterrupted }) => isStoredInterrupted).length;
  console.log(
    `\nBarge-in, ${found.length} human sentences over a long reply, ${CALLS_AT_ONCE} calls at a time`,
  );
  console.table({ 'onset to the last audible sample of the agent, ms': spreadOf(stops) });
  for (const { prompt, stopMs } of found)
    if (stopMs > REQUIRED_STOP_MS) console.log(`  ${Math.round(stopMs)} ms: ${prompt.text}`);
  const within = stops.filter((ms) => ms <= REQUIRED_STOP_MS).length;
  const p95 = quantile(stops, 0.95);
  verdict(
    `p95 at most ${REQUIRED_STOP_MS} ms`,
    `${Math.round(p95)} ms (${within} of ${found.length} within)`,
    p95 <= REQUIRED_STOP_MS,
  );
  verdict(
    'the reply is stored as interrupted',
    `${stored} of ${found.length}`,
    stored === found.length && stored > 0,
  );
}

interface Murmured {
  heard: readonly Listening[];
  /** Replies that the noises stopped, as stored. */
  stops: number;
  isWhole: boolean;
}

function reportListening(calls: readonly Murmured[]): void {
  const heard = calls.flatMap((call) => call.heard);
  console.log(`\nBackchannels, ${heard.length} over ${calls.length} long replies, all at a time`);
  const rows = heard.map(({ text, voice, lengthMs: ms, gapMs, hasStopped }) => ({
    noise: text,
    voice,
    'length ms': Math.round(ms),
    'audible gap ms': Math.round(gapMs),
    'quiet after': hasStopped,
  }));
  console.table(rows);
  const stopped = calls.reduce((sum, { stops }) => sum + stops, 0);
  const whole = calls.filter(({ isWhole }) => isWhole).length;
  const gap = quantile(
    heard.filter(({ hasStopped }) => !hasStopped).map(({ gapMs }) => gapMs),
    0.5,
  );
  const isWhole = stopped === 0 && whole === calls.length && heard.length >= 20;
  verdict(
    'no backchannel of 20 and more stops the agent',
    `${stopped} of ${heard.length} did, ${whole} of ${calls.length} replies stored whole`,
    isWhole,
  );
  verdict(`median gap at most ${AIMED_GAP_MS} ms (aimed at)`, `${Math.round(gap)} ms`, gap <= AIMED_GAP_MS);
}
