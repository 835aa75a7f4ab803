/** A queue between a producer of events and one `for await`: what is put comes out in order, then the end or the error. */
export class Channel<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  #state: 'open' | 'ended' | { error: unknown } = 'open';
  #wake: (() => void) | null = null;

  /** Ignored once ended or failed. */
  put(item: T): void {
    if (this.#state !== 'open') return;
    this.#items.push(item);
    this.#wake?.();
  }

  /** What was put before still comes out. The first of `end` and `fail` stands. */
  end(): void {
    this.#finish('ended');
  }

  fail(error: unknown): void {
    this.#finish({ error });
  }

  #finish(state: 'ended' | { error: unknown }): void {
    if (this.#state === 'open') this.#state = state;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      while (this.#items.length > 0) yield this.#items.shift()!;
      if (this.#state === 'ended') return;
      if (this.#state !== 'open') throw this.#state.error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
  }
}

/** The items of `source` until `signal` aborts: then it ends at once, even while the source is silent. */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const items = new Channel<T>();
  const stop = () => items.end();
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  void (async () => {
    try {
      for await (const item of source) {
        if (signal.aborted) return;
        items.put(item);
      }
      items.end();
    } catch (error) {
      items.fail(error);
    }
  })();
  try {
    yield* items;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
