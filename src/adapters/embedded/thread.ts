import { type Transferable, Worker } from 'node:worker_threads';

/** What every thread of ours says once its models are loaded. */
export interface Ready {
  type: 'ready';
}

/** What every thread of ours obeys: finish what you are at, free the models, end. */
export interface Stop {
  type: 'stop';
}

interface ThreadOptions<Out> {
  entry: URL;
  /** Cloned to the thread at each start. */
  workerData: unknown;
  /** Where compiled code is kept: without it each start strips and compiles the sources, at 12 MB and 50 ms a thread. */
  codeCacheDir?: string | undefined;
  onMessage(message: Out): void;
  /** The thread has died with whatever it was at; another one is on its way. */
  onLost(why: string): void;
  /** A thread that took the place of a lost one has loaded its models. */
  onBack?(): void;
}

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 15_000;
/** A thread that lived this long was well: its death is a new accident. */
const WELL_MS = 60_000;

/**
 * A worker thread that is replaced when it dies, waiting longer each time. It is never terminated from outside: ending
 * a thread in the middle of an ONNX run takes the whole process with it.
 */
export class Thread<In extends object, Out extends object> {
  readonly #options: ThreadOptions<Out>;
  #worker: Worker | null = null;
  #ready = false;
  #stopping = false;
  #retryMs = FIRST_RETRY_MS;
  #retry: NodeJS.Timeout | undefined;
  #ended: Promise<void> = Promise.resolve();

  private constructor(options: ThreadOptions<Out>) {
    this.#options = options;
  }

  /** Resolves once the thread's models are loaded; rejects when they can't be. */
  static async start<In extends object, Out extends object>(
    options: ThreadOptions<Out>,
  ): Promise<Thread<In, Out>> {
    const thread = new Thread<In, Out>(options);
    await thread.#spawn();
    return thread;
  }

  /** False while a lost thread is being replaced, and after `stop`. */
  get up(): boolean {
    return this.#ready && !this.#stopping;
  }

  /** Only while `up`: else the message is lost. */
  send(message: In, transfer: readonly Transferable[] = []): void {
    this.#worker?.postMessage(message, [...transfer]);
  }

  /** Resolves when the thread has ended by itself. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#retry);
    this.#worker?.postMessage({ type: 'stop' } satisfies Stop);
    await this.#ended;
  }

  #spawn(): Promise<void> {
    const { entry, workerData, codeCacheDir } = this.#options;
    // Nothing of the environment is any business of these threads.
    const env = codeCacheDir ? { NODE_COMPILE_CACHE: codeCacheDir } : {};
    const worker = new Worker(entry, { workerData, env });
    const bornMs = performance.now();
    let why = 'the thread ended';
    this.#worker = worker;
    this.#ended = new Promise((ended) => worker.once('exit', () => ended()));
    return new Promise((resolve, reject) => {
      worker.on('error', (error) => {
        why = error instanceof Error ? error.message : String(error);
      });
      worker.on('message', (message: Out | Ready) => {
        if (!('type' in message) || message.type !== 'ready') return this.#options.onMessage(message as Out);
        this.#ready = true;
        resolve();
      });
      worker.once('exit', () => {
        const wasReady = this.#ready;
        this.#ready = false;
        this.#worker = null;
        reject(new Error(why));
        if (this.#stopping || (!wasReady && bornMs === this.#firstBornMs)) return;
        if (wasReady && performance.now() - bornMs > WELL_MS) this.#retryMs = FIRST_RETRY_MS;
        if (wasReady) this.#options.onLost(why);
        this.#again();
      });
      this.#firstBornMs ??= bornMs;
    });
  }

  #firstBornMs: number | undefined;

  #again(): void {
    this.#retry = setTimeout(() => {
      this.#spawn().then(
        () => this.#options.onBack?.(),
        // Each failure to start is followed by the next try.
        () => {},
      );
    }, this.#retryMs);
    this.#retryMs = Math.min(LAST_RETRY_MS, this.#retryMs * 2);
  }
}
