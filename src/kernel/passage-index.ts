import { contentTerms, termsOf } from './terms.ts';

/** A piece of text that can be an answer. The heading it stands under helps to find it. */
export interface Passage {
  readonly text: string;
  readonly heading?: string;
}

export interface PassageHit {
  /** Its place in the list that was indexed. */
  readonly at: number;
  /** BM25; comparable within one search. */
  readonly score: number;
  /** Share of the question's words, by their weight, that the passage has: 0 to 1. Low means the subject is another. */
  readonly coverage: number;
  /** The terms of the question that it has. */
  readonly matched: readonly string[];
}

export interface PassageIndex {
  /** Best first; passages without any word of the query are left out. */
  search(query: string, limit: number): PassageHit[];
  /** Whether any passage holds the word, in whatever form. */
  knows(word: string): boolean;
}

const K1 = 1.2;
const B = 0.4;
const HEADING_WEIGHT = 0.8;
/** What a word found by another spelling is worth, against the word itself. */
const FUZZY_WEIGHT = 0.75;

/**
 * Indexes passages for ranking by Okapi BM25 (Robertson and Zaragoza 2009) over stems, with synonyms folded into
 * concepts (`terms.ts`) and misspelt or misheard query words matched within one or two edits.
 */
export function passageIndex(passages: readonly Passage[]): PassageIndex {
  const documents = passages.map(({ text, heading }) => {
    const weights = new Map<string, number>();
    for (const term of termsOf(text)) weights.set(term, (weights.get(term) ?? 0) + 1);
    for (const term of termsOf(heading ?? '')) weights.set(term, (weights.get(term) ?? 0) + HEADING_WEIGHT);
    return { weights, length: [...weights.values()].reduce((sum, weight) => sum + weight, 0) };
  });
  const frequency = new Map<string, number>();
  for (const { weights } of documents) {
    for (const term of weights.keys()) frequency.set(term, (frequency.get(term) ?? 0) + 1);
  }
  const meanLength = documents.reduce((sum, { length }) => sum + length, 0) / Math.max(1, documents.length);
  const idf = (term: string) => {
    const found = frequency.get(term) ?? 0;
    return Math.log(1 + (documents.length - found + 0.5) / (found + 0.5));
  };
  const rarest = Math.log(1 + (documents.length - 0.5) / 1.5);
  const bm25 = (term: string, at: number) => {
    const document = documents[at];
    const weight = document?.weights.get(term) ?? 0;
    const norm = K1 * (1 - B + (B * (document?.length ?? 0)) / (meanLength || 1));
    return (idf(term) * weight * (K1 + 1)) / (weight + norm);
  };
  return {
    knows: (word) => termsOf(word).some((term) => frequency.has(term)),
    search(query, limit) {
      const wanted = contentTerms(query).map((term) => closest(term, frequency));
      // A word that no passage has weighs as much as one that a single passage has.
      const weigh = (term: string) => Math.min(idf(term), rarest);
      const total = wanted.reduce((sum, { term }) => sum + weigh(term), 0);
      if (total === 0) return [];
      return documents
        .map((document, at) => {
          const found = wanted.filter(({ term }) => document.weights.has(term));
          return {
            at,
            score: found.reduce((sum, { term, weight }) => sum + bm25(term, at) * weight, 0),
            coverage: found.reduce((sum, { term, weight }) => sum + weigh(term) * weight, 0) / total,
            matched: found.map(({ term }) => term),
          };
        })
        .filter(({ score }) => score > 0)
        .sort((a, b) => b.score - a.score || a.at - b.at)
        .slice(0, limit);
    },
  };
}

/** The term itself when it is indexed, else the indexed term within 1 edit (5 letters and up) or 2 (8 and up). */
function closest(term: string, known: ReadonlyMap<string, number>): { term: string; weight: number } {
  if (known.has(term) || term.startsWith('§') || term.length < 5) return { term, weight: 1 };
  const reach = term.length >= 8 ? 2 : 1;
  let best = term;
  let bestEdits = reach + 1;
  for (const candidate of known.keys()) {
    if (candidate.length < 4 || candidate[0] !== term[0]) continue;
    const edits = editDistance(term, candidate, reach);
    if (edits < bestEdits) [best, bestEdits] = [candidate, edits];
  }
  return bestEdits <= reach ? { term: best, weight: FUZZY_WEIGHT } : { term, weight: 1 };
}

/** Edits (insert, delete, replace, swap of neighbours) from one word to another; more than `limit` is `limit + 1`. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let edits = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) edits = Math.min(edits, before[j - 2]! + 1);
      next.push(edits);
    }
    [before, row] = [row, next];
  }
  return Math.min(row[b.length]!, limit + 1);
}
