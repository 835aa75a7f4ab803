import type { SampleRate } from '#audio/frame';
import { Resampler } from '#audio/resample';
import { type SileroRate, type SileroTurn, sileroMemory, sileroWindow } from './silero-model.ts';
import { JUDGED, RATE, RING, type VadMemory, VERDICTS, WRITTEN, windowSamples, wordAt } from './vad-slots.ts';

/** What is still judged of audio that piled up: less than a ring at the highest rate. */
const KEPT_WINDOWS = 8;

/**
 * Noise of 64 dB under full scale, as any telephone line has. Silero has hardly ever heard digital silence: after some
 * seconds of it, a soft first syllable ("please") was found 300 ms late; with this noise under it at once, and noises
 * that are no speech count for less.
 */
const LINE_NOISE = noise(4096, 20 / 32768);

/**
 * After a second without speech the network forgets what it has heard. With a speech and its end in memory it is slow
 * to believe in the next one: people who broke in were found up to 350 ms late, and at once by a network that starts
 * anew. Bursts, coughs, clicks, hum, tones, breath and sirens are no more speech to the one than to the other.
 */
const FORGET_WINDOWS = 31;
const QUIET = 0.1;

/** The detector's side of one slot: takes windows out of the ring, puts verdicts back. */
export class VadStream {
  readonly rate: SileroRate;
  readonly turn: SileroTurn;
  readonly #memory: VadMemory;
  readonly #slot: number;
  readonly #lineHz: number;
  readonly #resampler: Resampler | null;
  /** Samples taken out of the ring. */
  #read = 0;
  /** Resampled sound that is not yet a window. */
  #pending: Float32Array;
  #pendingCount = 0;
  #noiseAt = 0;
  #quietWindows = 0;

  constructor(memory: VadMemory, slot: number) {
    this.#memory = memory;
    this.#slot = slot;
    this.#lineHz = this.#word(RATE);
    this.rate = this.#lineHz === 8000 ? 8000 : 16_000;
    this.#resampler =
      this.#lineHz === this.rate ? null : new Resampler(this.#lineHz as SampleRate, this.rate);
    const window = sileroWindow(this.rate);
    this.turn = { memory: sileroMemory(this.rate), window: new Float32Array(window), probability: 0 };
    this.#pending = new Float32Array(window * 2);
    if (this.#word(JUDGED) !== 0 || this.#waiting > RING / 2) this.#skip();
  }

  /** Puts the next window into `turn`; false when it is not complete yet. */
  next(): boolean {
    if (this.#waiting > RING) this.#skip();
    const isComplete = this.#resampler ? this.#nextResampled(this.#resampler) : this.#nextWhole();
    if (isComplete) this.#addNoise(this.turn.window);
    return isComplete;
  }

  /** Gives the verdict in `turn` to the calls' thread. */
  tell(): void {
    const judged = this.#word(JUDGED);
    const { memory, probability } = this.turn;
    this.#give(judged, probability);
    this.#quietWindows = probability < QUIET ? this.#quietWindows + 1 : 0;
    if (this.#quietWindows >= FORGET_WINDOWS) {
      memory.state.fill(0);
      this.#quietWindows = 0;
    }
    this.#setWord(JUDGED, judged + 1);
  }

  #nextWhole(): boolean {
    const { window } = this.turn;
    if (this.#waiting < window.length) return false;
    this.#take(window, window.length);
    return true;
  }

  #nextResampled(resampler: Resampler): boolean {
    const { window } = this.turn;
    while (this.#pendingCount < window.length && this.#waiting > 0) {
      const part = new Int16Array(Math.min(this.#waiting, Math.floor(windowSamples(this.#lineHz) / 2)));
      const base = this.#slot * RING;
      for (let i = 0; i < part.length; i++) {
        part[i] = this.#memory.samples[base + ((this.#read + i) & (RING - 1))]!;
      }
      this.#read = (this.#read + part.length) | 0;
      for (const sample of resampler.push(part)) this.#pending[this.#pendingCount++] = sample / 32768;
    }
    if (this.#pendingCount < window.length) return false;
    window.set(this.#pending.subarray(0, window.length));
    this.#pending.copyWithin(0, window.length, this.#pendingCount);
    this.#pendingCount -= window.length;
    return true;
  }

  #addNoise(window: Float32Array): void {
    for (let i = 0; i < window.length; i++) {
      window[i]! += LINE_NOISE[this.#noiseAt]!;
      this.#noiseAt = (this.#noiseAt + 1) % LINE_NOISE.length;
    }
  }

  #take(into: Float32Array, count: number): void {
    const base = this.#slot * RING;
    for (let i = 0; i < count; i++) {
      into[i] = this.#memory.samples[base + ((this.#read + i) & (RING - 1))]! / 32768;
    }
    this.#read = (this.#read + count) | 0;
  }

  /** Gives up all that has piled up but the newest: windows nobody judges have no verdict, and hearing starts anew. */
  #skip(): void {
    const written = this.#word(WRITTEN) >>> 0;
    const window = windowSamples(this.#lineHz);
    const judged = this.#word(JUDGED);
    const start = Math.max(judged, Math.floor(written / window) - KEPT_WINDOWS);
    for (let n = Math.max(judged, start - VERDICTS); n < start; n++) this.#give(n, Number.NaN);
    this.#setWord(JUDGED, start);
    this.#read = Math.round(start * window) | 0;
    this.turn.memory = sileroMemory(this.rate);
    this.#resampler?.reset();
    this.#pendingCount = 0;
  }

  get #waiting(): number {
    return (this.#word(WRITTEN) - this.#read) | 0;
  }

  #give(n: number, probability: number): void {
    this.#memory.verdicts[this.#slot * VERDICTS + (n % VERDICTS)] = probability;
  }

  #word(word: number): number {
    return Atomics.load(this.#memory.words, wordAt(this.#slot, word));
  }

  #setWord(word: number, value: number): void {
    Atomics.store(this.#memory.words, wordAt(this.#slot, word), value);
  }
}

/** Noise with this RMS that is the same in every run: the sum of four draws is near enough to normal. */
function noise(length: number, rms: number): Float32Array {
  let seed = 1;
  const draw = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32 - 0.5;
  };
  const scale = rms * Math.sqrt(3);
  return Float32Array.from({ length }, () => (draw() + draw() + draw() + draw()) * scale);
}
