import type { SampleRate } from '#audio/frame';
import type { Log } from '#kernel/log';
import { Thread } from './thread.ts';
import {
  BELL,
  CLOSED,
  FREE,
  HIGHEST,
  JUDGED,
  OPEN,
  RATE,
  RING,
  SLOTS,
  STATE,
  STOP,
  type VadMemory,
  VERDICTS,
  vadMemory,
  WRITTEN,
  windowSamples,
  wordAt,
} from './vad-slots.ts';

/** What the detector's thread is started with. */
export interface VadWorkerOptions {
  memory: VadMemory;
  path: string;
}

/** One stream's place at the detector. */
export interface VadSlot {
  /** Copies samples in; never blocks. */
  write(samples: Int16Array): void;
  /** Gives the place back; nothing is told afterwards. */
  release(): void;
}

/** Told once for each window of 32 ms that was judged, in order; `window` counts from 0 and may jump under overload. */
export type OnVerdict = (window: number, probability: number) => void;

interface Claim {
  slot: number;
  told: number;
  on: OnVerdict;
}

/** The calls' side of the voice detector: one thread for all streams of the process, fed through shared memory. */
export class VadHost {
  readonly #log: Log;
  readonly #memory = vadMemory();
  readonly #claims = new Set<Claim>();
  #thread: Thread<object, object> | null = null;

  private constructor(log: Log) {
    this.#log = log;
  }

  /** Resolves when the model is loaded; rejects when it can't be. `path` is Silero's file. */
  static async open(options: { path: string; log: Log; codeCacheDir?: string }): Promise<VadHost> {
    const host = new VadHost(options.log);
    const workerData: VadWorkerOptions = { memory: host.#memory, path: options.path };
    host.#thread = await Thread.start<object, object>({
      entry: new URL('./vad-worker.ts', import.meta.url),
      workerData,
      codeCacheDir: options.codeCacheDir,
      onMessage: () => host.#tell(),
      onLost: (why) => host.#log.error({ why }, 'the voice detection thread died; starting another'),
    });
    return host;
  }

  /** A place for one stream, or null when all are taken. */
  claim(rateHz: SampleRate, on: OnVerdict): VadSlot | null {
    const { words } = this.#memory;
    let slot = 0;
    while (slot < SLOTS && Atomics.load(words, wordAt(slot, STATE)) !== FREE) slot++;
    if (slot === SLOTS) return null;
    for (const word of [WRITTEN, JUDGED]) Atomics.store(words, wordAt(slot, word), 0);
    Atomics.store(words, wordAt(slot, RATE), rateHz);
    Atomics.store(words, wordAt(slot, STATE), OPEN);
    if (Atomics.load(words, HIGHEST) <= slot) Atomics.store(words, HIGHEST, slot + 1);
    const claim: Claim = { slot, told: 0, on };
    this.#claims.add(claim);
    return {
      write: this.#writer(slot, rateHz),
      release: () => {
        if (!this.#claims.delete(claim)) return;
        Atomics.store(words, wordAt(slot, STATE), CLOSED);
        this.#ring();
      },
    };
  }

  /** How many streams are open. */
  get streams(): number {
    return this.#claims.size;
  }

  async close(): Promise<void> {
    this.#claims.clear();
    Atomics.store(this.#memory.words, STOP, 1);
    this.#ring();
    await this.#thread?.stop();
  }

  #writer(slot: number, rateHz: SampleRate): (samples: Int16Array) => void {
    const { words, samples: store } = this.#memory;
    const base = slot * RING;
    const at = wordAt(slot, WRITTEN);
    const native = rateHz === 8000 || rateHz === 16_000;
    const window = windowSamples(rateHz);
    let written = 0;
    return (samples) => {
      const before = written;
      written += samples.length;
      let from = Math.max(0, samples.length - RING);
      while (from < samples.length) {
        const into = (before + from) & (RING - 1);
        const count = Math.min(samples.length - from, RING - into);
        store.set(count === samples.length ? samples : samples.subarray(from, from + count), base + into);
        from += count;
      }
      Atomics.store(words, at, written | 0);
      // A resampler needs a little beyond the window's end, so only native rates can say when a window is complete.
      if (!native || Math.floor(before / window) !== Math.floor(written / window)) this.#ring();
    };
  }

  #ring(): void {
    Atomics.add(this.#memory.words, BELL, 1);
    Atomics.notify(this.#memory.words, BELL);
  }

  #tell(): void {
    const { words, verdicts } = this.#memory;
    for (const claim of this.#claims) {
      const judged = Atomics.load(words, wordAt(claim.slot, JUDGED));
      if (judged - claim.told > VERDICTS) claim.told = judged - VERDICTS;
      while (claim.told < judged && this.#claims.has(claim)) {
        const window = claim.told++;
        const probability = verdicts[claim.slot * VERDICTS + (window % VERDICTS)]!;
        if (!Number.isNaN(probability)) claim.on(window, probability);
      }
    }
  }
}
