import type { Log } from '#kernel/log';
import type { SpeechOrder, SpokenAudio } from './flite-voice.ts';
import { Thread } from './thread.ts';

/** What the speaking thread is told and answers. */
export interface FliteOrder {
  id: number;
  order: SpeechOrder;
}
export interface FliteAnswer {
  id: number;
  audio?: SpokenAudio;
  failure?: string;
}

/** Why there is no audio. */
export type FliteFailure = 'full' | 'lost' | 'failed';

/** Thrown by `speak` with the reason as its message. */
export class FliteError extends Error {
  readonly reason: FliteFailure;
  constructor(reason: FliteFailure, message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface SpeakUrgency {
  /** True for the first audio of a reply: it goes before the continuation of others. */
  urgent: boolean;
  signal: AbortSignal;
}

interface Waiting {
  order: SpeechOrder;
  urgent: boolean;
  resolve(audio: SpokenAudio | null): void;
  reject(error: FliteError): void;
}

/** Some five seconds of work: who comes later is better served by another voice. */
const MOST_WAITING = 64;

/** The calls' side of the speaking thread: a bounded queue, first audio of a reply before the rest of others. */
export class FliteHost {
  readonly #log: Log;
  #thread: Thread<FliteOrder, FliteAnswer> | null = null;
  #waiting: Waiting[] = [];
  #running: (Waiting & { id: number }) | null = null;
  #nextId = 1;

  private constructor(log: Log) {
    this.#log = log;
  }

  /** Resolves when the voices are loaded; rejects when they can't be. `path` is flite's file. */
  static async open(options: { path: string; log: Log; codeCacheDir?: string }): Promise<FliteHost> {
    const host = new FliteHost(options.log);
    host.#thread = await Thread.start<FliteOrder, FliteAnswer>({
      entry: new URL('./flite-worker.ts', import.meta.url),
      workerData: { path: options.path },
      codeCacheDir: options.codeCacheDir,
      onMessage: (answer) => host.#answered(answer),
      onLost: (why) => host.#lost(why),
      onBack: () => host.#dispatch(),
    });
    return host;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves with null when the signal aborts first. Rejects with a FliteError. */
  speak(order: SpeechOrder, { urgent, signal }: SpeakUrgency): Promise<SpokenAudio | null> {
    if (signal.aborted) return Promise.resolve(null);
    if (this.#waiting.length >= MOST_WAITING) {
      return Promise.reject(new FliteError('full', 'the embedded voice has too much to say'));
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        waiting.resolve(null);
      };
      const done =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          signal.removeEventListener('abort', leave);
          settle(value);
        };
      const waiting: Waiting = { order, urgent, resolve: done(resolve), reject: done(reject) };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiting);
      this.#dispatch();
    });
  }

  /** Fails what waits; resolves when the thread has ended. */
  async close(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    for (const one of waiting) one.reject(new FliteError('lost', 'the embedded voice is closed'));
    await this.#thread?.stop();
  }

  #dispatch(): void {
    if (this.#running || !this.#thread?.up) return;
    const next = this.#waiting.find((one) => one.urgent) ?? this.#waiting[0];
    if (!next) return;
    this.#waiting = this.#waiting.filter((one) => one !== next);
    const id = this.#nextId++;
    this.#running = { ...next, id };
    this.#thread.send({ id, order: next.order });
  }

  #answered(answer: FliteAnswer): void {
    const running = this.#running;
    if (running?.id !== answer.id) return;
    this.#running = null;
    this.#dispatch();
    if (answer.audio) running.resolve(answer.audio);
    else running.reject(new FliteError('failed', answer.failure ?? 'the embedded voice failed'));
  }

  #lost(why: string): void {
    this.#log.error({ why }, 'the speaking thread died; starting another');
    const running = this.#running;
    this.#running = null;
    running?.reject(new FliteError('lost', 'the embedded voice broke off'));
  }
}
