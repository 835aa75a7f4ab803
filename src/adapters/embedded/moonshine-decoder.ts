import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { DecoderFiles } from './models.ts';

/** What the model says comes after each position of its input: the likeliest token and its log-probability. */
export interface Prediction {
  tokens: number[];
  logprobs: number[];
}

/**
 * Moonshine's decoder over one utterance at a time: `begin` reads the encoded audio and a prefix of tokens at once,
 * `keep` forgets the positions after the first few, `step` adds one token.
 */
export interface MoonshineDecoder {
  begin(hidden: Tensor, prefix: readonly number[]): Promise<Prediction>;
  keep(positions: number): void;
  step(token: number): Promise<Prediction>;
  close(): Promise<void>;
}

const LAYERS = [0, 1, 2, 3, 4, 5];
const SIDES = ['key', 'value'] as const;
const HEADS = 8;
const HEAD_WIDTH = 36;
const VOCABULARY = 32768;

/**
 * One thread and no spinning: the machine's cores belong to the calls, and a second thread buys little. The arena is
 * off because it never shrinks. `x64quantprecision` keeps signed weights exact on processors that lack VNNI.
 */
export function sessionOptions(session: Record<string, unknown> = {}): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: false,
    extra: {
      session: {
        intra_op: { allow_spinning: '0' },
        inter_op: { allow_spinning: '0' },
        x64quantprecision: '1',
        ...session,
      },
    },
  };
}

/** Loads the decoder from its files, whichever kind they are. */
export async function loadDecoder(files: DecoderFiles): Promise<MoonshineDecoder> {
  if (files.kind === 'merged') {
    const options = sessionOptions({ disable_quant_qdq: '1' });
    return new MergedDecoder(await InferenceSession.create(files.path, options));
  }
  const [first, next, embeddings] = await Promise.all([
    InferenceSession.create(files.first, sessionOptions()),
    InferenceSession.create(files.next, sessionOptions()),
    readFile(files.embeddings),
  ]);
  return new SplitGraphs({ first, next, embeddings, scale: files.scale, zeroPoint: files.zeroPoint });
}

type Feeds = Record<string, Tensor>;

/** The decoder's caches are [1, 8 heads, positions, 36]; this keeps the first positions of each head. */
function shorten(cache: Tensor, positions: number): Tensor {
  const had = cache.dims[2]!;
  if (had <= positions) return cache;
  const from = cache.data as Float32Array;
  const to = new Float32Array(HEADS * positions * HEAD_WIDTH);
  for (let head = 0; head < HEADS; head++) {
    const start = head * had * HEAD_WIDTH;
    to.set(from.subarray(start, start + positions * HEAD_WIDTH), head * positions * HEAD_WIDTH);
  }
  return new Tensor('float32', to, [1, HEADS, positions, HEAD_WIDTH]);
}

function moveCaches(feeds: Feeds, results: Feeds, kinds: readonly ('decoder' | 'encoder')[]): void {
  for (const layer of LAYERS) {
    for (const kind of kinds) {
      for (const side of SIDES) {
        feeds[`past_key_values.${layer}.${kind}.${side}`] = results[`present.${layer}.${kind}.${side}`]!;
      }
    }
  }
}

function keepCaches(feeds: Feeds, positions: number): void {
  for (const layer of LAYERS) {
    for (const side of SIDES) {
      const name = `past_key_values.${layer}.decoder.${side}`;
      feeds[name] = shorten(feeds[name]!, positions);
    }
  }
}

interface SplitParts {
  first: InferenceSession;
  next: InferenceSession;
  embeddings: Uint8Array;
  scale: number;
  zeroPoint: number;
}

/** The two graphs of ./split-decoder.ts. */
class SplitGraphs implements MoonshineDecoder {
  readonly #parts: SplitParts;
  #feeds: Feeds = {};

  constructor(parts: SplitParts) {
    this.#parts = parts;
  }

  async begin(hidden: Tensor, prefix: readonly number[]): Promise<Prediction> {
    const results = (await this.#parts.first.run({
      embeds: this.#embed(prefix),
      encoder_hidden_states: hidden,
    })) as Feeds;
    this.#feeds = {};
    moveCaches(this.#feeds, results, ['decoder', 'encoder']);
    return predictionOf(results);
  }

  keep(positions: number): void {
    keepCaches(this.#feeds, positions);
  }

  async step(token: number): Promise<Prediction> {
    this.#feeds.embeds = this.#embed([token]);
    const results = (await this.#parts.next.run(this.#feeds)) as Feeds;
    moveCaches(this.#feeds, results, ['decoder']);
    return predictionOf(results);
  }

  async close(): Promise<void> {
    this.#feeds = {};
    await this.#parts.first.release();
    await this.#parts.next.release();
  }

  #embed(tokens: readonly number[]): Tensor {
    const { embeddings, scale, zeroPoint } = this.#parts;
    const width = embeddings.length / VOCABULARY;
    const rows = new Float32Array(tokens.length * width);
    tokens.forEach((token, row) => {
      for (let d = 0; d < width; d++) {
        rows[row * width + d] = (embeddings[token * width + d]! - zeroPoint) * scale;
      }
    });
    return new Tensor('float32', rows, [1, tokens.length, width]);
  }
}

function predictionOf(results: Feeds): Prediction {
  return {
    tokens: Array.from(results.token!.data as BigInt64Array, Number),
    logprobs: Array.from(results.logprob!.data as Float32Array),
  };
}

/** The graph as it was shipped: one If over both branches, logits out. */
class MergedDecoder implements MoonshineDecoder {
  readonly #session: InferenceSession;
  #feeds: Feeds = {};

  constructor(session: InferenceSession) {
    this.#session = session;
  }

  async begin(hidden: Tensor, prefix: readonly number[]): Promise<Prediction> {
    this.#feeds = { encoder_hidden_states: hidden };
    const empty = new Tensor('float32', new Float32Array(0), [1, HEADS, 0, HEAD_WIDTH]);
    for (const layer of LAYERS) {
      for (const kind of ['decoder', 'encoder']) {
        for (const side of SIDES) this.#feeds[`past_key_values.${layer}.${kind}.${side}`] = empty;
      }
    }
    return this.#run(prefix, false);
  }

  keep(positions: number): void {
    keepCaches(this.#feeds, positions);
  }

  step(token: number): Promise<Prediction> {
    return this.#run([token], true);
  }

  async close(): Promise<void> {
    this.#feeds = {};
    await this.#session.release();
  }

  async #run(tokens: readonly number[], cached: boolean): Promise<Prediction> {
    this.#feeds.input_ids = new Tensor('int64', BigInt64Array.from(tokens, BigInt), [1, tokens.length]);
    this.#feeds.use_cache_branch = new Tensor('bool', [cached], [1]);
    const results = (await this.#session.run(this.#feeds)) as Feeds;
    moveCaches(this.#feeds, results, cached ? ['decoder'] : ['decoder', 'encoder']);
    const logits = results.logits!.data as Float32Array;
    const found: Prediction = { tokens: [], logprobs: [] };
    for (let row = 0; row < tokens.length; row++) {
      const { token, logprob } = likeliest(logits.subarray(row * VOCABULARY, (row + 1) * VOCABULARY));
      found.tokens.push(token);
      found.logprobs.push(logprob);
    }
    return found;
  }
}

function likeliest(logits: Float32Array): { token: number; logprob: number } {
  let token = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[token]!) token = i;
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i]! - logits[token]!);
  return { token, logprob: -Math.log(total) };
}
