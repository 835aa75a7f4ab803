import type { ChatMessage, HeardTurn, TurnDetector } from '#engine/ports';
import {
  AUXILIARIES,
  BARE_LEAD_IN,
  HESITATIONS,
  HOLDING,
  NEEDY_VERBS,
  OPENERS,
  PREPOSITIONS,
  PRONOUNS,
  QUESTION_WORDS,
  SHORT_ANSWERS,
  SUBORDINATORS,
  TRAILING_ABROAD,
} from './turn-words.ts';

/** What the caller said so far in this turn, after what, and how the voice ended. */
type Turn = Omit<HeardTurn, 'silenceMs'>;

/** What the agent's open question asks for. */
type Asked = 'phone' | 'email' | 'name' | 'when' | 'zip' | 'yesNo' | 'open' | null;

interface Said {
  words: readonly string[];
  last: string;
  beforeLast: string;
  asked: Asked;
  questionMark: boolean;
}

/**
 * The probability, 0 to 1, that a turn is over, from its words, the agent's last question and the caller's voice. A
 * full stop is worth nothing here: recognisers put one behind cut-off speech too. 0.5 and above reads as finished.
 *
 * Rules, first match wins: trailing off; half-said numbers and e-mails; short answers; what was asked for is there;
 * questions and sentences. English is known in depth, five other languages by their trailing words. Words that sound
 * finished are believed only of a voice that does not contradict them.
 */
export function endOfTurnProbability(heard: Turn): number {
  return heardToTheEnd(wordsAlone(heard), heard);
}

function wordsAlone(heard: Turn): number {
  const text = heard.text.trim();
  if (text === '') return 0.2;
  if (/(?:\.\.\.|…|,|-|–|—|:|;)$/.test(text)) return 0.1;
  const words = wordsOf(text);
  const last = words.at(-1);
  if (last === undefined) return 0.2;
  const said: Said = {
    words,
    last,
    beforeLast: words.at(-2) ?? '',
    asked: askedFor(heard.history),
    questionMark: text.endsWith('?'),
  };
  const language = heard.language.slice(0, 2).toLowerCase();
  if (language !== 'en') return abroad(said, text, language);
  return trailing(said) ?? halfSaid(said) ?? loneClause(said, text) ?? answered(said) ?? sentence(said);
}

/** Judges by words alone, at once. */
export const lexicalTurnDetector: TurnDetector = {
  endOfTurn: (heard) => Promise.resolve(endOfTurnProbability(heard)),
};

/* ---------- the voice ---------- */

/** Up to this part of the speaker's range a voice has gone down; from that part on it has stayed up. */
const DOWN = -0.32;
const LEVEL = -0.22;
/** Where a question may end as well. */
const UP = 0.25;
/** What a voice that stays up leaves of words that sound finished. */
const HELD = { statement: 0.3, question: 0.5 };
/** Words as sure as this are complete in any voice: a number with all its digits, an answer to what was asked. */
const COMPLETE = 0.93;

