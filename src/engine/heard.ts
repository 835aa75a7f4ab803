import type { TimedWord } from '#engine/ports';

/** A piece of text and the place of its audio within what was synthesized. */
export interface Span {
  readonly text: string;
  readonly fromMs: number;
  /** Words with times relative to `fromMs`, where the voice gave them. */
  readonly words: readonly TimedWord[] | undefined;
}

export interface HeardText {
  /** The words that were played, in order. */
  readonly text: string;
  /** Characters of text beyond them. */
  readonly unheardChars: number;
}

/** A rough speaking rate, for a piece whose audio has not all arrived. */
const MS_PER_CHAR = 65;
/** A pause after punctuation, counted in letters. */
const PAUSE_LETTERS = 4;

/**
 * The words whose greater part had been played `playedMs` into the audio. Where the voice gave no word times, a piece's
 * time is shared among its words by their length, with a pause after punctuation.
 */
export function heardText(
  spans: readonly Span[],
  played: { playedMs: number; audioMs: number; isComplete: boolean },
): HeardText {
  const heard: string[] = [];
  let unheardChars = 0;
  for (const [i, span] of spans.entries()) {
    const next = spans[i + 1]?.fromMs;
    const grown = played.isComplete ? 0 : span.fromMs + span.text.length * MS_PER_CHAR;
    const toMs = next ?? Math.max(played.audioMs, grown);
    if (played.playedMs >= toMs - 1) {
      heard.push(span.text);
      continue;
    }
    const text = heardWords(span, toMs - span.fromMs, played.playedMs - span.fromMs);
    if (text !== '') heard.push(text);
    unheardChars += span.text.length - text.length;
  }
  return { text: heard.join(' '), unheardChars };
}

function heardWords(span: Span, lengthMs: number, playedMs: number): string {
  if (playedMs <= 0) return '';
  const words = span.words?.length ? span.words : shared(span.text, lengthMs);
  const heard = words.filter((word) => (word.fromMs + word.toMs) / 2 <= playedMs).length;
  if (heard === 0) return '';
  return span.words?.length ? prefixOf(span.text, heard, span.words.length) : firstWords(span.text, heard);
}

/** The text's first words, as many as the voice's own words say; a voice may count them differently. */
function prefixOf(text: string, heard: number, of: number): string {
  const count = text.split(/\s+/).length;
  return firstWords(text, count === of ? heard : Math.round((heard / of) * count));
}

function firstWords(text: string, count: number): string {
  return text.split(/\s+/).slice(0, count).join(' ');
}

function shared(text: string, lengthMs: number): TimedWord[] {
  const words = text.split(/\s+/);
  const letters = (word: string) => word.length + 1 + (/[,.;:!?…]$/.test(word) ? PAUSE_LETTERS : 0);
  let total = 0;
  for (const word of words) total += letters(word);
  let fromMs = 0;
  return words.map((word) => {
    const start = fromMs;
    fromMs += (letters(word) / total) * lengthMs;
    return { text: word, fromMs: start, toMs: start + ((word.length + 1) / total) * lengthMs };
  });
}
