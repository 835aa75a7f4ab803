import type { CallEvent } from '#engine/events';
import { type Cancel, type Clock, pause } from '#kernel/clock';
import type { CallId, TenantId } from '#kernel/ids';
import type { Log } from '#kernel/log';

/** One event on its way to storage, with the tenant it belongs to. */
export interface JournalEntry {
  tenantId: TenantId;
  event: CallEvent;
}

export interface JournalDeps {
  /** Stores a batch; must be idempotent on (callId, seq), because a batch whose answer was lost is sent again. */
  append(entries: readonly JournalEntry[]): Promise<void>;
  clock: Clock;
  log: Log;
}

/** The way of call events from the audio loop to storage: synchronous in, batched out. */
export interface Journal {
  /** Takes an event. Never blocks and never throws. */
  record(tenantId: TenantId, event: CallEvent): void;
  /** Resolves true once all events of the call taken so far are stored, false at the deadline. */
  flush(callId: CallId, deadlineMs: number): Promise<boolean>;
  /** Events taken and not yet stored. */
  readonly depth: number;
  /** Events thrown away because storage was down for too long. */
  readonly dropped: number;
  /** Stores what is left, within the deadline, and stops. */
  close(deadlineMs: number): Promise<void>;
}

/** How long an event waits for company: with the write itself, well under a second until it is safe. */
const BATCH_AFTER_MS = 200;
const BATCH_MAX = 500;
/** What is held while storage is down, in all; a call makes about two events a second. */
const HELD_MAX = 100_000;
const RETRY_MS = [100, 500, 2_000, 5_000];

export function openJournal(deps: JournalDeps): Journal {
  return new BatchedJournal(deps);
}

class BatchedJournal implements Journal {
  readonly #deps: JournalDeps;
  readonly #waiters = new Set<{ callId: CallId; done: (stored: boolean) => void }>();
  readonly #closed = new AbortController();
  #waiting: JournalEntry[] = [];
  #writing: readonly JournalEntry[] = [];
  #timer: Cancel | null = null;
  #running: Promise<void> | null = null;
  dropped = 0;

  constructor(deps: JournalDeps) {
    this.#deps = deps;
  }

  get depth(): number {
    return this.#waiting.length + this.#writing.length;
  }

  record(tenantId: TenantId, event: CallEvent): void {
    if (this.#waiting.length >= HELD_MAX) {
      this.dropped++;
      return;
    }
    this.#waiting.push({ tenantId, event });
    if (this.#waiting.length >= BATCH_MAX) this.#start();
    else this.#timer ??= this.#deps.clock.after(BATCH_AFTER_MS, () => this.#start());
  }

  flush(callId: CallId, deadlineMs: number): Promise<boolean> {
    if (!this.#holds(callId)) return Promise.resolve(true);
    this.#start();
    return new Promise((resolve) => {
      const done = (stored: boolean) => {
        cancel();
        this.#waiters.delete(waiter);
        resolve(stored);
      };
      const waiter = { callId, done };
      const cancel = this.#deps.clock.after(deadlineMs, () => done(false));
      this.#waiters.add(waiter);
    });
  }

  async close(deadlineMs: number): Promise<void> {
    this.#start();
    if (this.#running) {
      const late = new AbortController();
      await Promise.race([this.#running, pause(this.#deps.clock, deadlineMs, late.signal)]);
      late.abort();
    }
    this.#closed.abort();
    this.#timer?.();
    if (this.depth > 0)
      this.#deps.log.error({ events: this.depth }, 'call events were not stored before the stop');
  }

  #holds(callId: CallId): boolean {
    const of = (entry: JournalEntry) => entry.event.callId === callId;
    return this.#waiting.some(of) || this.#writing.some(of);
  }

  #start(): void {
    this.#timer?.();
    this.#timer = null;
    if (this.#running || this.#closed.signal.aborted) return;
    this.#running = this.#drain().finally(() => {
      this.#running = null;
      if (this.#waiting.length > 0)
        this.#timer ??= this.#deps.clock.after(BATCH_AFTER_MS, () => this.#start());
    });
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#closed.signal.aborted) {
      this.#writing = this.#waiting.slice(0, BATCH_MAX);
      this.#waiting = this.#waiting.slice(BATCH_MAX);
      await this.#store(this.#writing);
      this.#writing = [];
      for (const waiter of [...this.#waiters]) if (!this.#holds(waiter.callId)) waiter.done(true);
    }
  }

  /** Tries until it is stored; gives up only when the journal was closed. */
  async #store(entries: readonly JournalEntry[]): Promise<void> {
    for (let attempt = 0; !this.#closed.signal.aborted; attempt++) {
      try {
        return await this.#deps.append(entries);
      } catch (error) {
        const delayMs = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]!;
        this.#deps.log.warn(
          { err: error, events: entries.length, retryInMs: delayMs },
          'call events not stored yet',
        );
        await pause(this.#deps.clock, delayMs, this.#closed.signal);
      }
    }
  }
}
