import type { AudioFrame } from '#audio/frame';

/**
 * The last stretch of one line's audio. Samples are numbered from 0 since the ring was made; line times are mapped to
 * numbers by the newest frame, so a gap in the line's clock moves later times only.
 */
export class AudioRing {
  readonly #rateHz: number;
  #samples: Int16Array;
  #count = 0;
  /** What came before this sample was lost before the ring grew. */
  #lost = 0;
  /** Line time of sample `#count`. */
  #nowMs = 0;

  constructor(rateHz: number, keepMs: number) {
    this.#rateHz = rateHz;
    this.#samples = new Int16Array(this.samplesIn(keepMs));
  }

  /** How many samples have come so far: the number of the next one. */
  get count(): number {
    return this.#count;
  }

  /** The number of the oldest sample that is still here. */
  get oldest(): number {
    return Math.max(this.#lost, this.#count - this.#samples.length);
  }

  samplesIn(durationMs: number): number {
    return Math.round((durationMs * this.#rateHz) / 1000);
  }

  append(frame: AudioFrame): void {
    const { samples } = frame;
    const size = this.#samples.length;
    const fits = samples.length <= size ? samples : samples.subarray(samples.length - size);
    const at = (this.#count + samples.length - fits.length) % size;
    const tail = Math.min(fits.length, size - at);
    this.#samples.set(tail === fits.length ? fits : fits.subarray(0, tail), at);
    if (tail < fits.length) this.#samples.set(fits.subarray(tail), 0);
    this.#count += samples.length;
    this.#nowMs = frame.atMs + (samples.length * 1000) / this.#rateHz;
  }

  /** Keeps at least `keepMs` from now on; what is here stays. */
  grow(keepMs: number): void {
    const size = this.samplesIn(keepMs);
    if (size <= this.#samples.length) return;
    const from = this.oldest;
    const kept = this.copy(from, this.#count);
    this.#lost = from;
    this.#samples = new Int16Array(size);
    for (let i = 0; i < kept.length; i++) this.#samples[(from + i) % size] = kept[i]!;
  }

  /** The number of the sample at a line time, kept within what is here. */
  indexAt(atMs: number): number {
    const index = this.#count - this.samplesIn(this.#nowMs - atMs);
    return Math.max(this.oldest, Math.min(this.#count, index));
  }

  /** A copy of samples `from` to `to`; both are kept within what is here. */
  copy(from: number, to: number): Int16Array {
    const size = this.#samples.length;
    const first = Math.max(from, this.oldest);
    const length = Math.max(0, Math.min(to, this.#count) - first);
    const out = new Int16Array(length);
    const at = first % size;
    const tail = Math.min(length, size - at);
    out.set(this.#samples.subarray(at, at + tail));
    if (tail < length) out.set(this.#samples.subarray(0, length - tail), tail);
    return out;
  }

  /** The middle of the quietest 100 ms between two sample numbers: the best place to cut running speech. */
  quietest(from: number, to: number): number {
    const samples = this.copy(from, to);
    const step = this.samplesIn(20);
    const span = this.samplesIn(100);
    let best = Math.max(0, samples.length - span);
    let least = Number.POSITIVE_INFINITY;
    for (let at = 0; at + span <= samples.length; at += step) {
      let energy = 0;
      for (let i = at; i < at + span; i++) energy += samples[i]! * samples[i]!;
      if (energy > least) continue;
      least = energy;
      best = at;
    }
    return to - samples.length + best + (span >> 1);
  }
}
