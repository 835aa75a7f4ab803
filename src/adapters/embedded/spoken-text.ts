import { digitWords, numberWords, ordinalWords, yearWords } from './number-words.ts';

/** One or more words of a text, and how they are said. */
export interface SpokenPiece {
  /** As written, with its punctuation; pieces joined by single spaces are the text. */
  source: string;
  /** As a simple voice can read it: English words and `, . ? !` only. Empty for what is not said. */
  spoken: string;
}

/** How a rule says what it matched. */
type Say = (match: RegExpExecArray) => string;

const MONTHS: Record<string, string> = {
  jan: 'January',
  feb: 'February',
  mar: 'March',
  apr: 'April',
  may: 'May',
  jun: 'June',
  jul: 'July',
  aug: 'August',
  sep: 'September',
  sept: 'September',
  oct: 'October',
  nov: 'November',
  dec: 'December',
};
const MONTH_NAMES = [...new Set(Object.values(MONTHS))];
const MONTH = `(?:${MONTH_NAMES.join('|')}|(?:${Object.keys(MONTHS).join('|')})\\.?)`;

const CURRENCIES: Record<string, readonly [one: string, many: string, cents: string]> = {
  $: ['dollar', 'dollars', 'cents'],
  '€': ['euro', 'euros', 'cents'],
  '£': ['pound', 'pounds', 'pence'],
  '₹': ['rupee', 'rupees', 'paise'],
};

const UNITS: Record<string, readonly [one: string, many: string]> = {
  km: ['kilometer', 'kilometers'],
  cm: ['centimeter', 'centimeters'],
  mm: ['millimeter', 'millimeters'],
  m: ['meter', 'meters'],
  mi: ['mile', 'miles'],
  ft: ['foot', 'feet'],
  kg: ['kilogram', 'kilograms'],
  g: ['gram', 'grams'],
  mg: ['milligram', 'milligrams'],
  lb: ['pound', 'pounds'],
  lbs: ['pound', 'pounds'],
  oz: ['ounce', 'ounces'],
  ml: ['milliliter', 'milliliters'],
  l: ['liter', 'liters'],
  mph: ['mile per hour', 'miles per hour'],
  min: ['minute', 'minutes'],
  mins: ['minute', 'minutes'],
  hr: ['hour', 'hours'],
  hrs: ['hour', 'hours'],
  h: ['hour', 'hours'],
  sec: ['second', 'seconds'],
  secs: ['second', 'seconds'],
  ms: ['millisecond', 'milliseconds'],
  gb: ['gigabyte', 'gigabytes'],
  mb: ['megabyte', 'megabytes'],
  kb: ['kilobyte', 'kilobytes'],
  '°c': ['degree Celsius', 'degrees Celsius'],
  '°f': ['degree Fahrenheit', 'degrees Fahrenheit'],
  '°': ['degree', 'degrees'],
};

const ABBREVIATIONS: Record<string, string> = {
  'mr.': 'mister',
  'mrs.': 'misses',
  'ms.': 'miz',
  'dr.': 'doctor',
  'prof.': 'professor',
  'jr.': 'junior',
  'sr.': 'senior',
  'st.': 'street',
  'ave.': 'avenue',
  'rd.': 'road',
  'blvd.': 'boulevard',
  'apt.': 'apartment',
  'dept.': 'department',
  'approx.': 'approximately',
  'etc.': 'et cetera',
  'vs.': 'versus',
  'no.': 'number',
  'e.g.': 'for example',
  'i.e.': 'that is',
  'a.k.a.': 'also known as',
  'u.s.': 'U S',
  'inc.': 'incorporated',
  'ltd.': 'limited',
  'co.': 'company',
  asap: 'as soon as possible',
  'w/': 'with',
  ok: 'okay',
  '&': 'and',
  '+': 'plus',
  '=': 'equals',
  '%': 'percent',
  '@': 'at',
  '#': 'number',
};

const TAIL = `(?=[.,;:!?)"'”’\\]…]*(?:\\s|$))`;
const rule = (pattern: string, say: Say): readonly [RegExp, Say] => [new RegExp(pattern + TAIL, 'iy'), say];

