import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sessionOptions } from './moonshine-decoder.ts';

/** Rates that Silero hears at; others are resampled to the second. */
export type SileroRate = 8000 | 16_000;

/** What the network remembers of one stream between windows. */
export interface SileroMemory {
  /** Hidden and cell state, 128 each. */
  state: Float32Array;
  /** The last samples of the window before, -1 to 1. */
  context: Float32Array;
}

const STATE = 128;
/** More streams than this in one run gain nothing and delay the first. */
const BATCH = 64;
const SHAPES: Record<SileroRate, { window: number; context: number }> = {
  8000: { window: 256, context: 32 },
  16000: { window: 512, context: 64 },
};

/** One stream's turn: its memory, its next window (-1 to 1), and where the verdict goes. */
export interface SileroTurn {
  memory: SileroMemory;
  window: Float32Array;
  probability: number;
}

export function sileroMemory(rate: SileroRate): SileroMemory {
  return { state: new Float32Array(2 * STATE), context: new Float32Array(SHAPES[rate].context) };
}

/** Samples of one window of 32 ms. */
export function sileroWindow(rate: SileroRate): number {
  return SHAPES[rate].window;
}

/** Silero VAD v6. Streams of one rate go through the network together; the results are those of each alone. */
export class SileroModel {
  readonly #session: InferenceSession;
  readonly #rates: Record<SileroRate, Tensor>;
  readonly #inputs = new Float32Array(BATCH * (SHAPES[16_000].window + SHAPES[16_000].context));
  readonly #states = new Float32Array(BATCH * 2 * STATE);

  private constructor(session: InferenceSession) {
    this.#session = session;
    this.#rates = {
      8000: new Tensor('int64', BigInt64Array.of(8000n), []),
      16000: new Tensor('int64', BigInt64Array.of(16000n), []),
    };
  }

  static async load(path: string): Promise<SileroModel> {
    return new SileroModel(await InferenceSession.create(path, sessionOptions()));
  }

  /** Judges one window of each of `turns`, which are of different streams of one rate. */
  async judge(rate: SileroRate, turns: readonly SileroTurn[]): Promise<void> {
    for (let from = 0; from < turns.length; from += BATCH) {
      await this.#run(rate, turns.slice(from, from + BATCH));
    }
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  async #run(rate: SileroRate, turns: readonly SileroTurn[]): Promise<void> {
    const count = turns.length;
    const { window, context } = SHAPES[rate];
    const width = window + context;
    const inputs = this.#inputs.subarray(0, count * width);
    const states = this.#states.subarray(0, 2 * count * STATE);
    turns.forEach(({ memory, window: samples }, i) => {
      inputs.set(memory.context, i * width);
      inputs.set(samples, i * width + context);
      states.set(memory.state.subarray(0, STATE), i * STATE);
      states.set(memory.state.subarray(STATE), (count + i) * STATE);
    });
    const results = await this.#session.run({
      input: new Tensor('float32', inputs, [count, width]),
      state: new Tensor('float32', states, [2, count, STATE]),
      sr: this.#rates[rate],
    });
    const next = results.stateN!.data as Float32Array;
    const output = results.output!.data as Float32Array;
    turns.forEach((turn, i) => {
      const { memory, window: samples } = turn;
      memory.state.set(next.subarray(i * STATE, (i + 1) * STATE));
      memory.state.set(next.subarray((count + i) * STATE, (count + i + 1) * STATE), STATE);
      memory.context.set(samples.subarray(window - context));
      turn.probability = output[i]!;
    });
  }
}
