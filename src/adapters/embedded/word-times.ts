/** A sound of the synthesizer and the time of its end. */
export interface Phone {
  name: string;
  endMs: number;
}

/** Where a word's sounds begin and end. */
export interface WordSpan {
  fromMs: number;
  toMs: number;
}

const PAUSE = 'pau';
/** Sounds that a letter often stands for; vowels stand for each other. */
const SOUNDS: Record<string, string> = {
  b: 'b',
  c: 'k s ch',
  d: 'd t',
  f: 'f',
  g: 'g jh',
  h: 'hh',
  j: 'jh',
  k: 'k',
  l: 'l',
  m: 'm',
  n: 'n ng',
  p: 'p f',
  q: 'k',
  r: 'r er',
  s: 's z sh zh',
  t: 't th dh ch sh',
  v: 'v',
  w: 'w',
  x: 'k z s',
  y: 'y iy ay ih',
  z: 'z s',
};
const VOWELS = 'aeiouy';
const COST = { good: 0, vowel: 0.2, wrong: 1.2, silentLetter: 0.45, extraPhone: 0.7, pauseInside: 3 };

/**
 * Times of words from the sounds of their sentence: the letters of all words are aligned with the sounds (Needleman and
 * Wunsch, 1970) by what letters usually sound like, and a word spans the sounds its letters were given. One span a
 * word, in order, without overlaps. `words` are as they are said; there is at least one phone.
 */
export function wordTimes(words: readonly string[], phones: readonly Phone[]): WordSpan[] {
  const letters = words.flatMap((word, index) => {
    const own = word.toLowerCase().replace(/[^a-z]/g, '') || 'e';
    return [...own].map((letter, at) => ({ letter, index, isFirst: at === 0 }));
  });
  const owners = alignedWords(letters, phones);
  const starts = phones.map((_, i) => (i === 0 ? 0 : phones[i - 1]!.endMs));
  const spans: WordSpan[] = [];
  let last = 0;
  for (let word = 0; word < words.length; word++) {
    const first = owners.indexOf(word);
    const final = owners.lastIndexOf(word);
    const fromMs = first < 0 ? last : starts[first]!;
    last = final < 0 ? last : phones[final]!.endMs;
    spans.push({ fromMs, toMs: last });
  }
  return spans;
}

interface Letter {
  letter: string;
  index: number;
  isFirst: boolean;
}

/** Which word each phone belongs to; -1 for a pause between words. */
function alignedWords(letters: readonly Letter[], phones: readonly Phone[]): number[] {
  const width = phones.length + 1;
  const cost = new Float64Array((letters.length + 1) * width);
  const step = new Uint8Array(cost.length);
  for (let i = 0; i <= letters.length; i++) {
    for (let j = i === 0 ? 1 : 0; j < width; j++) {
      const at = i * width + j;
      const skipLetter = i > 0 ? cost[at - width]! + COST.silentLetter : Number.POSITIVE_INFINITY;
      const skipPhone =
        j > 0 ? cost[at - 1]! + phoneCost(letters, i, phones[j - 1]!) : Number.POSITIVE_INFINITY;
      const pair =
        i > 0 && j > 0
          ? cost[at - width - 1]! + pairCost(letters[i - 1]!.letter, phones[j - 1]!.name)
          : Number.POSITIVE_INFINITY;
      cost[at] = Math.min(skipLetter, skipPhone, pair);
      step[at] = cost[at] === pair ? PAIR : cost[at] === skipLetter ? LETTER : PHONE;
    }
  }
  return ownersBack(letters, phones, step);
}

const PAIR = 0;
const LETTER = 1;
const PHONE = 2;

function ownersBack(letters: readonly Letter[], phones: readonly Phone[], step: Uint8Array): number[] {
  const owners = new Array<number>(phones.length).fill(-1);
  let i = letters.length;
  let j = phones.length;
  while (i > 0 || j > 0) {
    const taken = step[i * (phones.length + 1) + j];
    if (taken === LETTER) i--;
    else {
      j--;
      if (phones[j]!.name !== PAUSE) owners[j] = letters[Math.max(0, i - 1)]!.index;
      if (taken === PAIR) i--;
    }
  }
  return owners;
}

/** A phone no letter stands for: a pause belongs between words. */
function phoneCost(letters: readonly Letter[], before: number, phone: Phone): number {
  if (phone.name !== PAUSE) return COST.extraPhone;
  const atBoundary = before === 0 || before === letters.length || letters[before]!.isFirst;
  return atBoundary ? 0 : COST.pauseInside;
}

function pairCost(letter: string, phone: string): number {
  if (phone === PAUSE) return COST.pauseInside;
  if (SOUNDS[letter]?.split(' ').includes(phone)) return COST.good;
  return VOWELS.includes(letter) && /^[aeiou]/.test(phone) ? COST.vowel : COST.wrong;
}