/** Tried in order at the beginning of each word; a rule may take several words. */
const RULES: readonly (readonly [RegExp, Say])[] = [
  rule('(?:https?:\\/\\/)?((?:[a-z0-9-]+\\.)+[a-z]{2,}(?:\\/[^\\s,;!?]*[^\\s,;!?.])?)', (m) =>
    addressWords(m[1]!),
  ),
  rule(
    '([\\w.+-]+)@((?:[a-z0-9-]+\\.)+[a-z]{2,})',
    (m) => `${addressWords(m[1]!)} at ${addressWords(m[2]!)}`,
  ),
  rule('(\\d{1,2}):(\\d{2})(?::\\d{2})?\\s?([ap])\\.?\\s?m\\b\\.?', (m) => clockWords(m[1]!, m[2]!, m[3])),
  rule('(\\d{1,2})\\s?([ap])\\.?m\\b\\.?', (m) => clockWords(m[1]!, '00', m[2])),
  rule('(\\d{1,2}):(\\d{2})', (m) => clockWords(m[1]!, m[2]!, undefined)),
  rule('(?:\\+?1[\\s.-]?)?\\(?\\d{3}\\)?[\\s.-]\\d{3}[\\s.-]\\d{4}', (m) => phoneWords(m[0])),
  rule('\\+\\d[\\d\\s().-]{6,18}\\d', (m) => phoneWords(m[0])),
  rule('\\d{3}[-.]\\d{4}', (m) => phoneWords(m[0])),
  rule('([$€£₹])\\s?(\\d[\\d,]*)(?:\\.(\\d{1,2}))?(?:\\s?(million|billion|thousand|[kmb])\\b)?', moneyWords),
  rule(`(${MONTH})\\s(\\d{1,2})(?:st|nd|rd|th)?(?:,?\\s(\\d{4}))?`, (m) => dateWords(m[1]!, m[2]!, m[3])),
  rule(`(\\d{1,2})(?:st|nd|rd|th)?\\s(?:of\\s)?(${MONTH})(?:,?\\s(\\d{4}))?`, (m) => dayFirstWords(m)),
  rule('(\\d{4})-(0[1-9]|1[0-2])-(\\d{2})', (m) => dateWords(MONTH_NAMES[Number(m[2]) - 1]!, m[3]!, m[1])),
  rule('(0?[1-9]|1[0-2])\\/([0-3]?\\d)\\/(\\d{4})', (m) =>
    dateWords(MONTH_NAMES[Number(m[1]) - 1]!, m[2]!, m[3]),
  ),
  rule('([\\d,]*\\d)(?:st|nd|rd|th)', (m) => ordinalWords(m[1]!)),
  rule('(-?\\d[\\d,]*(?:\\.\\d+)?)\\s?%', (m) => `${numberWords(m[1]!)} percent`),
  rule('(-?\\d[\\d,]*(?:\\.\\d+)?)\\s?(°[cf]?|[a-z]{1,4})', (m) => measureWords(m)),
  rule('(\\d+)\\s?[-–]\\s?(\\d+)', (m) => `${numberWords(m[1]!)} to ${numberWords(m[2]!)}`),
  rule('(1[1-9]\\d\\d|20\\d\\d)', (m) => yearWords(m[1]!)),
  rule('(\\d{5,})', (m) => digitWords(m[1]!)),
  rule('(-?\\d[\\d,]*(?:\\.\\d+)?)', (m) => numberWords(m[1]!)),
  rule('24\\/7', () => 'twenty four seven'),
  rule('(\\d+)\\/(\\d+)', fractionWords),
];

/**
 * Makes English text speakable by a voice that reads only plain words: times, dates, money, telephone numbers, e-mail
 * and web addresses, units and abbreviations are written out; Markdown and characters that cannot be said go.
 */
