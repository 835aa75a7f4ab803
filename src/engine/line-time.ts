/** The earliest of the arrivals in the last one to two of these tells how late a line is. */
const WINDOW_MS = 1_000;

/**
 * Maps line time (milliseconds of audio since the line opened) to the clock. Frames can only arrive late, so the
 * earliest arrival of late is the truth. It is soon forgotten: two clocks drift apart, and a line that was filled up
 * with silence runs ahead when the audio comes after all, until it has caught up.
 */
export class LineTime {
  #currentMs = Number.POSITIVE_INFINITY;
  #previousMs = Number.POSITIVE_INFINITY;
  #windowFromMs = Number.NEGATIVE_INFINITY;

  /** A frame that ends at line time `endMs` arrived at `nowMs`. */
  observe(endMs: number, nowMs: number): void {
    const offsetMs = nowMs - endMs;
    const ageMs = nowMs - this.#windowFromMs;
    if (ageMs < WINDOW_MS) {
      this.#currentMs = Math.min(this.#currentMs, offsetMs);
      return;
    }
    this.#previousMs = ageMs < 2 * WINDOW_MS ? this.#currentMs : offsetMs;
    this.#currentMs = offsetMs;
    this.#windowFromMs = nowMs;
  }

  toClock(lineMs: number, nowMs: number): number {
    return Math.min(nowMs, lineMs + this.#offsetMs);
  }

  toLine(clockMs: number): number {
    return Math.max(0, clockMs - this.#offsetMs);
  }

  get #offsetMs(): number {
    return Math.min(this.#previousMs, this.#currentMs);
  }
}
