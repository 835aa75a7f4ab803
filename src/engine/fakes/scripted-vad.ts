import type { AudioFrame, AudioSink, SampleRate } from '#audio/frame';
import type { Vad, VadEvent } from '#engine/ports';

export interface ScriptedVadOptions {
  /** How long the probability stays up after speech, as Silero's does; default 100. */
  decayMs?: number;
  /** Throws when it is opened. */
  failsToOpen?: boolean;
  /** Whether it takes sound at this line time for hardly speech, without being sure that it is none. */
  doubts?(atMs: number): boolean;
  /** Gives no verdict between these line times. */
  deadMs?: readonly [number, number];
}

const WINDOW_MS = 32;
const LOUD = 500;

/** A voice detector that goes by the peak of each 32 ms window. */
export function scriptedVad(
  options: ScriptedVadOptions = {},
): Vad & { readonly open: Vad['open']; streams: number } {
  const vad = {
    name: 'scripted/vad',
    streams: 0,
    open(_rateHz: SampleRate, on: (event: VadEvent) => void): AudioSink & Disposable {
      if (options.failsToOpen) throw new Error('no voice detector');
      vad.streams++;
      const stream = new ScriptedVadStream(options, on);
      return {
        push: (frame) => stream.push(frame),
        [Symbol.dispose]: () => {
          vad.streams--;
        },
      };
    },
  };
  return vad;
}

class ScriptedVadStream {
  readonly #options: ScriptedVadOptions;
  readonly #on: (event: VadEvent) => void;
  readonly #event: VadEvent = { atMs: 0, probability: 0 };
  #peak = 0;
  #filled = 0;
  #lastLoudMs = Number.NEGATIVE_INFINITY;

  constructor(options: ScriptedVadOptions, on: (event: VadEvent) => void) {
    this.#options = options;
    this.#on = on;
  }

  push(frame: AudioFrame): void {
    const { samples, rateHz, atMs } = frame;
    const windowSamples = (WINDOW_MS * rateHz) / 1000;
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i]!;
      if (sample > this.#peak) this.#peak = sample;
      if (++this.#filled < windowSamples) continue;
      this.#window(atMs + ((i + 1) * 1000) / rateHz);
      this.#filled = 0;
      this.#peak = 0;
    }
  }

  #window(atMs: number): void {
    if (this.#peak > LOUD) this.#lastLoudMs = atMs;
    const [fromMs, toMs] = this.#options.deadMs ?? [0, 0];
    if (atMs >= fromMs && atMs < toMs) return;
    const silentMs = atMs - this.#lastLoudMs;
    const decayMs = this.#options.decayMs ?? 100;
    this.#event.atMs = atMs;
    this.#event.probability = silentMs === 0 ? 0.95 : silentMs < decayMs ? 0.6 : 0.02;
    if (silentMs === 0 && this.#options.doubts?.(atMs)) this.#event.probability = 0.2;
    this.#on(this.#event);
  }
}
