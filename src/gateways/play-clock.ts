import type { SampleRate } from '#audio/frame';

/** A far end that owes an acknowledgement for this long has stopped giving them: the clock counts again. */
const ACK_PATIENCE_MS = 2_000;

interface Mark {
  id: number;
  /** Position that the mark stands at. */
  samples: number;
  /** When that position is played, by the clock. */
  dueMs: number;
}

/**
 * How much the far end has played. It plays in real time what it has, so the clock alone gives an estimate; once it has
 * acknowledged a mark, the estimate never passes a mark that it has not acknowledged yet. Positions are samples since
 * the line opened, without what was cut; times are the caller's clock in milliseconds.
 */
export class PlayClock {
  readonly #perMs: number;
  /** Position that sending has reached. */
  sentSamples = 0;
  /** When everything sent will have been played. */
  endMs: number;
  #marks: Mark[] = [];
  #isAcknowledged = false;
  /** A position that was surely played at a time. */
  #sure = { samples: 0, atMs: 0 };
  #floor = 0;

  constructor(rateHz: SampleRate, nowMs: number) {
    this.#perMs = rateHz / 1000;
    this.endMs = nowMs;
  }

  /** `count` more samples have left. After a gap playing starts anew, now. */
  sent(count: number, nowMs: number): void {
    if (this.endMs < nowMs) {
      this.endMs = nowMs;
      if (this.#marks.length === 0) this.#sure = { samples: this.sentSamples, atMs: nowMs };
    }
    this.sentSamples += count;
    this.endMs += count / this.#perMs;
  }

  /** A mark has been sent behind everything sent so far. */
  marked(id: number): void {
    this.#marks.push({ id, samples: this.sentSamples, dueMs: this.endMs });
  }

  /** The far end has played up to that mark, and so up to all earlier ones. Unknown marks are ignored. */
  acknowledge(id: number, nowMs: number): void {
    const index = this.#marks.findIndex((mark) => mark.id === id);
    const mark = this.#marks[index];
    if (!mark) return;
    this.#isAcknowledged = true;
    this.#sure = { samples: mark.samples, atMs: nowMs };
    this.#marks.splice(0, index + 1);
  }

  /** Whole samples played at that time if the far end keeps pace. */
  clockedAt(nowMs: number): number {
    if (nowMs >= this.endMs) return this.sentSamples;
    return Math.floor(this.sentSamples - (this.endMs - nowMs) * this.#perMs);
  }

  /** Whole samples played at that time as far as is known; never decreases. */
  playedAt(nowMs: number): number {
    const played = Math.min(this.clockedAt(nowMs), this.#boundAt(nowMs));
    if (played > this.#floor) this.#floor = played;
    return this.#floor;
  }

  /** When a position is or was played by the clock. Holds for what was sent since the far end last ran dry. */
  timeOf(samples: number): number {
    return this.endMs - (this.sentSamples - samples) / this.#perMs;
  }

  /** Everything not played by now was thrown away, marks and all. */
  cut(nowMs: number): void {
    this.sentSamples = this.playedAt(nowMs);
    this.endMs = Math.min(this.endMs, nowMs);
    this.#marks = [];
    this.#sure = { samples: this.sentSamples, atMs: nowMs };
  }

  #boundAt(nowMs: number): number {
    if (!this.#isAcknowledged) return Number.POSITIVE_INFINITY;
    const next = this.#marks[0];
    if (next && nowMs > next.dueMs + ACK_PATIENCE_MS) return Number.POSITIVE_INFINITY;
    const since = this.#sure.samples + Math.floor((nowMs - this.#sure.atMs) * this.#perMs);
    return Math.min(since, next?.samples ?? this.sentSamples);
  }
}
