import type { SampleRate } from '#audio/frame';
import { childOf, Deadline, OVER } from '#engine/deadline';
import type { CallEventBody } from '#engine/events';
import type { Fallback, Link } from '#engine/fallback';
import { ProviderError, type SpeechChunk, type TextToSpeech, type Voices } from '#engine/ports';
import type { Speech } from '#engine/speech';
import type { Clock } from '#kernel/clock';
import type { TurnId } from '#kernel/ids';

export type TtsVoice = Voices['tts'][number];

export interface SynthesisDeps {
  chain: Fallback<TtsVoice>;
  clock: Clock;
  speed: number;
  language: string;
  rateHz: SampleRate;
  /** Whether little enough audio waits to be played for the next text to be synthesized. */
  hasRoom(speech: Speech): boolean;
  /** Audio was taken in. */
  grown(speech: Speech): void;
  report(event: CallEventBody, turnId: TurnId | undefined): void;
}

/** A voice that owes audio for a text must bring the first of it, and the next, within this. */
const STALL_MS = 3_000;
/** Nobody speaks faster: less audio than this for what was given means that some is still owed. */
const LEAST_MS_PER_CHAR = 30;

/**
 * Makes the audio of `speech` as its text comes, with the next voice when one fails. Resolves when all of it has been
 * taken in or the speech was stopped; rejects with the last voice's failure when none is left.
 */
export async function synthesize(speech: Speech, deps: SynthesisDeps): Promise<void> {
  const { chain } = deps;
  const tried: Link<TtsVoice>[] = [];
  let from = 0;
  for (;;) {
    const link = chain.next(tried);
    if (link === null) throw speech.failure ?? new ProviderError('tts', 'unavailable', 'no voice is left');
    tried.push(link);
    try {
      await speakWith(link, { speech, from }, deps);
      if (speech.signal.aborted) return;
      chain.worked(link);
      return;
    } catch (thrown) {
      if (speech.signal.aborted) return;
      speech.failure = thrown;
      chain.failed(link, thrown, chain.next(tried) !== null);
      from = speech.resplit();
    }
  }
}

async function speakWith(
  link: Link<TtsVoice>,
  job: { speech: Speech; from: number },
  deps: SynthesisDeps,
): Promise<void> {
  const { speech } = job;
  const { controller, release } = childOf(speech.signal);
  const attempt = new Attempt(link, job, deps);
  const { engine, voice } = link.use;
  const { speed, language, rateHz } = deps;
  const options = { voice, speed, language, rateHz };
  const chunks = engine
    .speak(attempt.texts(controller.signal), options, controller.signal)
    [Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await attempt.deadline.race(chunks.next(), speech.signal);
      if (next.done) break;
      attempt.took(next.value);
      speech.take(next.value);
      deps.grown(speech);
    }
    attempt.ended();
  } finally {
    attempt.deadline.disarm();
    controller.abort(OVER);
    speech.wake();
    release();
    Promise.resolve(chunks.return?.()).catch(() => {});
    attempt.bill();
  }
}

/** One voice's try at a speech: what it was given, what it owes, and by when. */
class Attempt {
  readonly deadline: Deadline;
  readonly #link: Link<TtsVoice>;
  readonly #job: { speech: Speech; from: number };
  readonly #deps: SynthesisDeps;
  #givenChars = 0;
  #audioMs = 0;
  /** The voice has asked for a text that is not there yet. */
  #isWaiting = false;

  constructor(link: Link<TtsVoice>, job: { speech: Speech; from: number }, deps: SynthesisDeps) {
    this.#link = link;
    this.#job = job;
    this.#deps = deps;
    this.deadline = new Deadline(
      deps.clock,
      () => new ProviderError(link.name, 'stalled', 'no audio in time'),
    );
  }

  async *texts(signal: AbortSignal): AsyncGenerator<string> {
    const { speech, from } = this.#job;
    for (let index = from; ; index++) {
      this.#isWaiting = true;
      this.#expect();
      const text = await speech.textAt(index, { hasRoom: () => this.#deps.hasRoom(speech), signal });
      if (signal.aborted) return;
      this.#isWaiting = false;
      if (text === undefined) break;
      this.#givenChars += text.length;
      this.#expect();
      yield text;
    }
    this.#expect();
  }

  took({ samples, rateHz }: SpeechChunk): void {
    this.#audioMs += (samples.length * 1000) / rateHz;
    this.#expect();
  }

  /** Sets the deadline anew; none while the voice has said all it was given and waits for more. */
  #expect(): void {
    const owes = !this.#isWaiting || this.#audioMs < this.#givenChars * LEAST_MS_PER_CHAR;
    if (owes && this.#givenChars > 0 && !this.#job.speech.signal.aborted) this.deadline.arm(STALL_MS);
    else this.deadline.disarm();
  }

  /** The stream ended without a failure: it must have spoken at all. */
  ended(): void {
    if (this.#audioMs > 0 || this.#givenChars === 0 || this.#job.speech.signal.aborted) return;
    throw new ProviderError(this.#link.name, 'closed', 'no audio came');
  }

  bill(): void {
    if (this.#givenChars === 0) return;
    const provider = (this.#link.use.engine satisfies TextToSpeech).name;
    this.#deps.report(
      { type: 'usage', stage: 'tts', provider, unit: 'chars', amount: this.#givenChars },
      this.#job.speech.order.turnId,
    );
  }
}
