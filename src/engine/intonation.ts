import type { AudioFrame } from '#audio/frame';
import { PITCH_WINDOW_MS, PitchTrack } from '#audio/pitch';

/** Audio kept: a clause, its end being what matters. */
const KEPT_MS = 3_000;
/** How far apart the pitch is sampled for the speaker's register, and at the end of a turn. */
const REGISTER_STEP_MS = 40;
const ENDING_STEP_MS = 10;
/** The last voiced moments make the ending, looked for this far back from the last sample of speech. */
const ENDING_MS = 120;
const LOOK_BACK_MS = 400;
/** Fewer samples than these tell nothing. */
const FEWEST_REGISTER = 10;
const FEWEST_ENDING = 4;
const BINS_PER_SEMITONE = 2;
const BINS = 48 * BINS_PER_SEMITONE;
/** The register follows the last minute of speech or so: a phone may be handed on. */
const MOST_REGISTER = 1_500;
/** Semitones; a voice that moves less than this all the time is taken for one that moves this much. */
const LEAST_RANGE = 2;

/**
 * Whether the caller's voice goes down at the end of what is said. In English and most other languages a statement
 * ends low in the speaker's range, and a voice that stays level holds the floor over a pause (Gravano and Hirschberg,
 * Turn-taking cues in task-oriented dialogue, 2011). Allocates nothing per frame.
 */
export class Intonation {
  readonly #track: PitchTrack;
  /** How often each pitch was heard from this speaker. */
  readonly #bins = new Uint16Array(BINS);
  #total = 0;
  #sampledMs = 0;
  #told: { lastSpeechMs: number; ending: number | undefined } | null = null;

  constructor(rateHz: AudioFrame['rateHz']) {
    this.#track = new PitchTrack(rateHz, KEPT_MS);
  }

  /** The caller's next audio. */
  push(frame: AudioFrame): void {
    this.#track.write(frame.samples, frame.atMs + (frame.samples.length * 1000) / frame.rateHz);
  }

  /**
   * Where in this speaker's range the voice ended, when its last sample was at `lastSpeechMs` of line time: 0 is the
   * middle, -0.5 the bottom, 0.5 the top (of four fifths of what was heard from the speaker, so there is a beyond).
   * Undefined when too little was voiced to tell.
   */
  endingAt(lastSpeechMs: number): number | undefined {
    if (this.#told?.lastSpeechMs !== lastSpeechMs) {
      this.#told = { lastSpeechMs, ending: this.#findEnding(lastSpeechMs) };
    }
    return this.#told.ending;
  }

  #findEnding(lastSpeechMs: number): number | undefined {
    this.#sampleRegister(lastSpeechMs);
    if (this.#total < FEWEST_REGISTER) return undefined;
    const pitch = this.#lastPitch(lastSpeechMs);
    if (pitch === undefined) return undefined;
    const range = Math.max(LEAST_RANGE, this.#quantile(0.9) - this.#quantile(0.1));
    return (pitch - this.#quantile(0.5)) / range;
  }

  #sampleRegister(untilMs: number): void {
    let atMs = Math.max(this.#sampledMs + REGISTER_STEP_MS, this.#track.endMs - KEPT_MS + PITCH_WINDOW_MS);
    for (; atMs <= untilMs; atMs += REGISTER_STEP_MS) {
      const pitch = this.#track.at(atMs);
      this.#sampledMs = atMs;
      if (Number.isNaN(pitch)) continue;
      this.#bins[Math.min(BINS - 1, Math.max(0, Math.round(pitch * BINS_PER_SEMITONE)))]!++;
      this.#total++;
    }
    if (this.#total <= MOST_REGISTER) return;
    this.#total = 0;
    for (let bin = 0; bin < BINS; bin++) {
      this.#bins[bin]! >>= 1;
      this.#total += this.#bins[bin]!;
    }
  }

  /** The median pitch of the last voiced moments, in semitones. */
  #lastPitch(lastSpeechMs: number): number | undefined {
    const found: number[] = [];
    let lastMs = Number.NaN;
    for (let atMs = lastSpeechMs; atMs > lastSpeechMs - LOOK_BACK_MS; atMs -= ENDING_STEP_MS) {
      if (lastMs - atMs >= ENDING_MS) break;
      const pitch = this.#track.at(atMs);
      if (Number.isNaN(pitch)) continue;
      if (Number.isNaN(lastMs)) lastMs = atMs;
      found.push(pitch);
    }
    if (found.length < FEWEST_ENDING) return undefined;
    return found.sort((a, b) => a - b)[found.length >> 1];
  }

  /** The pitch below which that share of the speaker's voice lies, in semitones. */
  #quantile(share: number): number {
    let rest = this.#total * share;
    for (let bin = 0; bin < BINS; bin++) {
      rest -= this.#bins[bin]!;
      if (rest <= 0) return bin / BINS_PER_SEMITONE;
    }
    return 0;
  }
}
