import type { Cancel, Clock } from '#kernel/clock';

export interface DigitOrder {
  maxDigits: number;
  /** Keys that end the entry and are not part of it. */
  finishOn: string;
  /** Silence between keys after which the entry ends with what there is. */
  timeoutMs: number;
}

interface Entry {
  order: DigitOrder;
  digits: string;
  done(digits: string): void;
  cancel: Cancel | undefined;
  onKey(): void;
}

/** Collects the keys a caller presses, one entry at a time. */
export class Digits {
  readonly #clock: Clock;
  #entry: Entry | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Offers a key; false when no entry is under way. */
  take(key: string): boolean {
    const entry = this.#entry;
    if (!entry) return false;
    entry.onKey();
    if (entry.order.finishOn.includes(key)) {
      this.#finish(entry);
      return true;
    }
    entry.digits += key;
    if (entry.digits.length >= entry.order.maxDigits) this.#finish(entry);
    else this.#wait(entry);
    return true;
  }

  /**
   * Waits for an entry. The time starts to run when `prompted` resolves, and anew with every key; `onKey` is called at
   * each. Resolves with what was entered, empty on a timeout or an abort.
   */
  collect(
    order: DigitOrder,
    run: { prompted: Promise<unknown>; onKey(): void; signal: AbortSignal },
  ): Promise<string> {
    if (run.signal.aborted) return Promise.resolve('');
    if (this.#entry) this.#finish(this.#entry);
    return new Promise((resolve) => {
      const entry: Entry = {
        order,
        digits: '',
        cancel: undefined,
        onKey: run.onKey,
        done: (digits) => {
          run.signal.removeEventListener('abort', aborted);
          resolve(digits);
        },
      };
      const aborted = () => this.#finish(entry);
      run.signal.addEventListener('abort', aborted, { once: true });
      this.#entry = entry;
      run.prompted.then(() => {
        if (this.#entry === entry && entry.digits === '') this.#wait(entry);
      });
    });
  }

  #wait(entry: Entry): void {
    entry.cancel?.();
    entry.cancel = this.#clock.after(entry.order.timeoutMs, () => this.#finish(entry));
  }

  #finish(entry: Entry): void {
    entry.cancel?.();
    if (this.#entry === entry) this.#entry = null;
    entry.done(entry.digits);
  }
}
