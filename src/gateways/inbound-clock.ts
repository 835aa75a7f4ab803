import { type AudioFrame, FRAME_MS, type SampleRate } from '#audio/frame';

/** Silence is put in place of audio that is this late. */
const LATE_MS = 200;
/** What a line is left behind real time by such silence, and the most that sending may run ahead of it. */
const SLACK_MS = 40;
/** Gaps in the far end's timestamps up to this are rounding. */
const GAP_MS = 60;
/** Peak of a frame that nobody misses. */
const QUIET_PEAK = 250;
/** When our own process stood still for this long, the audio is in the socket; it takes no longer than this to read. */
const STALL_MS = 100;

/**
 * Keeps the caller's audio on the line's clock, so that listeners see time pass even when nothing arrives. Lost audio
 * becomes silence; audio that comes late after all is passed on behind that silence, and the line catches up by
 * leaving out quiet frames. Audio that comes faster than real time is passed on at once.
 */
export class InboundClock {
  readonly #perMs: number;
  readonly #pass: (samples: Int16Array, atMs: number) => void;
  readonly #silence: Int16Array;
  #baseMs = 0;
  #samples = 0;
  #isStarted = false;
  /** The far end's timestamp of the sample after the last one heard. */
  #streamEndMs: number | undefined;
  #filledFromMs = 0;
  #filledToMs = 0;
  /** Silence put in since the last frame arrived. */
  #filledMs = 0;
  #owedMs = 0;
  #tickedMs = 0;
  /** Before this line time, what is late may still be waiting in the socket. */
  #trustedMs = 0;

  /** `pass` gets every stretch of samples in order, borrowed, with the line time of its first sample. */
  constructor(rateHz: SampleRate, pass: (samples: Int16Array, atMs: number) => void) {
    this.#perMs = rateHz / 1000;
    this.#pass = pass;
    this.#silence = new Int16Array(Math.round(FRAME_MS * this.#perMs));
  }

  /** Audio has arrived at `lineMs`; `streamMs` is the far end's timestamp of its first sample, if there is one. */
  hear(samples: Int16Array, at: { lineMs: number; streamMs: number | undefined }): void {
    if (samples.length === 0) return;
    const lengthMs = samples.length / this.#perMs;
    if (!this.#isStarted) this.#start(Math.max(0, at.lineMs - lengthMs));
    if (at.streamMs !== undefined && !this.#follow(at.streamMs, lengthMs, at.lineMs)) return;
    this.#owedMs += this.#filledMs;
    this.#filledMs = 0;
    const aheadMs = this.#heardMs + lengthMs - at.lineMs;
    if (this.#owedMs > 0 && aheadMs > SLACK_MS && isQuiet(samples)) {
      this.#owedMs -= lengthMs;
      return;
    }
    this.#emit(samples);
  }

  /** To be called every 20 ms. */
  fillSilence(lineMs: number): void {
    if (lineMs - this.#tickedMs > STALL_MS) this.#trustedMs = lineMs + STALL_MS;
    this.#tickedMs = lineMs;
    if (lineMs < this.#trustedMs) return;
    const lateMs = lineMs - this.#heardMs;
    if (lateMs < (this.#filledMs > 0 ? SLACK_MS + FRAME_MS : LATE_MS)) return;
    if (!this.#isStarted) this.#start(0);
    this.#filledMs += this.#fill(lateMs - SLACK_MS);
  }

  get #heardMs(): number {
    return this.#baseMs + this.#samples / this.#perMs;
  }

  #start(baseMs: number): void {
    this.#isStarted = true;
    this.#baseMs = baseMs;
  }

  /** Follows the far end's timestamps. False for audio whose place has been filled already. */
  #follow(streamMs: number, lengthMs: number, lineMs: number): boolean {
    const expectedMs = this.#streamEndMs ?? streamMs;
    const gapMs = streamMs - expectedMs;
    if (gapMs < 0) return streamMs < this.#filledFromMs || streamMs >= this.#filledToMs;
    this.#streamEndMs = streamMs + lengthMs;
    if (gapMs === 0) return true;
    const missingMs = Math.min(gapMs - this.#filledMs, lineMs - lengthMs - this.#heardMs);
    this.#filledMs = Math.max(0, this.#filledMs - gapMs);
    if (missingMs > GAP_MS) {
      this.#fill(missingMs);
      this.#filledFromMs = expectedMs;
      this.#filledToMs = streamMs;
    }
    return true;
  }

  /** Passes on that much silence in whole frames; answers how much it was. */
  #fill(wantedMs: number): number {
    let doneMs = 0;
    for (; doneMs + FRAME_MS <= wantedMs; doneMs += FRAME_MS) this.#emit(this.#silence);
    return doneMs;
  }

  #emit(samples: Int16Array): void {
    const atMs = this.#heardMs;
    this.#samples += samples.length;
    this.#pass(samples, atMs);
  }
}

function isQuiet(samples: AudioFrame['samples']): boolean {
  for (let i = 0; i < samples.length; i++) if (Math.abs(samples[i]!) > QUIET_PEAK) return false;
  return true;
}
