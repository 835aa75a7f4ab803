import type { SampleRate } from '#audio/frame';
import { forever } from '#engine/fakes/scripted-llm';
import type { ProviderError, SpeakOptions, SpeechChunk, TextToSpeech, TimedWord } from '#engine/ports';
import { type Clock, pause } from '#kernel/clock';

export interface ScriptedTtsOptions {
  clock: Clock;
  name?: string;
  /** From a text to its first audio; default 80. */
  firstByteMs?: number;
  /** Default: the line's. */
  rateHz?: SampleRate;
  /** Gives word times. */
  words?: boolean;
  /** Fails for this text, before any audio of it. */
  fails?(text: string, nth: number): ProviderError | null;
  /** Breaks off a text after this much of its audio: with a failure, or in silence. */
  breaks?(text: string): { afterMs: number; with: ProviderError | 'stall' } | null;
}

/** Milliseconds of audio that a character makes. */
export const TTS_MS_PER_CHAR = 60;
const CHUNK_MS = 100;
const PACE_MS = 20;
const TONE_HZ = 300;
const LEVEL = 6000;

/** A voice that speaks in tones: 60 ms a character, 100 ms of it every 20 ms. */
export class ScriptedTts implements TextToSpeech {
  readonly name: string;
  readonly #options: ScriptedTtsOptions;
  /** Texts it was given, in order. */
  readonly texts: string[] = [];
  live = 0;

  constructor(options: ScriptedTtsOptions) {
    this.#options = options;
    this.name = options.name ?? 'scripted/tts';
  }

  async *speak(
    text: AsyncIterable<string>,
    options: SpeakOptions,
    signal: AbortSignal,
  ): AsyncGenerator<SpeechChunk> {
    this.live++;
    try {
      for await (const piece of text) {
        if (signal.aborted) return;
        const nth = this.texts.push(piece) - 1;
        const failure = this.#options.fails?.(piece, nth);
        if (failure) throw failure;
        await pause(this.#options.clock, this.#options.firstByteMs ?? 80, signal);
        yield* this.#chunks(piece, options, signal);
      }
    } finally {
      this.live--;
    }
  }

  async *#chunks(text: string, options: SpeakOptions, signal: AbortSignal): AsyncGenerator<SpeechChunk> {
    const rateHz = this.#options.rateHz ?? options.rateHz;
    const lengthMs = (text.length * TTS_MS_PER_CHAR) / options.speed;
    const broken = this.#options.breaks?.(text) ?? null;
    const words = this.#options.words ? timed(text, lengthMs) : undefined;
    for (let atMs = 0; atMs < lengthMs; atMs += CHUNK_MS) {
      if (signal.aborted) return;
      if (broken && atMs >= broken.afterMs) {
        if (broken.with !== 'stall') throw broken.with;
        return forever(signal);
      }
      const samples = tone(Math.min(CHUNK_MS, lengthMs - atMs), rateHz);
      yield atMs === 0 ? { samples, rateHz, text, words } : { samples, rateHz };
      await pause(this.#options.clock, PACE_MS, signal);
    }
  }
}

function timed(text: string, lengthMs: number): TimedWord[] {
  let at = 0;
  return text.split(/\s+/).map((word) => {
    const fromMs = (at / text.length) * lengthMs;
    at += word.length + 1;
    return { text: word, fromMs, toMs: Math.min(lengthMs, ((at - 1) / text.length) * lengthMs) };
  });
}

const tones = new Map<SampleRate, Int16Array>();

/** The beginning of a tone that is shared by all who use it. */
function tone(lengthMs: number, rateHz: SampleRate): Int16Array {
  let whole = tones.get(rateHz);
  if (!whole) {
    whole = new Int16Array(Math.ceil((CHUNK_MS * rateHz) / 1000));
    for (let i = 0; i < whole.length; i++) whole[i] = LEVEL * Math.cos((2 * Math.PI * TONE_HZ * i) / rateHz);
    tones.set(rateHz, whole);
  }
  return whole.subarray(0, Math.round((lengthMs * rateHz) / 1000));
}
