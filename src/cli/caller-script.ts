import { readFile } from 'node:fs/promises';
import type { SampleRate } from '#audio/frame';
import { resample } from '#audio/resample';
import { readWav } from '#audio/wav';
import type { Step } from '#cli/call-options';
import type { CallerVoice } from '#cli/caller-voice';
import { type CallerTurn, finishReply } from '#cli/conversation';
import { DemoCaller, NO_THANKS } from '#cli/demo-caller';
import type { Ear } from '#cli/ear';
import type { TranscriptEntry } from '#cli/platform';
import { CommandError } from '#cli/terminal';
import { demoCallerLines } from '#runtime/demo-receptionist';

/** What a script works with. */
export interface Cast {
  ear: Ear;
  /** The agent's words so far, entry by entry, as the server has them. */
  agentSaid: readonly TranscriptEntry[];
}

/** Makes the turns of a call, given who is on the line. */
export type CallerScript = (cast: Cast) => AsyncIterable<CallerTurn>;

/** The steps of the command line, in their order. Throws CommandError for a file that cannot be played. */
export async function prepareSteps(steps: readonly Step[], voice: CallerVoice): Promise<CallerScript> {
  const turns = await Promise.all(steps.map((step) => prepare(step, voice)));
  return async function* () {
    yield* turns;
  };
}

async function prepare(step: Step, voice: CallerVoice): Promise<CallerTurn> {
  const { interruptAfterMs } = step;
  switch (step.kind) {
    case 'say':
      return { label: step.text, audio: await voice.speak(step.text), digits: null, interruptAfterMs };
    case 'wav':
      return { label: step.path, audio: await readSpeech(step.path), digits: null, interruptAfterMs };
    case 'digits':
      return { label: `[${step.digits}]`, audio: null, digits: step.digits, interruptAfterMs };
  }
}

/** The server writes what was said a moment after it was said. */
const WRITTEN_MS = 4_000;
/** The server's clock of the call and the phone's differ by how long the call took to start. */
const CLOCKS_APART_MS = 700;

/** The demo: asks for the hours, interrupts an answer, books an appointment and says goodbye. */
export async function prepareDemo(voice: CallerVoice): Promise<CallerScript> {
  const spoken = new Map<string, Int16Array>();
  for (const { text } of [...demoCallerLines, NO_THANKS]) spoken.set(text, await voice.speak(text));
  return async function* (cast) {
    const caller = new DemoCaller(demoCallerLines);
    const nextLine = async () => {
      const interruption = caller.interruption();
      if (interruption) return interruption;
      await finishReply(cast.ear);
      return caller.next(await latestWords(cast));
    };
    for (let line = await nextLine(); line; line = await nextLine()) {
      const { text, interruptAfterMs } = line;
      yield { label: text, audio: spoken.get(text)!, digits: null, interruptAfterMs };
    }
  };
}

/** What the agent has said since the caller last began to speak; waits until the server has written all of it. */
async function latestWords({ ear, agentSaid }: Cast): Promise<string> {
  const fromMs = (ear.caller.at(-1)?.fromMs ?? 0) - CLOCKS_APART_MS;
  const toMs = (ear.agent.at(-1)?.toMs ?? 0) - CLOCKS_APART_MS;
  await ear.until(() => agentSaid.some((entry) => entry.atMs > fromMs && entry.endMs >= toMs), WRITTEN_MS);
  const latest = agentSaid.filter((entry) => entry.atMs > fromMs);
  return latest.map((entry) => entry.text).join(' ');
}

const RATES: readonly number[] = [8000, 16000, 22050, 24000, 44100, 48000] satisfies SampleRate[];

/** The left channel of a WAV file at 8000 Hz. */
async function readSpeech(path: string): Promise<Int16Array> {
  try {
    const wav = readWav(await readFile(path));
    if (!RATES.includes(wav.rateHz)) throw new Error(`${wav.rateHz} Hz is none of ${RATES.join(', ')}`);
    return resample(wav.channels[0]!, wav.rateHz as SampleRate, 8000);
  } catch (error) {
    throw new CommandError(`${path}: ${error instanceof Error ? error.message : error}`, 2);
  }
}
