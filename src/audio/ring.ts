/** A fixed store of the newest samples: what finds no room pushes out the oldest. */
export class SampleRing {
  readonly capacity: number;
  readonly #store: Int16Array;
  #first = 0;
  #length = 0;
  #dropped = 0;

  /** Holds `capacity` samples, at least 1. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.#store = new Int16Array(capacity);
  }

  /** Samples held. */
  get length(): number {
    return this.#length;
  }

  /** Samples pushed out unread since construction. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Appends a copy of `samples`. */
  write(samples: Int16Array): void {
    const excess = samples.length - this.capacity;
    const fresh = excess > 0 ? samples.subarray(excess) : samples;
    const lost = Math.max(0, this.#length + fresh.length - this.capacity);
    this.#skip(lost);
    this.#dropped += lost + Math.max(0, excess);
    const at = (this.#first + this.#length) % this.capacity;
    const untilEnd = Math.min(fresh.length, this.capacity - at);
    this.#store.set(untilEnd === fresh.length ? fresh : fresh.subarray(0, untilEnd), at);
    if (untilEnd < fresh.length) this.#store.set(fresh.subarray(untilEnd), 0);
    this.#length += fresh.length;
  }

  /** Takes the oldest samples out into `into`; answers how many there were. */
  read(into: Int16Array): number {
    const count = Math.min(into.length, this.#length);
    const untilEnd = Math.min(count, this.capacity - this.#first);
    for (let i = 0; i < untilEnd; i++) into[i] = this.#store[this.#first + i]!;
    for (let i = untilEnd; i < count; i++) into[i] = this.#store[i - untilEnd]!;
    this.#skip(count);
    return count;
  }

  /** Forgets all samples. */
  clear(): void {
    this.#first = 0;
    this.#length = 0;
  }

  #skip(count: number): void {
    this.#first = (this.#first + count) % this.capacity;
    this.#length -= count;
  }
}
