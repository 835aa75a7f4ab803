/** How fast the line's clock may run behind ours before the mapping follows: 100 ppm. */
const DRIFT = 0.0001;

/**
 * Maps line time (milliseconds of audio since the line opened) to the clock. Frames can only arrive late, so the
 * earliest arrival seen is the truth, let go slowly enough to follow two clocks that drift apart.
 */
export class LineTime {
  #offsetMs: number | null = null;
  #seenMs = 0;

  /** A frame that ends at line time `endMs` arrived at `nowMs`. */
  observe(endMs: number, nowMs: number): void {
    const offsetMs = nowMs - endMs;
    if (this.#offsetMs === null || offsetMs < this.#offsetMs) this.#offsetMs = offsetMs;
    else this.#offsetMs += Math.min(offsetMs - this.#offsetMs, (nowMs - this.#seenMs) * DRIFT);
    this.#seenMs = nowMs;
  }

  toClock(lineMs: number, nowMs: number): number {
    return this.#offsetMs === null ? nowMs : Math.min(nowMs, lineMs + this.#offsetMs);
  }

  toLine(clockMs: number): number {
    return this.#offsetMs === null ? 0 : clockMs - this.#offsetMs;
  }
}
