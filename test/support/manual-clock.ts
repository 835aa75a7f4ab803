import type { Cancel, Clock } from '#kernel/clock';

interface Timer {
  dueMs: number;
  run(): void;
}

/** A clock that a test moves by hand; timers run in the order they are due, at their own time. */
export class ManualClock implements Clock {
  readonly #timersLateMs: number;
  readonly #timers = new Set<Timer>();
  #nowMs: number;

  constructor(options: { startMs?: number; timersLateMs?: number } = {}) {
    this.#nowMs = options.startMs ?? 1_000_000;
    this.#timersLateMs = options.timersLateMs ?? 0;
  }

  /** Timers that wait. */
  get timers(): number {
    return this.#timers.size;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer = { dueMs: this.#nowMs + delayMs + this.#timersLateMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass, timer by timer. */
  advance(byMs: number): void {
    const untilMs = this.#nowMs + byMs;
    for (let next = this.#next(untilMs); next; next = this.#next(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      this.#timers.delete(next);
      next.run();
    }
    this.#nowMs = untilMs;
  }

  /** The process stands still for a while: only then do the timers that came due run. */
  stall(byMs: number): void {
    this.#nowMs += byMs;
    this.advance(0);
  }

  #next(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (!next || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}
