import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { EmbeddedModels } from './models.ts';
import { loadDecoder, type MoonshineDecoder, sessionOptions } from './moonshine-decoder.ts';
import { END_TOKEN, START_TOKEN, TokenTable } from './token-table.ts';

/** What the model heard. */
export interface Heard {
  text: string;
  tokens: number[];
  /** Geometric mean of the probabilities of the chosen tokens, 0 to 1. */
  confidence: number;
  /** True when `isStale` cut the decoding short: `tokens` is then a beginning. */
  stopped: boolean;
}

export interface HearOptions {
  /** Tokens that are likely how the text begins; they are verified in one pass instead of being found one by one. */
  draft?: readonly number[];
  /** Asked between tokens; true ends the work at once. */
  isStale?: () => boolean;
}

/** Moonshine's window: its encoder fails on less, and is quadratic in more. */
const MIN_SAMPLES = 1600;
const TOKENS_PER_SECOND = 6.5;
const MIN_TOKENS = 8;
const RATE_HZ = 16_000;

/** Moonshine tiny (English), in the thread that loads it. Not reentrant: one `hear` at a time. */
export class MoonshineModel {
  readonly #encoder: InferenceSession;
  readonly #decoder: MoonshineDecoder;
  readonly #table: TokenTable;

  private constructor(encoder: InferenceSession, decoder: MoonshineDecoder, table: TokenTable) {
    this.#encoder = encoder;
    this.#decoder = decoder;
    this.#table = table;
  }

  static async load(models: EmbeddedModels): Promise<MoonshineModel> {
    const [encoder, decoder, pieces] = await Promise.all([
      InferenceSession.create(models.encoder, sessionOptions()),
      loadDecoder(models.decoder),
      readFile(models.tokens, 'utf8'),
    ]);
    return new MoonshineModel(encoder, decoder, new TokenTable(JSON.parse(pieces) as string[]));
  }

  /** Transcribes 16 kHz mono audio of -1 to 1, greedily. */
  async hear(audio: Float32Array, options: HearOptions = {}): Promise<Heard> {
    const window = audio.length >= MIN_SAMPLES ? audio : padded(audio);
    const input = new Tensor('float32', window, [1, window.length]);
    const hidden = (await this.#encoder.run({ input_values: input })).last_hidden_state as Tensor;
    if (options.isStale?.()) return { text: '', tokens: [], confidence: 0, stopped: true };
    const draft = (options.draft ?? []).slice(0, tokenCap(window.length) - 1);
    const start = await this.#decoder.begin(hidden, [START_TOKEN, ...draft]);
    let agreed = 0;
    while (agreed < draft.length && start.tokens[agreed] === draft[agreed]) agreed++;
    this.#decoder.keep(agreed + 1);
    const tokens = draft.slice(0, agreed);
    const logprobs = start.logprobs.slice(0, agreed + 1);
    const stopped = await this.#continue(
      { tokens, logprobs },
      { next: start.tokens[agreed]!, cap: tokenCap(window.length), isStale: options.isStale },
    );
    const mean = logprobs.reduce((sum, x) => sum + x, 0) / logprobs.length;
    return { text: this.#table.text(tokens), tokens, confidence: Math.exp(mean), stopped };
  }

  /** Frees the sessions. No `hear` may be under way. */
  async close(): Promise<void> {
    await this.#encoder.release();
    await this.#decoder.close();
  }

  async #continue(
    said: { tokens: number[]; logprobs: number[] },
    from: { next: number; cap: number; isStale: (() => boolean) | undefined },
  ): Promise<boolean> {
    let next = from.next;
    while (next !== END_TOKEN) {
      said.tokens.push(next);
      const repeats = loopLength(said.tokens);
      if (repeats > 0) {
        said.tokens.length -= repeats;
        said.logprobs.length = said.tokens.length;
        return false;
      }
      if (said.tokens.length >= from.cap) return false;
      if (from.isStale?.()) return true;
      const found = await this.#decoder.step(next);
      next = found.tokens[0]!;
      said.logprobs.push(found.logprobs[0]!);
    }
    return false;
  }
}

function tokenCap(samples: number): number {
  return Math.max(MIN_TOKENS, Math.ceil((samples / RATE_HZ) * TOKENS_PER_SECOND));
}

function padded(audio: Float32Array): Float32Array {
  const window = new Float32Array(MIN_SAMPLES);
  window.set(audio);
  return window;
}

const MAX_PERIOD = 8;
/** How often a phrase of 1 to 8 tokens may come in a row: people do say "no no no no", and phone numbers repeat. */
const repeatsAllowed = (period: number) => (period <= 2 ? 6 : 3);

/** How many tokens at the end only repeat what stands before them, once a model has begun to loop; else 0. */
export function loopLength(tokens: readonly number[]): number {
  for (let period = 1; period <= MAX_PERIOD; period++) {
    const needed = period * (repeatsAllowed(period) + 1);
    if (tokens.length < needed) continue;
    let same = period;
    while (same < needed && tokens[tokens.length - 1 - same] === tokens[tokens.length - 1 - same + period])
      same++;
    if (same >= needed) return needed - period;
  }
  return 0;
}
