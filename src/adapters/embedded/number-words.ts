const ONES =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  );
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];
const SCALES: readonly [bigint, string][] = [
  [1_000_000_000_000n, 'trillion'],
  [1_000_000_000n, 'billion'],
  [1_000_000n, 'million'],
  [1000n, 'thousand'],
  [100n, 'hundred'],
];
const TOO_LARGE = 10n ** 15n;

const IRREGULAR: Record<string, string> = {
  one: 'first',
  two: 'second',
  three: 'third',
  five: 'fifth',
  eight: 'eighth',
  nine: 'ninth',
  twelve: 'twelfth',
};

/** A number as it is read: `12`, `1,204`, `3.14`, `-7`. What is beyond trillions is read digit by digit. */
export function numberWords(digits: string): string {
  const plain = digits.replaceAll(',', '');
  if (plain.startsWith('-')) return `minus ${numberWords(plain.slice(1))}`;
  const [whole = '', fraction] = plain.split('.');
  const words = whole === '' ? 'zero' : wholeWords(whole);
  return fraction ? `${words} point ${digitWords(fraction)}` : words;
}

/** Each digit by its name; other characters are left out. */
export function digitWords(digits: string): string {
  return [...digits]
    .filter((digit) => digit >= '0' && digit <= '9')
    .map((digit) => ONES[Number(digit)])
    .join(' ');
}

/** `3` as `third`, `21` as `twenty first`. */
export function ordinalWords(digits: string): string {
  const words = numberWords(digits).split(' ');
  const last = words.pop()!;
  const ordinal =
    IRREGULAR[last] ??
    (last.endsWith('y') ? `${last.slice(0, -1)}ieth` : last.endsWith('t') ? `${last}h` : `${last}th`);
  return [...words, ordinal].join(' ');
}

/** A year as people say it: `1999` nineteen ninety nine, `2005` two thousand five, `2024` twenty twenty four. */
export function yearWords(digits: string): string {
  const year = Number(digits);
  const low = year % 100;
  if (digits.length !== 4 || year < 1100 || (year >= 2000 && year < 2010)) return numberWords(digits);
  const high = numberWords(String(Math.floor(year / 100)));
  if (low === 0) return year % 1000 === 0 ? numberWords(digits) : `${high} hundred`;
  return `${high} ${low < 10 ? 'oh ' : ''}${numberWords(String(low))}`;
}

function wholeWords(whole: string): string {
  const value = BigInt(whole);
  if (value >= TOO_LARGE || (whole.length > 1 && whole.startsWith('0'))) return digitWords(whole);
  return bigWords(value);
}

function bigWords(value: bigint): string {
  if (value < 20n) return ONES[Number(value)]!;
  if (value < 100n) {
    const ones = value % 10n;
    const tens = TENS[Number(value / 10n)]!;
    return ones === 0n ? tens : `${tens} ${ONES[Number(ones)]}`;
  }
  for (const [size, name] of SCALES) {
    if (value < size) continue;
    const rest = value % size;
    return `${bigWords(value / size)} ${name}${rest === 0n ? '' : ` ${bigWords(rest)}`}`;
  }
  return digitWords(String(value));
}
