import type { Log } from '#kernel/log';
import type { EmbeddedModels } from './models.ts';
import type { Heard } from './moonshine-model.ts';
import { type SttPriority, SttQueue } from './stt-queue.ts';
import { Thread } from './thread.ts';
import type { Utterance } from './transcribe.ts';

/** What a worker is started with. `unwanted[0]` is the id of an order whose answer nobody waits for any more. */
export interface SttWorkerOptions {
  models: EmbeddedModels;
  unwanted: Int32Array<SharedArrayBuffer>;
}
export interface SttOrder {
  id: number;
  utterance: Utterance;
  draft: readonly number[];
  hurried: boolean;
}
export interface SttAnswer {
  id: number;
  heard?: Heard;
  failure?: string;
  tookMs: number;
}

/** Why a job has no text: too many wait, its thread died, it cannot be read, or no thread has been alive for long. */
export type SttFailure = 'full' | 'lost' | 'failed' | 'down';

/** Something to be read. `done` is called once, unless the job is cancelled; `utterance.samples` is given away. */
export interface SttJob {
  priority: SttPriority;
  utterance: Utterance;
  draft: readonly number[];
  /** `stopped` text is what a cancelled job had so far. */
  done(heard: Heard | null, failure: SttFailure | null): void;
}

export interface SttLoad {
  activeStreams: number;
  queuedJobs: number;
  oldestQueuedMs: number;
}

export interface SttPoolOptions {
  models: EmbeddedModels;
  /** Threads, at least one. */
  workers: number;
  log: Log;
  codeCacheDir?: string;
}

interface Seat {
  thread: Thread<SttOrder, SttAnswer> | null;
  unwanted: Int32Array<SharedArrayBuffer>;
  running: { id: number; job: SttJob; stopped: boolean } | null;
}

/** More than a few seconds of work for one worker helps nobody. */
const QUEUE_PER_WORKER = 32;
/** A thread that died is back within a second or two; after this long, something is wrong with the machine. */
const DOWN_MS = 5000;
/** Waiting times, smoothed, above which interims are given up to keep the finals fast. */
const CROWDED_MS = 120;

/**
 * The recogniser's worker threads and the queue before them. Urgent jobs go first, and a running interim is broken off
 * for them. A worker that dies fails its job as `lost` and is replaced.
 */
export class SttPool {
  readonly #log: Log;
  readonly #queue: SttQueue<SttJob>;
  readonly #seats: Seat[];
  readonly #since = new WeakMap<SttJob, number>();
  #nextId = 1;
  #waitMs = 0;
  /** When a thread last died. */
  #lostMs = 0;
  /** How many streams are open; kept by the adapter. */
  activeStreams = 0;

  private constructor(workers: number, log: Log) {
    this.#log = log;
    this.#queue = new SttQueue(workers * QUEUE_PER_WORKER, () => performance.now());
    this.#seats = Array.from({ length: workers }, () => ({
      thread: null,
      unwanted: new Int32Array(new SharedArrayBuffer(4)),
      running: null,
    }));
  }

  /** Starts `workers` threads and resolves when the first can work; rejects when it can't. */
  static async open(options: SttPoolOptions): Promise<SttPool> {
    const pool = new SttPool(options.workers, options.log);
    const [first, ...rest] = pool.#seats;
    await pool.#start(first!, options);
    for (const seat of rest) await pool.#start(seat, options);
    return pool;
  }

  get workers(): number {
    return this.#seats.length;
  }

  load(): SttLoad {
    return {
      activeStreams: this.activeStreams,
      queuedJobs: this.#queue.length,
      oldestQueuedMs: Math.round(this.#queue.oldestMs),
    };
  }

  /** Jobs that wait or run. */
  get pending(): number {
    return this.#queue.length + this.#seats.filter((seat) => seat.running).length;
  }

  /** False while the workers barely keep up with finished speech. */
  get hasRoomForInterims(): boolean {
    return this.#waitMs < CROWDED_MS && this.#queue.length < this.#seats.length;
  }

  submit(job: SttJob): void {
    const nowMs = performance.now();
    if (nowMs - this.#lostMs > DOWN_MS && !this.#seats.some((seat) => seat.thread?.up)) {
      job.done(null, 'down');
      return;
    }
    this.#since.set(job, nowMs);
    const taken = this.#queue.add(job, job.priority, (dropped) => dropped.done(null, 'full'));
    if (!taken) {
      job.done(null, 'full');
      return;
    }
    this.#dispatch();
    if (this.#queue.length > 0 && job.priority !== 'interim') this.#breakOffInterim();
  }

  /** A waiting job is forgotten; a running one ends early and is `done` with what it had. */
  cancel(job: SttJob): void {
    if (this.#queue.remove(job)) return;
    for (const seat of this.#seats) if (seat.running?.job === job) stopRunning(seat);
  }

  /** Fails what waits, lets the workers finish and end by themselves. */
  async close(): Promise<void> {
    for (let job = this.#queue.take(); job; job = this.#queue.take()) job.done(null, 'lost');
    for (const seat of this.#seats) stopRunning(seat);
    await Promise.all(this.#seats.map((seat) => seat.thread?.stop()));
  }

  async #start(seat: Seat, { models, codeCacheDir }: SttPoolOptions): Promise<void> {
    const workerData: SttWorkerOptions = { models, unwanted: seat.unwanted };
    seat.thread = await Thread.start<SttOrder, SttAnswer>({
      entry: new URL('./stt-worker.ts', import.meta.url),
      workerData,
      codeCacheDir,
      onMessage: (answer) => this.#answered(seat, answer),
      onLost: (why) => {
        this.#log.error({ why }, 'a speech recognition thread died; starting another');
        const lost = seat.running;
        this.#lostMs = performance.now();
        seat.running = null;
        lost?.job.done(null, 'lost');
      },
      onBack: () => this.#dispatch(),
    });
    this.#dispatch();
  }

  #answered(seat: Seat, answer: SttAnswer): void {
    const { running } = seat;
    if (running?.id !== answer.id) return;
    seat.running = null;
    this.#dispatch();
    if (answer.failure) this.#log.warn({ why: answer.failure }, 'an utterance could not be transcribed');
    running.job.done(answer.heard ?? null, answer.heard ? null : 'failed');
  }

  #dispatch(): void {
    for (const seat of this.#seats) {
      if (seat.running || !seat.thread?.up) continue;
      const job = this.#queue.take();
      if (!job) return;
      const waitedMs = performance.now() - (this.#since.get(job) ?? performance.now());
      this.#waitMs += (waitedMs - this.#waitMs) * 0.2;
      const id = this.#nextId++;
      seat.running = { id, job, stopped: false };
      const { utterance, draft } = job;
      const hurried = this.#queue.length > 0;
      seat.thread.send({ id, utterance, draft, hurried }, [utterance.samples.buffer as ArrayBuffer]);
    }
  }

  /** Makes way for a job that waits though it is urgent. */
  #breakOffInterim(): void {
    if (!this.#queue.hasOver('interim')) return;
    if (this.#seats.some((seat) => seat.running?.stopped)) return;
    const seat = this.#seats.find((s) => s.running?.job.priority === 'interim');
    if (seat) stopRunning(seat);
  }
}

function stopRunning(seat: Seat): void {
  if (!seat.running) return;
  seat.running.stopped = true;
  Atomics.store(seat.unwanted, 0, seat.running.id);
}
