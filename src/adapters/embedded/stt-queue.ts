/** What waits longest for whom: a caller whose turn is over comes before one who may go on. */
export type SttPriority = 'final' | 'eager' | 'interim';

const RANK: Record<SttPriority, number> = { final: 0, eager: 1, interim: 2 };

interface Waiting<T> {
  item: T;
  priority: SttPriority;
  sinceMs: number;
}

/** A bounded queue by priority, first come first served within one. */
export class SttQueue<T> {
  readonly #limit: number;
  readonly #nowMs: () => number;
  #waiting: Waiting<T>[] = [];

  constructor(limit: number, nowMs: () => number) {
    this.#limit = limit;
    this.#nowMs = nowMs;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** How long the oldest item has waited. */
  get oldestMs(): number {
    let since = Number.POSITIVE_INFINITY;
    for (const entry of this.#waiting) since = Math.min(since, entry.sinceMs);
    return since === Number.POSITIVE_INFINITY ? 0 : this.#nowMs() - since;
  }

  /** False when the queue is full: an interim is then not taken, anything else takes an interim's place if it can. */
  add(item: T, priority: SttPriority, dropped: (item: T) => void): boolean {
    if (this.#waiting.length >= this.#limit) {
      const victim =
        priority === 'interim' ? undefined : this.#waiting.findLast((w) => w.priority === 'interim');
      if (!victim) return false;
      this.remove(victim.item);
      dropped(victim.item);
    }
    this.#waiting.push({ item, priority, sinceMs: this.#nowMs() });
    return true;
  }

  /** The next item to work on. */
  take(): T | undefined {
    let best: Waiting<T> | undefined;
    for (const entry of this.#waiting) {
      if (!best || RANK[entry.priority] < RANK[best.priority]) best = entry;
    }
    if (best) this.remove(best.item);
    return best?.item;
  }

  /** True when something more urgent than `priority` waits. */
  hasOver(priority: SttPriority): boolean {
    return this.#waiting.some((entry) => RANK[entry.priority] < RANK[priority]);
  }

  /** True when it was still waiting. */
  remove(item: T): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((entry) => entry.item !== item);
    return this.#waiting.length < before;
  }
}
