/** How far a transcript is from what was said: word substitutions, insertions and deletions, and the words said. */
export interface WordErrors {
  errors: number;
  words: number;
}

/** Counts word errors (Levenshtein over words) after bringing both texts to one spelling. */
export function wordErrors(said: string, heard: string): WordErrors {
  const a = comparable(said);
  const b = comparable(heard);
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same));
    }
    row = next;
  }
  return { errors: row[b.length]!, words: a.length };
}

/** The share of wrong words over many texts. */
export function wordErrorRate(pairs: readonly { said: string; heard: string }[]): number {
  let errors = 0;
  let words = 0;
  for (const { said, heard } of pairs) {
    const one = wordErrors(said, heard);
    errors += one.errors;
    words += one.words;
  }
  return words === 0 ? 0 : errors / words;
}

const ONES =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = 'zero ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ');

function numberWords(digits: string): string {
  const value = Number(digits);
  if (digits.length > 2 || digits.startsWith('0')) return [...digits].map((d) => ONES[Number(d)]).join(' ');
  if (value < 20) return ONES[value]!;
  return value % 10 === 0 ? TENS[value / 10]! : `${TENS[Math.floor(value / 10)]} ${ONES[value % 10]}`;
}

/** One spelling for what sounds the same. */
const SPELLINGS: readonly [RegExp, string][] = [
  [/\bo'clock\b/g, 'oclock'],
  [/'/g, ''],
  [/\b(\d)\s*d\b/g, '$1 d'],
  [/\d+/g, ' $& '],
  [/[^a-z0-9 ]+/g, ' '],
  [/\bvoice mail\b/g, 'voicemail'],
  [/\bmail box\b/g, 'mailbox'],
  [/\bgood bye\b/g, 'goodbye'],
  [/\bpass word\b/g, 'password'],
  [/\blog in\b/g, 'login'],
  [/\blogged on\b/g, 'loggedon'],
  [/\bok\b/g, 'okay'],
  [/\btouch tone\b/g, 'touchtone'],
  [/\bkey pad\b/g, 'keypad'],
  [/\bkey words\b/g, 'keywords'],
  [/\bphone number\b/g, 'phonenumber'],
  [/\bre record\b/g, 'rerecord'],
  [/\bre enter(ed)?\b/g, 'reenter$1'],
  [/\bre presentative/g, 'representative'],
  [/\brepresenatives\b/g, 'representatives'],
  [/\bde activated\b/g, 'deactivated'],
  [/\bfile name\b/g, 'filename'],
  [/\bp m\b/g, 'pm'],
  [/\ba m\b/g, 'am'],
];

function comparable(text: string): string[] {
  let plain = text.toLowerCase().replace(/’/g, "'");
  for (const [pattern, into] of SPELLINGS) plain = plain.replace(pattern, into);
  return plain
    .replace(/\d+/g, numberWords)
    .split(' ')
    .filter((word) => word !== '');
}
