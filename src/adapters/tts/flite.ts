import { FliteError, type FliteHost } from '#adapters/embedded/flite-host';
import { FLITE_VOICES, type FliteVoice, type SpokenAudio } from '#adapters/embedded/flite-voice';
import { PhraseCache } from '#adapters/embedded/phrase-cache';
import { type SpokenPiece, spokenPieces } from '#adapters/embedded/spoken-text';
import {
  ProviderError,
  type SpeakOptions,
  type SpeechChunk,
  type TextToSpeech,
  type TimedWord,
} from '#engine/ports';

const NAME = 'flite';
const CACHE_BYTES = 24 * 1024 * 1024;
/** The first piece of a reply is short, so that it is soon heard; the rest is rendered while it plays. */
const FIRST_CHARS = 90;
const REST_CHARS = 220;
/** Silence between pieces, by how the one before ended. */
const GAPS_MS: readonly [RegExp, number][] = [
  [/[.!?…]["')\]]*$/, 220],
  [/[,;:—–-]["')\]]*$/, 110],
];
const RETRY_AFTER_MS = 1000;

/**
 * CMU flite in the thread of `host`: English, intelligible and plainly synthetic. Voices rms, slt, awb and kal16; an
 * empty voice is rms. Rendered phrases are kept, so greetings and fillers cost nothing the second time. Rejects with a
 * ProviderError: `invalid` for another voice, `full` when too much waits, `unavailable` when the thread broke off.
 */
export function flite(host: FliteHost): TextToSpeech {
  const cache = new PhraseCache<SpokenAudio>(CACHE_BYTES);
  return {
    name: NAME,
    speak: (text, options, signal) => new Reading({ host, cache, options, signal }).chunks(text),
  };
}

interface ReadingDeps {
  host: FliteHost;
  cache: PhraseCache<SpokenAudio>;
  options: SpeakOptions;
  signal: AbortSignal;
}

/** One reply being read out. */
class Reading {
  readonly #deps: ReadingDeps;
  readonly #voice: string;
  /** How what was last spoken ended; null before the first piece. */
  #lastText: string | null = null;

  constructor(deps: ReadingDeps) {
    this.#deps = deps;
    this.#voice = deps.options.voice || 'rms';
  }

  async *chunks(text: AsyncIterable<string>): AsyncGenerator<SpeechChunk> {
    if (!isVoice(this.#voice)) {
      throw new ProviderError(NAME, 'invalid', `the embedded voice has no voice called ${this.#voice}`);
    }
    for await (const sentence of text) {
      if (this.#deps.signal.aborted) return;
      const limit = this.#lastText === null ? FIRST_CHARS : REST_CHARS;
      for (const piece of splitPieces(spokenPieces(sentence), limit)) {
        const chunk = await this.#render(piece);
        if (!chunk) return;
        yield chunk;
      }
    }
  }

  /** Null when the signal aborted. */
  async #render(pieces: readonly SpokenPiece[]): Promise<SpeechChunk | null> {
    const { rateHz } = this.#deps.options;
    const source = pieces.map((piece) => piece.source).join(' ');
    const isSilent = pieces.every((piece) => !/[a-z]/i.test(piece.spoken));
    const audio = isSilent ? { samples: new Int16Array(0), words: [] } : await this.#audio(pieces);
    if (!audio || this.#deps.signal.aborted) return null;
    const gapMs = this.#lastText === null ? 0 : gapAfter(this.#lastText);
    this.#lastText = source;
    const gap = Math.round((gapMs * rateHz) / 1000);
    const samples = new Int16Array(gap + audio.samples.length);
    samples.set(audio.samples, gap);
    return { samples, rateHz, text: source, words: timedWords(pieces, audio, gapMs) };
  }

  async #audio(pieces: readonly SpokenPiece[]): Promise<SpokenAudio | null> {
    const { host, cache, options, signal } = this.#deps;
    const speed = Math.min(2, Math.max(0.5, options.speed || 1));
    const voice = this.#voice as FliteVoice;
    const words = pieces.map((piece) => piece.spoken);
    const key = JSON.stringify([voice, speed, options.rateHz, words]);
    const kept = cache.get(key);
    if (kept) return kept;
    const order = { voice, speed, rateHz: options.rateHz, words };
    try {
      const audio = await host.speak(order, { urgent: this.#lastText === null, signal });
      if (audio) cache.set(key, audio, audio.samples.byteLength);
      return audio;
    } catch (error) {
      if (!(error instanceof FliteError)) throw error;
      const kind = error.reason === 'full' ? 'full' : 'unavailable';
      throw new ProviderError(NAME, kind, error.message, RETRY_AFTER_MS);
    }
  }
}

function isVoice(name: string): name is FliteVoice {
  return Object.hasOwn(FLITE_VOICES, name);
}

function gapAfter(text: string): number {
  return GAPS_MS.find(([mark]) => mark.test(text))?.[1] ?? 0;
}

/** The written words with their times; a spoken piece of several written words shares its time by their length. */
function timedWords(pieces: readonly SpokenPiece[], audio: SpokenAudio, gapMs: number): TimedWord[] {
  const words: TimedWord[] = [];
  pieces.forEach((piece, i) => {
    const span = audio.words[i] ?? { fromMs: 0, toMs: 0 };
    const written = piece.source.split(' ');
    const perChar = (span.toMs - span.fromMs) / written.join('').length;
    let fromMs = gapMs + span.fromMs;
    for (const text of written) {
      const toMs = fromMs + text.length * perChar;
      words.push({ text, fromMs: Math.round(fromMs), toMs: Math.round(toMs) });
      fromMs = toMs;
    }
  });
  return words;
}

/**
 * Cuts what is longer than `limit` characters at the best clause boundary before it: after punctuation, else before a
 * joining word, else between any two words.
 */
export function splitPieces(pieces: readonly SpokenPiece[], limit: number): SpokenPiece[][] {
  const parts: SpokenPiece[][] = [];
  let rest = [...pieces];
  let most = limit;
  for (let cut = cutAt(rest, most); cut > 0; cut = cutAt(rest, most)) {
    parts.push(rest.slice(0, cut));
    rest = rest.slice(cut);
    most = REST_CHARS;
  }
  if (rest.length > 0) parts.push(rest);
  return parts;
}

const JOINING = /^(?:and|but|or|so|because|which|who|that|when|while|if|then|with|for)$/i;
const MIN_CHARS = 12;

/** How many pieces come before the cut; 0 when none is needed. */
function cutAt(pieces: readonly SpokenPiece[], limit: number): number {
  let chars = 0;
  let best = 0;
  let bestRank = -1;
  for (const [i, piece] of pieces.entries()) {
    if (i > 0 && chars >= MIN_CHARS) {
      const rank = cutRank(pieces[i - 1]!, piece);
      if (rank >= bestRank) [best, bestRank] = [i, rank];
    }
    if (i > 0 && chars + piece.source.length > limit) return best || i;
    chars += piece.source.length + 1;
  }
  return 0;
}

/** How good a place between two pieces is: after a sentence, after a clause, before a joining word, anywhere. */
function cutRank(before: SpokenPiece, after: SpokenPiece): number {
  if (/[.!?]$/.test(before.spoken)) return 3;
  if (/,$/.test(before.spoken)) return 2;
  return JOINING.test(after.source) ? 1 : 0;
}
