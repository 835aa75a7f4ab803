import type { CallProgress } from '#core/calls/progress';
import type { Cancel, Clock } from '#kernel/clock';
import type { Log } from '#kernel/log';

/** A live call that can say how far it is beyond its log. */
export interface Progressing {
  progress(): CallProgress;
}

export interface ProgressDeps {
  /** Stores notes, each in place of its call's former one. */
  store(notes: readonly CallProgress[]): Promise<void>;
  clock: Clock;
  log: Log;
}

/** Keeps on record what live calls' logs don't hold yet, so that a crash costs no more than a second of any call. */
export interface ProgressKeeper {
  add(call: Progressing): void;
  remove(call: Progressing): void;
}

/** With the write itself less than a second, also where two notes are missed. */
const EVERY_MS = 250;
/** A call in which nobody speaks is noted this often, for its duration. */
const STILL_MS = 5_000;

export function keepProgress(deps: ProgressDeps): ProgressKeeper {
  return new Keeper(deps);
}

class Keeper implements ProgressKeeper {
  readonly #deps: ProgressDeps;
  readonly #calls = new Map<Progressing, CallProgress | null>();
  #timer: Cancel | null = null;
  #isWriting = false;

  constructor(deps: ProgressDeps) {
    this.#deps = deps;
  }

  add(call: Progressing): void {
    this.#calls.set(call, null);
    this.#timer ??= this.#deps.clock.after(EVERY_MS, this.#note);
  }

  remove(call: Progressing): void {
    this.#calls.delete(call);
    if (this.#calls.size > 0) return;
    this.#timer?.();
    this.#timer = null;
  }

  readonly #note = (): void => {
    this.#timer = this.#deps.clock.after(EVERY_MS, this.#note);
    if (this.#isWriting) return;
    const notes: CallProgress[] = [];
    for (const [call, before] of this.#calls) {
      const now = call.progress();
      if (!isNews(now, before)) continue;
      this.#calls.set(call, now);
      notes.push(now);
    }
    if (notes.length > 0) void this.#write(notes);
  };

  async #write(notes: readonly CallProgress[]): Promise<void> {
    this.#isWriting = true;
    try {
      await this.#deps.store(notes);
    } catch (error) {
      // The next note holds all that this one did.
      this.#deps.log.warn({ err: error, calls: notes.length }, 'progress of calls not stored');
    } finally {
      this.#isWriting = false;
    }
  }
}

function isNews(now: CallProgress, before: CallProgress | null): boolean {
  return (
    before === null ||
    now.said?.text !== before.said?.text ||
    now.said?.fromMs !== before.said?.fromMs ||
    now.heard?.text !== before.heard?.text ||
    now.atMs - before.atMs >= STILL_MS
  );
}
