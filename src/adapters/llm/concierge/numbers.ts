const UNITS =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const ORDINALS =
  'zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth'.split(
    ' ',
  );
const TENTHS: Readonly<Record<string, number>> = { twentieth: 20, thirtieth: 30 };

/** A number read from words, and how many words it took. */
export interface ReadNumber {
  value: number;
  length: number;
}

/** A number from 0 to 99, in words or digits, at this place. */
export function numberAt(words: readonly string[], at: number): ReadNumber | null {
  const word = words[at] ?? '';
  if (/^\d{1,2}$/.test(word)) return { value: Number(word), length: 1 };
  if (word === 'oh' || word === 'o') return { value: 0, length: 1 };
  const unit = UNITS.indexOf(word);
  if (unit >= 0) return { value: unit, length: 1 };
  const tens = TENS.indexOf(word);
  if (tens < 2) return null;
  const more = UNITS.indexOf(words[at + 1] ?? '');
  return more >= 1 && more <= 9 ? { value: tens * 10 + more, length: 2 } : { value: tens * 10, length: 1 };
}

/** A day of the month said as an ordinal: "24th", "twenty fourth", "third". */
export function ordinalAt(words: readonly string[], at: number): ReadNumber | null {
  const word = words[at] ?? '';
  const digits = /^(\d{1,2})(?:st|nd|rd|th)$/.exec(word)?.[1];
  if (digits !== undefined) return { value: Number(digits), length: 1 };
  const small = ORDINALS.indexOf(word);
  if (small > 0) return { value: small, length: 1 };
  if (TENTHS[word] !== undefined) return { value: TENTHS[word], length: 1 };
  const tens = TENS.indexOf(word);
  const unit = ORDINALS.indexOf(words[at + 1] ?? '');
  return tens >= 2 && unit >= 1 && unit <= 9 ? { value: tens * 10 + unit, length: 2 } : null;
}

/** Words that may stand between digits without ending the number. */
const BETWEEN = new Set(['dash', 'hyphen', 'um', 'uh', 'then', 'space', 'dot', 'and', 'area', 'code', 'er']);
const REPEATS: Readonly<Record<string, number>> = { double: 2, triple: 3 };

/** A run of digits, and the words it takes up. */
export interface DigitRun {
  digits: string;
  from: number;
  to: number;
}

/**
 * The longest run of spoken or written digits: "four one five, double five five" is 415555. Tens and teens give their
 * figures ("twenty three" 23), "eight hundred" 800. A leading plus is kept.
 */
export function digitRun(words: readonly string[]): DigitRun {
  let best: DigitRun = { digits: '', from: 0, to: 0 };
  for (let at = 0; at < words.length; ) {
    const { digits, end } = runAt(words, at);
    if (digits.replace('+', '').length > best.digits.replace('+', '').length)
      best = { digits, from: at, to: end };
    at = Math.max(at + 1, end);
  }
  return best;
}

export const spokenDigits = (words: readonly string[]): string => digitRun(words).digits;

/** Words that recognisers write for a figure said within a long number. */
const HOMOPHONES: Readonly<Record<string, string>> = { for: '4', to: '2', too: '2', won: '1', ate: '8' };
const LONG_RUN_DIGITS = 6;

/** "For one five, five five five …": a figure heard as another word in front of a long number, or within one. */
function misheardAt(words: readonly string[], at: number, before: string): string | null {
  const figure = HOMOPHONES[words[at] ?? ''];
  if (figure === undefined || !pieceAt(words, at + 1)) return null;
  const rest = before.length >= 2 ? before : runAt(words, at + 1).digits;
  return before.length >= 2 || rest.length >= LONG_RUN_DIGITS ? figure : null;
}

function runAt(words: readonly string[], from: number): { digits: string; end: number } {
  let digits = '';
  let at = from;
  while (at < words.length) {
    const word = words[at] ?? '';
    const misheard = misheardAt(words, at, digits);
    const piece = misheard === null ? pieceAt(words, at) : { text: misheard, length: 1 };
    if (piece) {
      digits += piece.text;
      at += piece.length;
    } else if (digits === '' && word === 'plus') {
      digits = '+';
      at++;
    } else if (digits !== '' && BETWEEN.has(word)) at++;
    else break;
  }
  return { digits: digits === '+' ? '' : digits, end: at };
}

function pieceAt(words: readonly string[], at: number): { text: string; length: number } | null {
  const word = words[at] ?? '';
  if (/^\+?\d[\d.]*$/.test(word)) return { text: word.replaceAll('.', ''), length: 1 };
  const repeats = REPEATS[word];
  const next = repeats === undefined ? null : numberAt(words, at + 1);
  if (repeats !== undefined && next && next.value <= 9)
    return { text: String(next.value).repeat(repeats), length: 2 };
  const number = numberAt(words, at);
  if (!number) return null;
  if (words[at + number.length] === 'hundred')
    return { text: `${number.value}00`, length: number.length + 1 };
  if (words[at + number.length] === 'thousand')
    return { text: `${number.value}000`, length: number.length + 1 };
  return { text: String(number.value), length: number.length };
}

/** The first number said that is no part of a longer run of digits, for "four people" or "12". */
export function countIn(words: readonly string[]): number | null {
  for (let at = 0; at < words.length; at++) {
    const long = /^\d{3,4}$/.test(words[at] ?? '') ? Number(words[at]) : null;
    const number = long === null ? numberAt(words, at) : { value: long, length: 1 };
    if (number && words[at] !== 'o' && words[at] !== 'oh') return number.value;
  }
  if (words.includes('couple')) return 2;
  return words.includes('dozen') ? 12 : null;
}
