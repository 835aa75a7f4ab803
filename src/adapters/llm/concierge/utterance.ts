import { editDistance } from '#kernel/passage-index';

/** What a caller said, as it came and as the rules read it. */
export interface Utterance {
  readonly raw: string;
  /** Lower case, contractions spelled out, no punctuation but that inside numbers, times and addresses. */
  readonly text: string;
  readonly words: readonly string[];
}

/** Phrases that recognisers break up or mishear, put right. */
const REPAIRS: readonly (readonly [RegExp, string])[] = [
  [/\bgood[- ]?by(?:e|es|te)?\b|\bbye bye\b/g, 'goodbye'],
  [/\bnext to ((?:mon|tues|wednes|thurs|fri|satur|sun)day|week)\b/g, 'next $1'],
  [/\bnext to the (morning|afternoon)\b/g, 'next tuesday $1'],
  [
    /\b(?:an? )?(?:a point ?ments?|a point meant|appoint mint|appoint meant|a pointment|up pointment|apointment)\b/g,
    'appointment',
  ],
  [/\b(?:to|too|two) ?morr?ow\b/g, 'tomorrow'],
  [/\bopen(?:ing)? (?:ours|our|are|hour)\b/g, 'opening hours'],
  [/\bwear (are|is)\b/g, 'where $1'],
  [/\bhalf passed\b/g, 'half past'],
  [/\bcheck[- ]?up\b/g, 'checkup'],
  [/\bvoice mail\b/g, 'voicemail'],
  [/\b(mon|tues|wednes|thurs|fri|satur|sun) day\b/g, '$1day'],
  [/\bhow march\b/g, 'how much'],
  [/\bnever ?mind\b/g, 'never mind'],
  [/\bthree (?:thirsty|dirty)\b/g, 'three thirty'],
  [/\bo ?'? ?clock\b/g, 'oclock'],
  [/\bmm?[- ]?hmm?\b|\bmhm\b|\buh[- ]?huh\b/g, 'mhm'],
];

/** Long words that matter and that a slip of one or two letters must not hide. */
const KEYWORDS = (
  'appointment tomorrow monday tuesday wednesday thursday friday saturday sunday january february march april august ' +
  'september october november december transfer representative operator receptionist goodbye reschedule schedule ' +
  'available parking insurance address message cancel afternoon morning evening'
).split(' ');

const IS_OWNER =
  /\b(it|that|what|who|where|how|there|here|he|she|name|number|when|everything|why|email|address|birthday)'s\b/g;

/** Reads an utterance. `known` tells which words are right as they are (the prompt's own), so that they stay. */
export function readUtterance(raw: string, known: (word: string) => boolean = () => false): Utterance {
  const text = repaired(spelledOut(raw));
  const words = text
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => (known(word) ? word : keywordFor(word)));
  return { raw, text: words.join(' '), words };
}

function spelledOut(raw: string): string {
  return raw
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/\b([ap])\.? ?m\b\.?/g, '$1m')
    .replace(/(\d)([ap]m)\b/g, '$1 $2')
    .replace(IS_OWNER, '$1 is')
    .replace(/\blet's\b/g, 'let us')
    .replace(/\bcan't\b/g, 'can not')
    .replace(/\bwon't\b/g, 'will not')
    .replace(/n't\b/g, ' not')
    .replace(/'re\b/g, ' are')
    .replace(/'ll\b/g, ' will')
    .replace(/'ve\b/g, ' have')
    .replace(/'d\b/g, ' would')
    .replace(/'m\b/g, ' am')
    .replace(/\b(gonna|wanna)\b/g, (word) => (word === 'gonna' ? 'going to' : 'want to'))
    .replace(/(?<=\b[a-z])[.-](?=[a-z]\b)/g, ' ')
    .replace(/(?<![\w])[-–—](?![\w])|(?<=\w)[-–—](?=\w)/g, ' ');
}

function repaired(text: string): string {
  let fixed = text;
  for (const [pattern, right] of REPAIRS) fixed = fixed.replace(pattern, right);
  return fixed
    .replace(/[^\p{L}\p{N}@._:+$€£/'# ]+/gu, ' ')
    .replace(/(?<!\S)[^\s@]*_[^\s@]*(?!\S)/g, (word) => word.replaceAll('_', ' '))
    .replace(/(?<!\S)[.:/']+|[.:/']+(?!\S)/g, ' ')
    .replaceAll("'", '')
    .replace(/\s+/g, ' ')
    .trim();
}

function keywordFor(word: string): string {
  if (word.length < 6 || KEYWORDS.includes(word) || !/^[a-z]+$/.test(word)) return word;
  const reach = word.length >= 8 ? 2 : 1;
  const plural = word.endsWith('s') ? word.slice(0, -1) : word;
  if (KEYWORDS.includes(plural)) return word;
  return (
    KEYWORDS.find((keyword) => keyword[0] === word[0] && editDistance(word, keyword, reach) <= reach) ?? word
  );
}
