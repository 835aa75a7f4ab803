import type { SampleRate } from '#audio/frame';
import { Resampler } from '#audio/resample';
import { OVER } from '#engine/deadline';
import type { SayPurpose } from '#engine/events';
import { type HeardText, heardText, type Span } from '#engine/heard';
import type { SpeechChunk } from '#engine/ports';
import type { TurnId } from '#kernel/ids';

export interface SpeechOrder {
  purpose: SayPurpose;
  turnId: TurnId | undefined;
  /** Synthesizes its first piece only, and plays nothing, until it is released. */
  rehearse: boolean;
  /** Called once, when all that will ever be heard of it has been. */
  onSettled?(said: Said): void;
  /** The first synthesized audio is there. */
  onAudio?(): void;
}

/** What the caller heard of one speech. */
export interface Said extends HeardText {
  readonly interrupted: boolean;
}

/** Synthesized audio at the line's rate, and its place within the speech. */
interface Piece {
  samples: Int16Array;
  fromMs: number;
}

const MS_PER_CHAR = 65;
/** The most silence left out, what counts as silence, and how much of it is kept before the first sound. */
const LEAD_IN_MS = 300;
const AUDIBLE = 80;
const ATTACK_MS = 10;
/** Who answers a question does so within this much of what follows it. */
const JUST_MS = 1_200;
const SENTENCE_END = /[.!?…。！？]["')\]]*$/;

/**
 * One thing the agent says: the pieces of text it is given, the audio made of them, and how far the caller has heard
 * it. The voice plays it, the synthesis fills it.
 */
export class Speech {
  readonly order: SpeechOrder;
  readonly signal: AbortSignal;
  readonly #abort = new AbortController();
  readonly #rateHz: SampleRate;
  readonly #texts: string[] = [];
  #spans: Span[] = [];
  #pieces: Piece[] = [];
  #audioMs = 0;
  #droppedChars = 0;
  /** Silence left out before the first sound; places of text count from where it would have begun. */
  #trimmedMs = 0;
  #isTextComplete = false;
  #isReleased: boolean;
  #resampler: Resampler | undefined;
  /** Syntheses that wait for text or for room: one, or two while a voice is being replaced. */
  #waiting: (() => void)[] = [];
  #waitsFor: 'text' | 'room' = 'text';
  /** The next piece to push. */
  next = 0;
  /** Where on the line's count of played audio this speech begins; null until it is pushed. */
  startMs: number | null = null;
  /** No more audio will come. */
  isComplete = false;
  /** Its start has been told of. */
  announcedMs: number | null = null;
  failure: unknown;

  constructor(order: SpeechOrder, rateHz: SampleRate) {
    this.order = order;
    this.signal = this.#abort.signal;
    this.#rateHz = rateHz;
    this.#isReleased = !order.rehearse;
  }

  get isReleased(): boolean {
    return this.#isReleased;
  }

  get audioMs(): number {
    return this.#audioMs;
  }

  /** Line position of its end, as far as it has been synthesized. */
  get endMs(): number {
    return (this.startMs ?? 0) + this.#audioMs;
  }

  /** Text given so far, in the order it is spoken. */
  get text(): string {
    return this.#texts.join(' ');
  }

  say(texts: readonly string[]): void {
    this.#texts.push(...texts);
    this.wake();
  }

  /** No more text will come. */
  end(): void {
    this.#isTextComplete = true;
    this.wake();
  }

  release(): void {
    this.#isReleased = true;
    this.wake();
  }

  /** Stops its synthesis. What has been synthesized stays. */
  stop(): void {
    this.#abort.abort(OVER);
    this.wake();
  }

  /** Some of what waited to be played has been. */
  makeRoom(): void {
    if (this.#waiting.length > 0 && this.#waitsFor === 'room') this.wake();
  }

  /** Lets a synthesis that waits for text or for room look again. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /**
   * The text at `index`, when it is there and may be synthesized; undefined when there is no more, or the attempt that
   * asks is over (and `wake` was called).
   */
  async textAt(
    index: number,
    attempt: { hasRoom(): boolean; signal: AbortSignal },
  ): Promise<string | undefined> {
    for (;;) {
      if (attempt.signal.aborted) return undefined;
      const mayGoOn = index === 0 || (this.#isReleased && attempt.hasRoom());
      if (index < this.#texts.length && mayGoOn) return this.#texts[index];
      if (index >= this.#texts.length && this.#isTextComplete) return undefined;
      this.#waitsFor = index < this.#texts.length ? 'room' : 'text';
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** Takes synthesized audio in. */
  take(chunk: SpeechChunk): void {
    const { text, words, rateHz } = chunk;
    if (text !== undefined) this.#spans.push({ text: text.trim(), fromMs: this.#audioMs, words });
    const samples = this.#pieces.length === 0 ? this.#withoutLeadIn(chunk) : chunk.samples;
    if (samples.length > 0) this.#append(this.#atLineRate({ samples, rateHz }));
  }

  /** Voices begin with up to a quarter of a second of nothing: the caller need not wait for that. */
  #withoutLeadIn({ samples, rateHz }: SpeechChunk): Int16Array {
    const most = Math.round(((LEAD_IN_MS - this.#trimmedMs) * rateHz) / 1000);
    let quiet = 0;
    while (quiet < samples.length && Math.abs(samples[quiet]!) < AUDIBLE) quiet++;
    const skip = Math.max(0, Math.min(most, quiet - Math.round((ATTACK_MS * rateHz) / 1000)));
    this.#trimmedMs += (skip * 1000) / rateHz;
    const span = this.#spans.at(-1);
    if (span) this.#spans[this.#spans.length - 1] = { ...span, fromMs: -this.#trimmedMs };
    if (skip < samples.length) this.order.onAudio?.();
    return samples.subarray(skip);
  }

  /** No more audio will come. */
  complete(): void {
    if (this.#resampler) this.#append(Int16Array.from(this.#resampler.flush()));
    this.#resampler = undefined;
    this.isComplete = true;
  }

  #atLineRate({ samples, rateHz }: SpeechChunk): Int16Array {
    if (rateHz === this.#rateHz) return samples;
    if (this.#resampler?.fromHz !== rateHz) this.#resampler = new Resampler(rateHz, this.#rateHz);
    return Int16Array.from(this.#resampler.push(samples));
  }

  #append(samples: Int16Array): void {
    if (samples.length === 0) return;
    this.#pieces.push({ samples, fromMs: this.#audioMs });
    this.#audioMs += this.#msOf(samples);
  }

  /** The next piece of audio for the line, or undefined. Pieces that have been played are let go. */
  nextPiece(playedMs: number): Int16Array | undefined {
    const heardMs = this.startMs === null ? 0 : playedMs - this.startMs;
    while (this.next > 0 && this.#pieces[0]!.fromMs + this.#msOf(this.#pieces[0]!.samples) < heardMs) {
      this.#pieces.shift();
      this.next--;
    }
    const piece = this.#pieces[this.next];
    if (piece) this.next++;
    return piece?.samples;
  }

  /** Makes ready to be pushed again from the first sample that has not been played. */
  rewind(playedMs: number): void {
    if (this.startMs === null) return;
    const heardMs = playedMs - this.startMs;
    if (heardMs <= 0) {
      this.startMs = null;
      this.next = 0;
      return;
    }
    const at = this.#pieces.findIndex((piece) => piece.fromMs + this.#msOf(piece.samples) > heardMs);
    if (at < 0) {
      this.next = this.#pieces.length;
      return;
    }
    const piece = this.#pieces[at]!;
    const skip = Math.max(0, Math.round(((heardMs - piece.fromMs) * this.#rateHz) / 1000));
    const fromMs = piece.fromMs + (skip * 1000) / this.#rateHz;
    this.#pieces.splice(0, at + 1, { samples: piece.samples.subarray(skip), fromMs });
    this.next = 0;
  }

  /** Ends the speech with the sentence that is being played; false when nothing of it is left to play. */
  cutAfterSentence(playedMs: number): boolean {
    const heardMs = this.startMs === null ? 0 : playedMs - this.startMs;
    let last = this.#spans.findLastIndex((span) => span.fromMs <= heardMs);
    while (last >= 0 && last < this.#spans.length - 1 && !SENTENCE_END.test(this.#spans[last]!.text)) last++;
    const endMs = this.#spans[last + 1]?.fromMs ?? this.#audioMs;
    for (const span of this.#spans.splice(last + 1)) this.#droppedChars += span.text.length;
    this.#pieces = this.#pieces.filter((piece) => piece.fromMs < endMs - 0.01);
    const tail = this.#pieces.at(-1);
    if (tail) {
      const count = Math.round(((endMs - tail.fromMs) * this.#rateHz) / 1000);
      if (count < tail.samples.length) tail.samples = tail.samples.subarray(0, count);
    }
    this.#audioMs = endMs;
    this.#resampler = undefined;
    this.isComplete = true;
    this.stop();
    return endMs > heardMs;
  }

  /**
   * Where another voice goes on after one that broke off: the index of the first text not spoken. A text broken off in
   * the middle is split at the word that its audio reaches, by the usual rate of speech.
   */
  resplit(): number {
    let spoken = 0;
    for (const span of this.#spans.slice(0, -1)) spoken += letters(span.text);
    const last = this.#spans.at(-1);
    let index = 0;
    for (let sum = 0; index < this.#texts.length; index++) {
      sum += letters(this.#texts[index]!);
      if (sum > spoken) break;
    }
    if (last === undefined || index >= this.#texts.length) return index;
    const share = Math.min(1, (this.#audioMs - last.fromMs) / (last.text.length * MS_PER_CHAR));
    const words = last.text.split(' ');
    const said = Math.min(words.length, Math.floor(words.length * share));
    if (said >= words.length - 1) return index + 1;
    this.#spans.pop();
    const [before, after] = [words.slice(0, said).join(' '), words.slice(said).join(' ')];
    if (before !== '')
      this.#spans.push({ text: before, fromMs: last.fromMs, words: last.words?.slice(0, said) });
    this.#texts.splice(index, 1, ...[before, after].filter((part) => part !== ''));
    return before === '' ? index : index + 1;
  }

  /** Whether the piece being played, or one that ended just before, is a question. */
  asksAt(playedMs: number): boolean {
    const heardMs = this.startMs === null ? 0 : playedMs - this.startMs;
    const at = this.#spans.findLastIndex((span) => span.fromMs <= heardMs);
    const span = this.#spans[at];
    if (span === undefined) return false;
    const isFresh = heardMs - span.fromMs < JUST_MS;
    return isQuestion(span.text) || (isFresh && isQuestion(this.#spans[at - 1]?.text ?? ''));
  }

  heardAt(playedMs: number, options: { interrupted: boolean }): Said {
    const heardMs = this.startMs === null ? 0 : playedMs - this.startMs;
    const { text, unheardChars } = heardText(this.#spans, {
      playedMs: options.interrupted ? heardMs : Number.POSITIVE_INFINITY,
      audioMs: this.#audioMs,
      isComplete: this.isComplete,
    });
    return { text, unheardChars: unheardChars + this.#droppedChars, interrupted: options.interrupted };
  }

  #msOf(samples: Int16Array): number {
    return (samples.length * 1000) / this.#rateHz;
  }
}

function isQuestion(text: string): boolean {
  return /[?？]["')\]]*$/.test(text);
}

function letters(text: string): number {
  return text.replace(/\s+/g, '').length;
}
