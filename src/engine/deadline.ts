import type { Cancel, Clock } from '#kernel/clock';

/** Why something was aborted that is simply not wanted any more. One for all: making a DOMException is not cheap. */
export const OVER = new DOMException('no longer wanted', 'AbortError');

/**
 * A deadline that can be set again and again over one stream of waits. Holds at most one timer, and no reference to a
 * wait that is over.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #expired: () => Error;
  #cancel: Cancel | undefined;
  #reject: ((error: Error) => void) | undefined;
  #isPast = false;

  constructor(clock: Clock, expired: () => Error) {
    this.#clock = clock;
    this.#expired = expired;
  }

  /** From now, `ms` until the wait under way (or the next) rejects. */
  arm(ms: number): void {
    this.#cancel?.();
    this.#isPast = false;
    this.#cancel = this.#clock.after(ms, () => {
      this.#isPast = true;
      this.#cancel = undefined;
      this.#reject?.(this.#expired());
    });
  }

  disarm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#isPast = false;
  }

  /** `promise`, unless the deadline or `signal` comes first; an abort rejects with an AbortError. */
  race<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const leave = () => {
        signal.removeEventListener('abort', abort);
        this.#reject = undefined;
      };
      const fail = (error: unknown) => {
        leave();
        reject(error);
      };
      const abort = () => fail(OVER);
      promise.then((value) => {
        leave();
        resolve(value);
      }, fail);
      if (signal.aborted) return abort();
      if (this.#isPast) return fail(this.#expired());
      signal.addEventListener('abort', abort, { once: true });
      this.#reject = fail;
    });
  }
}

/** A controller that aborts with `parent`, and can be aborted alone. Call `release` when done with it. */
export function childOf(parent: AbortSignal): { controller: AbortController; release(): void } {
  const controller = new AbortController();
  const abort = () => controller.abort(OVER);
  if (parent.aborted) abort();
  else parent.addEventListener('abort', abort, { once: true });
  return { controller, release: () => parent.removeEventListener('abort', abort) };
}