function heardToTheEnd(probability: number, { text, ending, language }: Turn): number {
  if (ending === undefined || ending <= DOWN || probability < HELD.statement) return probability;
  const words = wordsOf(text);
  const first = words[0] ?? '';
  const isQuestion = text.trim().endsWith('?') || QUESTION_WORDS.has(first) || AUXILIARIES.has(first);
  if (isQuestion ? ending >= UP : probability >= COMPLETE) return probability;
  const isAnswer = language.startsWith('en') ? SHORT_ANSWERS.has(words.join(' ')) : words.length <= 2;
  if (isAnswer) return probability;
  const held = Math.min(probability, isQuestion ? HELD.question : HELD.statement);
  const up = Math.min(1, (ending - DOWN) / (LEVEL - DOWN));
  return probability + (held - probability) * up;
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/(\d)[-. ()]+(?=\d)/g, '$1')
    .split(/[\s,;:!?"()]+/)
    .map((word) => word.replace(/^['.-]+|['.-]+$/g, ''))
    .filter((word) => word !== '');
}

/* ---------- trailing off ---------- */

/** Ends that only two words together give away: a relative pronoun, "was told that", "my name's". */
const TRAILING_PAIR =
  /(?:\b(?!(?:know|sure|me|or|and|say|not|no|then|remember|for|from|by|see|guess|so|understand|do) )\S+ (?:who|which|what|how|where|why)|\b(?:told|so|hope|means|said|assume|such|sure) that|\b(?:reason|thing|problem|question|issue) .*is that|\b(?:so|and|well) first|^(?:can|could|would|should|may) .*(?:maybe|perhaps)|\b(?:if|that|when|how|what|because|and|but|than|then|whether|while|until|before|after|since|where|as) (?:you|we|they|he|she)|\b(?:who|which|the|a|are|is) most|\b(?!(?:as|if|do) )\S+ (?:i|you|we|they) wish|\b(?:mr|mrs|ms|dr|miss)|\b(?:is|with|for|ask|see) doctor|\b(?:or|and|but) (?:maybe|perhaps|possibly)|\b(?:name|number|e?-?mail|address|problem|question)'s)$/;

function trailing(said: Said): number | null {
  const { words, last, beforeLast } = said;
  const phrase = words.join(' ');
  if (HOLDING.test(phrase)) return 0.15;
  if (SHORT_ANSWERS.has(phrase)) return null;
  if (BARE_LEAD_IN.test(phrase) && !isTagAnswer(said) && !isStranded(said)) return 0.06;
  if (HESITATIONS.has(last)) return last === 'like' || last === 'so' ? likeOrSo(said) : 0.05;
  if (last === 'then' && beforeLast !== 'and') return null;
  if (last === 'too' || last === 'either') return words.length > 2 ? null : 0.4;
  if (last === 'though' || (last === 'since' && words.length > 3)) return null;
  if (last === 'please' && words.length > 1) return null;
  if (OPENERS.has(last) || TRAILING_PAIR.test(phrase)) return 0.05;
  if (PREPOSITIONS.has(last)) return isStranded(said) || isTagAnswer(said) ? null : 0.06;
  if (NEEDY_VERBS.has(last)) return closesOnVerb(said) ? null : 0.12;
  return null;
}

function likeOrSo({ words, beforeLast }: Said): number | null {
  if (/^(?:think|hope|guess|believe|said|say|not|would|i'd|you'd|we'd|you|it|that|what)$/.test(beforeLast))
    return null;
  return words.some((word) => QUESTION_WORDS.has(word)) ? null : 0.1;
}

/** A question of so many words that begins with what it asks for may end on any preposition. */
const WHOLE_QUESTION = 7;

/** "What is it for?", "the one I spoke to", "come in", "log in": a preposition that may stand last. */
function isStranded({ words, last, beforeLast, questionMark }: Said): boolean {
  if (/^(?:in|on|over|around|by|through)$/.test(last)) {
    if (
      /^(?:come|came|coming|log|sign|move|fit|drop|hold|go|be|get|stop|swing|turn|walk|call)$/.test(
        beforeLast,
      )
    )
      return true;
    if (/^(?:it|that|this|me|them|you)$/.test(beforeLast) && words.length > 2) return true;
    if (last === 'in' && questionMark && /^(?:is|are|was)$/.test(words[0] ?? '') && words.length > 2)
      return true;
  }
  if (/^(?:before|after|until)$/.test(last))
    return /^(?:day|week|night|month|never|ever|morning)$/.test(beforeLast);
  if (questionMark && QUESTION_WORDS.has(words[0] ?? '') && words.length >= WHOLE_QUESTION) return true;
  const asks =
    words.some((word) => QUESTION_WORDS.has(word)) || words.includes('that') || words.includes('one');
  if (!asks) return false;
  return (
    PRONOUNS.has(beforeLast) ||
    /(?:ing|ed|spoke|talk|speak|come|call|ask|look|pay|wait|work)$/.test(beforeLast)
  );
}

/** "Yes, I am", "it is", "they do": an answer by pronoun and auxiliary. */
function isTagAnswer({ words, last, beforeLast, asked }: Said): boolean {
  if (!AUXILIARIES.has(last)) return /^yes|^no/.test(words[0] ?? '') && words.length <= 5 && last === 'to';
  return (
    PRONOUNS.has(beforeLast) &&
    (words.length <= 3 || asked === 'yesNo') &&
    !QUESTION_WORDS.has(words[0] ?? '')
  );
}

/** Whether a verb that wants an object is complete all the same. */
function closesOnVerb(said: Said): boolean {
  const { words, last, beforeLast } = said;
  if (isTagAnswer(said) && words.length <= 4 && !isWish(said)) return true;
  if (last === 'called' && /^(?:i|he|she|we|they|you)$/.test(beforeLast)) return words.length > 2;
  if (last === 'say' && /^(?:not|to|can't|couldn't|they|you)$/.test(beforeLast)) return true;
  const head = words.findIndex((word) => QUESTION_WORDS.has(word));
  if (head >= 0 && words.length - head >= 3) {
    return AUXILIARIES.has(last) ? PRONOUNS.has(beforeLast) || words.length - head >= 4 : true;
  }
  if (
    /^(?:all|everything|anything|whatever|that|thing|one|what|first|next|last|\w+est)$/.test(
      words.at(-3) ?? '',
    ) &&
    PRONOUNS.has(beforeLast)
  )
    return true;
  return (
    beforeLast === 'i' &&
    /^(?:have|did|do|can|will|am|was)$/.test(last) &&
    words.length > 2 &&
    words[0] !== 'what'
  );
}

const isWish = ({ last, words }: Said): boolean =>
  words.length === 2 &&
  /^(?:have|had|has|can|could|would|should|will|do|is|was|were|are|am)$/.test(last) &&
  words[0] !== 'it';

/* ---------- numbers and e-mail addresses ---------- */

const DIGIT_WORDS = new Set(
  'zero oh o one two three four five six seven eight nine double triple'.split(' '),
);
const TENS = new Set(
  'ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety'.split(
    ' ',
  ),
);
const PHONE_DIGITS = 10;
const LOCAL_DIGITS = 7;
const ZIP_DIGITS = 5;

function halfSaid(said: Said): number | null {
  const { words, asked, last } = said;
  if (asked === 'email' || emailBegun(words)) return emailEnd(said);
  const digits = digitCount(words);
  const phone = asked === 'phone' || /\b(?:number|phone|reach me|call me)\b/.test(words.join(' '));
  if (phone && digits > 0) {
    if (digits >= PHONE_DIGITS) return 0.95;
    if (digits === LOCAL_DIGITS) return 0.45;
    return isNumberWord(last) ? 0.12 : 0.4;
  }
  if (asked === 'zip' && digits > 0) return digits >= ZIP_DIGITS ? 0.95 : 0.15;
  if (words.length >= 2 && words.every((word) => /^[a-z]$/.test(word))) return 0.35;
  return null;
}

const isNumberWord = (word: string): boolean =>
  DIGIT_WORDS.has(word) || TENS.has(word) || /^\+?\d+$/.test(word);

/** Digits said so far; "double five" counts two, "twenty three" two. */
function digitCount(words: readonly string[]): number {
  let count = 0;
  for (const [at, word] of words.entries()) {
    if (/^\+?\d+$/.test(word)) count += word.replace('+', '').length;
    else if (word === 'double') count += 1;
    else if (word === 'triple') count += 2;
    else if (DIGIT_WORDS.has(word))
      count += TENS.has(words[at - 1] ?? '') && (words[at - 1] ?? '').endsWith('ty') ? 0 : 1;
    else if (TENS.has(word)) count += 2;
  }
  return count;
}

const TOP_LEVEL = /^(?:com|org|net|edu|gov|io|co|uk|us|de|fr|es|it|ca|au|biz|me|info)$/;

function emailBegun(words: readonly string[]): boolean {
  if (words.some((word) => /^e-?mail$/.test(word)) && words.includes('is')) return true;
  const at = words.indexOf('at');
  return at > 0 && words.indexOf('dot', at) > at;
}

function emailEnd({ words, last, beforeLast, asked }: Said): number | null {
  if (/^[^@\s]+@[^@\s]+\.[a-z]{2,}$/.test(last)) return 0.95;
  if (TOP_LEVEL.test(last) && (beforeLast === 'dot' || /\.[a-z]+$/.test(last))) return 0.93;
  if (/\.(?:com|org|net|edu|gov|io|co|uk|de|fr|us)$/.test(last))
    return words.includes('at') || last.includes('@') ? 0.93 : 0.6;
  if (SHORT_ANSWERS.has(words.join(' ')) || /^(?:i|no|sorry|why|do|what)$/.test(words[0] ?? '')) return null;
  return asked === 'email' || words.includes('at') ? 0.12 : 0.1;
}

/* ---------- answers ---------- */

const DAYS =
  /^(?:mon|tues|wednes|thurs|fri|satur|sun)day$|^(?:today|tomorrow|tonight|weekend|noon|midnight|morning|afternoon|evening)$/;
const MONTHS = /^(?:january|february|march|april|may|june|july|august|september|october|november|december)$/;

function answered(said: Said): number | null {
  const { words, last, asked } = said;
  const phrase = words.join(' ');
  if (SHORT_ANSWERS.has(phrase)) return asked === null ? 0.88 : 0.97;
  if (MONTHS.test(last) && last !== 'may' && words.length <= 4) return said.beforeLast === 'of' ? 0.9 : 0.3;
  if (/^(?:next|this|last|half|quarter|past)$/.test(last)) return 0.1;
  if (/\bthe (?:twenty|thirty)$/.test(phrase)) return 0.15;
  if (asked === 'when') {
    if (DAYS.test(last) || /^(?:a|p)\.?m$|o'clock/.test(last)) return 0.92;
    if (/\d/.test(last) || isNumberWord(last) || /(?:st|nd|rd|th)$/.test(last)) return 0.75;
  }
  if (asked === 'name') return words.length >= 2 ? 0.88 : 0.72;
  if (asked === 'yesNo' && /^(?:yes|yeah|no|nope|sure|okay|ok|right|correct)$/.test(words[0] ?? ''))
    return 0.9;
  return null;
}

/** What the last thing the agent said asks for; null when it did not ask. */
function askedFor(history: readonly ChatMessage[]): Asked {
  const message = history.findLast((entry) => entry.role === 'assistant' && entry.text !== '');
  if (message?.role !== 'assistant') return null;
  const question = message.text.split(/(?<=[.!?])\s+/).findLast((part) => part.trim().endsWith('?')) ?? '';
  const request = message.text
    .split(/(?<=[.!?])\s+/)
    .findLast((part) => /\bplease\b|\btell me\b|\bgive me\b/i.test(part));
  const ask = (question || request || '').toLowerCase();
  if (ask === '') return null;
  if (/\be-?mail\b/.test(ask)) return 'email';
  if (/\b(?:zip|postal) ?code\b/.test(ask)) return 'zip';
  if (
    /\b(?:phone|telephone|mobile|cell|contact|callback)\b|\b(?:what|which|your) number\b|number (?:can|should|shall)/.test(
      ask,
    )
  )
    return 'phone';
  if (
    /^(?:and |so )?(?:is|are|do|does|did|can|could|shall|should|would|will|have|has|was)\b|\b(?:right|correct|okay)\?$/.test(
      ask,
    )
  ) {
    return /\bnames?\b/.test(ask) && /\b(?:tell|have|get|give)\b/.test(ask) ? 'name' : 'yesNo';
  }
  if (/\bnames?\b/.test(ask)) return 'name';
  if (/\b(?:when|what time|what day|which day|what date|day|time|date)\b/.test(ask)) return 'when';
  return 'open';
}

/* ---------- sentences ---------- */

function sentence(said: Said): number {
  const { words, questionMark } = said;
  const first = words[0] ?? '';
  const asks = QUESTION_WORDS.has(first) || AUXILIARIES.has(first) || questionMark;
  if (asks) return words.length >= 3 ? 0.95 : 0.62;
  if (words.length >= 4) return 0.86;
  if (said.asked === null && /^(?:the|my|our|your|his|her|their|to)$/.test(first)) return 0.35;
  if (words.length === 3) return 0.8;
  return said.asked === null ? 0.62 : 0.8;
}

/** "If I come on Tuesday", "when I called yesterday": a subordinate clause still without its main one. */
function loneClause({ words, questionMark, asked }: Said, text: string): number | null {
  const begun = words.findIndex((word) => !/^(?:well|so|and|okay|yes|no|but)$/.test(word));
  const [first = '', second = '', ...rest] = words.slice(begun);
  if (!SUBORDINATORS.has(first) || questionMark || AUXILIARIES.has(second)) return null;
  if (first === 'when' && !PRONOUNS.has(second) && !/^(?:my|the|your)$/.test(second)) return null;
  if (first === 'because' && asked === 'open') return 0.7;
  const afterComma = wordsOf(text.slice(text.lastIndexOf(',') + 1));
  const hasMain =
    text.includes(',') && afterComma.some((word) => PRONOUNS.has(word) || AUXILIARIES.has(word));
  if (hasMain || rest.some((word, at) => isClauseStart(word, rest[at + 1] ?? ''))) return null;
  return 0.22;
}

/** A second subject with its verb, an auxiliary before a pronoun, or an imperative "please". */
function isClauseStart(word: string, next: string): boolean {
  if (/^(?:then|please)$/.test(word)) return true;
  if (/^(?:i|we|they|he|she|i'd|i'll|i'm|we'll|you'll|it's|that's|what|how|where)$/.test(word))
    return next !== '';
  return AUXILIARIES.has(word) && PRONOUNS.has(next);
}

function abroad({ words, last, questionMark }: Said, text: string, language: string): number {
  if (TRAILING_ABROAD[language]?.has(last)) return words.length === 1 ? 0.3 : 0.08;
  if (questionMark) return 0.93;
  if (/[.!。！？]$/.test(text)) return 0.8;
  return words.length >= 3 ? 0.7 : 0.65;
}
