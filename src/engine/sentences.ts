/** Words whose full stop ends no sentence. */
const ABBREVIATIONS =
  /(?:^|[\s("'])(?:mr|mrs|ms|dr|prof|sr|jr|st|ave|rd|no|vs|etc|approx|dept|inc|ltd|co|e\.g|i\.e|a\.m|p\.m|u\.s|[a-z])\.$/i;
/** Ends a sentence, with what may close it. Full-width marks need no space after them. */
const SENTENCE_END = /(?:[.!?…]+["')\]]*(?=\s)|[。！？]+|\n+)/g;
const CLAUSE_END = /[,;:—–](?=\s)/g;
/** The first clause is spoken alone from this length on, so that the voice can begin early. */
const FIRST_MIN_CHARS = 12;
/** Sentences shorter than this are spoken together with the next. */
const MIN_CHARS = 6;
/** Words before which a voice may pause without being misunderstood. */
const SOFT_BREAK =
  /\s(?=(?:and|or|but|so|because|if|when|where|which|that|who|from|in|on|at|by|to|for|with|about|until|after|before|as|und|oder|aber|weil|dass|mit|für|von|y|o|pero|porque|que|con|para|et|ou|mais|avec|pour)\s)/gi;
/** The least that is spoken alone for the sake of being early. */
const HURRIED_WORDS = 3;
const HURRIED_CHARS = 14;
/** From this many words on, any place will do. */
const ENOUGH_WORDS = 5;
/** Longer stretches without an end are cut at a clause, or at a word. */
const MAX_CHARS = 220;

/**
 * Cuts a stream of text into pieces to be spoken: an early first clause, then sentences. Numbers, abbreviations and
 * addresses are not cut. Marks that only make sense on paper (Markdown) are left out.
 */
export class Sentences {
  #rest = '';
  #isFirst = true;

  /** Adds text; gives the pieces that are complete now, trimmed, in order. */
  add(text: string): string[] {
    this.#rest += text;
    const pieces: string[] = [];
    for (let cut = this.#cut(); cut > 0; cut = this.#cut()) {
      const piece = spoken(this.#rest.slice(0, cut));
      this.#rest = this.#rest.slice(cut);
      if (piece === '') continue;
      this.#isFirst = false;
      pieces.push(piece);
    }
    return pieces;
  }

  /**
   * Nothing has been spoken yet and the caller waits: gives the beginning up to where a voice may pause, if it is long
   * enough to bridge the wait for the rest; null otherwise, and after the first piece.
   */
  hurry(): string | null {
    if (!this.#isFirst) return null;
    let cut = 0;
    for (const { index } of this.#rest.matchAll(SOFT_BREAK)) {
      const words = this.#rest.slice(0, index).trim().split(/\s+/).length;
      if (index >= HURRIED_CHARS && words >= HURRIED_WORDS) cut = index;
    }
    const end = this.#rest.search(/\s\S*$/);
    if (cut === 0 && end > 0 && this.#rest.slice(0, end).trim().split(/\s+/).length >= ENOUGH_WORDS)
      cut = end;
    const piece = spoken(this.#rest.slice(0, cut));
    if (piece === '') return null;
    this.#rest = this.#rest.slice(cut);
    this.#isFirst = false;
    return piece;
  }

  /** Ends the text: what is left, or nothing. */
  end(): string[] {
    const piece = spoken(this.#rest);
    this.#rest = '';
    return piece === '' ? [] : [piece];
  }

  /** Where the next piece ends; 0 when it isn't complete. */
  #cut(): number {
    const sentence = endOf(this.#rest, SENTENCE_END, MIN_CHARS);
    const isEarly = this.#isFirst && (sentence === 0 || sentence > 2 * FIRST_MIN_CHARS);
    const clause = isEarly ? endOf(this.#rest, CLAUSE_END, FIRST_MIN_CHARS) : 0;
    if (clause > 0 && (sentence === 0 || clause < sentence)) return clause;
    if (sentence > 0 && sentence <= MAX_CHARS) return sentence;
    if (this.#rest.length <= MAX_CHARS) return sentence;
    const long = lastEndOf(this.#rest.slice(0, MAX_CHARS), CLAUSE_END);
    return long > 0 ? long : Math.max(this.#rest.lastIndexOf(' ', MAX_CHARS), 0) || MAX_CHARS;
  }
}

function endOf(text: string, mark: RegExp, minChars: number): number {
  for (const match of text.matchAll(mark)) {
    const end = match.index + match[0].length;
    if (end < minChars && !match[0].includes('\n')) continue;
    if (match[0].startsWith('.') && isAbbreviation(text.slice(0, match.index + 1))) continue;
    return end;
  }
  return 0;
}

function lastEndOf(text: string, mark: RegExp): number {
  let end = 0;
  for (const match of text.matchAll(mark)) end = match.index + match[0].length;
  return end;
}

function isAbbreviation(text: string): boolean {
  return ABBREVIATIONS.test(text.slice(-12)) || /(?:^|\n)\s*\d+\.$/.test(text);
}

/** The text as it is spoken: without list marks, emphasis, headings, code fences and link targets. */
function spoken(text: string): string {
  return text
    .replace(/\[([^\]]+)\]\([^)]*\)/g, '$1')
    .replace(/(^|\n)\s*(?:[-*•]|#{1,6})\s+/g, '$1')
    .replace(/\*{1,3}|`{1,3}|(?<=^|\s)_{1,2}|_{1,2}(?=\s|$|[.,!?])/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
