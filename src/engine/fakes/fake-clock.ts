import type { Cancel, Clock } from '#kernel/clock';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | null;
}

/**
 * A clock that only moves when it is told to. `advance` runs what becomes due in order of time, letting all promises
 * settle between two moments, so a call of minutes takes milliseconds and is the same every time.
 */
export class FakeClock implements Clock {
  readonly #heap: Timer[] = [];
  #nowMs: number;
  #order = 0;
  #live = 0;

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#live;
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#push(timer);
    this.#live++;
    return () => {
      if (timer.run) this.#live--;
      timer.run = null;
    };
  }

  /** Moves on by `ms`. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#heap[0]; next && next.atMs <= untilMs; next = this.#heap[0]) {
      if (this.#runDue(next.atMs)) await settled();
    }
    this.#nowMs = untilMs;
  }

  /** Moves on until `done`, or fails after `limitMs`. */
  async until(done: () => boolean, limitMs = 60_000): Promise<void> {
    const untilMs = this.#nowMs + limitMs;
    await settled();
    while (!done()) {
      const next = this.#heap[0];
      if (!next || next.atMs > untilMs) throw new Error(`nothing came of it within ${limitMs} ms`);
      if (this.#runDue(next.atMs)) await settled();
    }
  }

  /** Runs all that is due at this moment; false when all of it had been cancelled. */
  #runDue(atMs: number): boolean {
    let ranAny = false;
    while (this.#heap[0] && this.#heap[0].atMs <= atMs) {
      const { run } = this.#pop();
      if (run === null) continue;
      this.#nowMs = Math.max(this.#nowMs, atMs);
      ranAny = true;
      run();
    }
    return ranAny;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): { run: (() => void) | null } {
    const heap = this.#heap;
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    const { run } = top;
    if (run) this.#live--;
    top.run = null;
    return { run };
  }

  #sink(timer: Timer): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, timer)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = timer;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Resolves when all promises that can settle without time passing have settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