export function spokenPieces(text: string): SpokenPiece[] {
  const plain = withoutMarkup(text);
  const pieces: SpokenPiece[] = [];
  let at = 0;
  while (at < plain.length) {
    const opening = /^["'“‘([{]*/.exec(plain.slice(at))![0].length;
    const { length, spoken, dots } = nextPiece(plain, at + opening);
    const end = /^\S*/.exec(plain.slice(at + opening + length))![0];
    const source = plain.slice(at, at + opening + length + end.length);
    at += source.length + 1;
    // The dot of an abbreviation ends a sentence only where the text ends.
    const pause = pauseOf(end !== '' || (dots && at < plain.length) ? end : source);
    pieces.push({ source, spoken: spoken === '' && pause !== ',' ? '' : spoken + pause });
  }
  return pieces;
}

/** `dots`: a full stop inside `length` belongs to the words, not to the sentence. */
function nextPiece(text: string, at: number): { length: number; spoken: string; dots: boolean } {
  for (const [pattern, say] of RULES) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (!match) continue;
    const spoken = say(match);
    if (spoken !== '') return { length: match[0].length, spoken, dots: true };
  }
  const word = /^\S*/.exec(text.slice(at))![0];
  const known = ABBREVIATIONS[word.toLowerCase().replace(/[,;:!?)"'”’]+$/, '')];
  if (known !== undefined) return { length: word.length, spoken: known, dots: !/[,;:!?]/.test(word) };
  return { length: word.length, spoken: wordSpoken(word), dots: false };
}

/** The pause that closing punctuation makes, as punctuation flite knows. */
function pauseOf(end: string): string {
  const mark = /[.,;:!?…—–]+["'”’)\]]*$/.exec(end)?.[0] ?? '';
  if (/[?]/.test(mark)) return '?';
  if (/[!]/.test(mark)) return '!';
  if (/[.…]/.test(mark)) return '.';
  return /[,;:—–]/.test(mark) ? ',' : '';
}

function wordSpoken(word: string): string {
  const plain = word
    .normalize('NFKD')
    .replace(/[’‘]/g, "'")
    .replace(/\p{Mn}/gu, '')
    .replace(/&/g, ' and ')
    .replace(/(?<=\w)(?:[—–]|\.{3}|…)(?=\w)/g, ', ')
    .replace(/[^A-Za-z0-9',-]+/g, ' ')
    .replace(/,(?!\s)/g, ' ')
    .replace(/(?<=\s|^)[-']+|[-']+(?=\s|$)/g, ' ')
    .replace(/\d+/g, (digits) => ` ${digits.length > 4 ? digitWords(digits) : numberWords(digits)} `)
    .replace(/\s+/g, ' ')
    .trim();
  return plain
    .split(' ')
    .map((part) => (/^[A-Z]{2,5}$/.test(part) && !/[AEIOUY]/.test(part) ? [...part].join(' ') : part))
    .join(' ');
}

function clockWords(hour: string, minute: string, half: string | undefined): string {
  if (Number(hour) > 24 || Number(minute) > 59) return '';
  const suffix = half ? ` ${half.toUpperCase()} M` : '';
  const hours = numberWords(String(Number(hour)));
  if (minute === '00') return half ? hours + suffix : `${hours} o'clock`;
  const minutes = minute.startsWith('0') ? `oh ${numberWords(minute.slice(1))}` : numberWords(minute);
  return `${hours} ${minutes}${suffix}`;
}

/** Digit by digit, in the groups it is written in. */
function phoneWords(number: string): string {
  const groups = number.split(/[^\d]+/).filter((group) => group !== '');
  const plus = number.startsWith('+') ? 'plus ' : '';
  return plus + groups.map(digitWords).join(', ');
}

function moneyWords(match: RegExpExecArray): string {
  const [, sign, whole, cents, scale] = match as unknown as string[];
  const [one, many, small] = CURRENCIES[sign!]!;
  if (scale) {
    const names: Record<string, string> = { k: 'thousand', m: 'million', b: 'billion' };
    const amount = numberWords(cents ? `${whole}.${cents.replace(/0+$/, '') || '0'}` : whole!);
    return `${amount} ${names[scale.toLowerCase()] ?? scale.toLowerCase()} ${many}`;
  }
  const main = `${numberWords(whole!)} ${whole === '1' ? one : many}`;
  if (!cents || Number(cents) === 0) return main;
  const change = `${numberWords(String(Number(cents.padEnd(2, '0'))))} ${small}`;
  return whole === '0' ? change : `${main} and ${change}`;
}

function dateWords(month: string, day: string, year: string | undefined): string {
  if (Number(day) < 1 || Number(day) > 31) return '';
  const name = MONTHS[month.toLowerCase().replace('.', '')] ?? month;
  return `${name} ${ordinalWords(String(Number(day)))}${year ? `, ${yearWords(year)}` : ''}`;
}

function dayFirstWords(match: RegExpExecArray): string {
  const [month, ...rest] = dateWords(match[2]!, match[1]!, match[3]).split(' ');
  if (rest.length === 0) return '';
  const [day, ...year] = rest.join(' ').split(/(?=,)/);
  return `${day} of ${month}${year.join('')}`;
}

const FRACTIONS: Record<string, string> = {
  '1/2': 'one half',
  '1/3': 'one third',
  '2/3': 'two thirds',
  '1/4': 'one quarter',
  '3/4': 'three quarters',
};

function fractionWords(match: RegExpExecArray): string {
  return FRACTIONS[match[0]] ?? `${numberWords(match[1]!)} out of ${numberWords(match[2]!)}`;
}

function measureWords(match: RegExpExecArray): string {
  const unit = UNITS[match[2]!.toLowerCase()];
  if (!unit || (match[2]!.length === 1 && match[2] !== match[2]!.toLowerCase())) return '';
  return `${numberWords(match[1]!)} ${match[1] === '1' ? unit[0] : unit[1]}`;
}

const SYMBOLS: Record<string, string> = {
  '.': 'dot',
  '/': 'slash',
  '-': 'dash',
  _: 'underscore',
  '+': 'plus',
};

function addressWords(address: string): string {
  return address
    .replace(/^www\./i, 'W W W dot ')
    .replace(/[./_+-]/g, (symbol) => ` ${SYMBOLS[symbol]} `)
    .replace(/\d+/g, (digits) => ` ${digitWords(digits)} `)
    .replace(/[^A-Za-z ]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** What is only there for the eye: emphasis, headings, list marks, code fences, link targets, emoji. */
function withoutMarkup(text: string): string {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/^\s*(?:#{1,6}|[-*•>])\s+/gm, '')
    .replace(/\*{1,3}|`{1,3}|~~|(?<=^|\s)_+(?=\S)|(?<=\S)_+(?=[\s.,;:!?]|$)/gm, '')
    .replace(/\p{Extended_Pictographic}|\uFE0F|\u200D/gu, '')
    .replace(/\s*\|\s*/g, ', ')
    .replace(/\s+/g, ' ')
    .trim();
}
