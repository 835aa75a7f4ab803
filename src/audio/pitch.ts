import type { SampleRate } from '#audio/frame';

/** Voices are between a low man's 65 Hz and a child's 400; their overtones reach well into the telephone's band. */
const LOWEST_HZ = 65;
const HIGHEST_HZ = 400;
const WORK_HZ = 4000;
const SHORTEST = Math.floor(WORK_HZ / HIGHEST_HZ);
const LONGEST = Math.ceil(WORK_HZ / LOWEST_HZ);
const WINDOW = WORK_HZ / 25;
/** Correlation from which a window is voiced. */
const VOICED = 0.5;
/** A shorter period this nearly as good is the true one: every multiple of a period fits as well. */
const NEARLY = 0.88;
const QUIET_RMS = 150;
const SEMITONES = 12;
const REFERENCE_HZ = 55;

/** Milliseconds of audio that a pitch is found in. */
export const PITCH_WINDOW_MS = ((WINDOW + LONGEST + 1) * 1000) / WORK_HZ;

/**
 * The newest seconds of a line, and the pitch of the voice in them. By autocorrelation at 4 kHz, normalised by the
 * energy of both windows, with the first of the nearly best peaks as the period (after Boersma, 1993), refined by a
 * parabola: it finds the pitch also where, as on a telephone, the fundamental itself is missing.
 */
export class PitchTrack {
  readonly #step: number;
  readonly #ring: Float32Array;
  readonly #scores = new Float64Array(LONGEST + 2);
  readonly #window = new Float32Array(WINDOW + LONGEST + 1);
  #written = 0;
  #sum = 0;
  #summed = 0;
  #endMs = 0;

  /** Keeps `keptMs` of a line with this rate, a multiple of 4 kHz or near one. */
  constructor(rateHz: SampleRate, keptMs: number) {
    this.#step = Math.max(1, Math.round(rateHz / WORK_HZ));
    this.#ring = new Float32Array(Math.ceil((keptMs * WORK_HZ) / 1000));
  }

  /** Line time of the end of what has been written. */
  get endMs(): number {
    return this.#endMs;
  }

  /** The line's next samples, which end at `endMs` of line time. */
  write(samples: Int16Array, endMs: number): void {
    const ring = this.#ring;
    for (let i = 0; i < samples.length; i++) {
      this.#sum += samples[i]!;
      if (++this.#summed < this.#step) continue;
      ring[this.#written++ % ring.length] = this.#sum / this.#step;
      this.#sum = 0;
      this.#summed = 0;
    }
    this.#endMs = endMs;
  }

  /**
   * The pitch around `endMs` of line time (of the audio just before it), in semitones over 55 Hz; NaN where nothing is
   * voiced or the audio is no longer kept.
   */
  at(endMs: number): number {
    const end = this.#written - Math.round(((this.#endMs - endMs) * WORK_HZ) / 1000);
    const from = end - this.#window.length;
    const { length } = this.#ring;
    if (from < 0 || end > this.#written || this.#written - from > length) return Number.NaN;
    for (let i = 0; i < this.#window.length; i++) this.#window[i] = this.#ring[(from + i) % length]!;
    smooth(this.#window);
    smooth(this.#window);
    return this.#pitchInWindow();
  }

  #pitchInWindow(): number {
    const x = this.#window;
    let energy = 0;
    for (let i = 0; i < WINDOW; i++) energy += x[i]! * x[i]!;
    if (energy < QUIET_RMS * QUIET_RMS * WINDOW) return Number.NaN;
    const scores = this.#scores;
    let shifted = 0;
    for (let i = SHORTEST - 1; i < SHORTEST - 1 + WINDOW; i++) shifted += x[i]! * x[i]!;
    let best = 0;
    for (let lag = SHORTEST - 1; lag <= LONGEST + 1; lag++) {
      let sum = 0;
      for (let i = 0; i < WINDOW; i++) sum += x[i]! * x[i + lag]!;
      const score = sum / Math.sqrt(energy * Math.max(1, shifted));
      scores[lag] = score;
      if (lag >= SHORTEST && lag <= LONGEST && score > best) best = score;
      shifted += x[lag + WINDOW]! ** 2 - x[lag]! ** 2;
    }
    return best < VOICED ? Number.NaN : semitones(periodIn(scores, best));
  }
}

/** Takes the highest overtones out, whose peaks are narrower than a sample: the weights 1, 2, 1, in place. */
function smooth(x: Float32Array): void {
  let before = x[0]!;
  for (let i = 1; i < x.length - 1; i++) {
    const here = x[i]!;
    x[i] = (before + 2 * here + x[i + 1]!) / 4;
    before = here;
  }
}

/** The first peak that is nearly the best, between the samples. */
function periodIn(scores: Float64Array, best: number): number {
  for (let lag = SHORTEST; lag <= LONGEST; lag++) {
    const score = scores[lag]!;
    const [before, after] = [scores[lag - 1]!, scores[lag + 1]!];
    if (score < NEARLY * best || score < before || score < after) continue;
    const bend = before - 2 * score + after;
    return bend === 0 ? lag : lag + (before - after) / (2 * bend);
  }
  return Number.NaN;
}

function semitones(period: number): number {
  return SEMITONES * Math.log2(WORK_HZ / period / REFERENCE_HZ);
}
