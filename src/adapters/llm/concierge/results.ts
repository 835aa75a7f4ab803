import { isJsonObject, type Json } from '#kernel/json';
import { passageIndex } from '#kernel/passage-index';
import { sentencesOf, spokenFact } from './prose.ts';
import { oneOf } from './say.ts';

const MAX_SPOKEN_CHARS = 220;
const MIN_COVERAGE = 0.4;
/** Where tools put what they want said, best first. */
const SPOKEN_KEYS = ['say', 'message', 'summary', 'answer', 'text', 'description', 'result'];

/** A tool's result in a sentence or two; null when there is nothing in it to say. */
export function speakResult(result: Json): string | null {
  if (typeof result === 'string') return short(result);
  if (typeof result === 'number' || typeof result === 'boolean')
    return `The answer is ${result === true ? 'yes' : result === false ? 'no' : result}.`;
  if (Array.isArray(result)) {
    const names = result
      .slice(0, 4)
      .map(nameOf)
      .filter((name) => name !== null);
    return names.length > 0 ? `I found ${oneOf(names, 'and')}.` : null;
  }
  if (!isJsonObject(result)) return null;
  for (const key of SPOKEN_KEYS) {
    const value = result[key];
    if (typeof value === 'string' && value !== '') return short(value);
  }
  const fields = Object.entries(result)
    .filter(
      ([key, value]) =>
        (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') &&
        speakable(key, value),
    )
    .slice(0, 3)
    .map(([key, value]) => `${spaced(key)} is ${value === true ? 'yes' : value === false ? 'no' : value}`);
  if (fields.length > 0) return `The ${oneOf(fields, 'and')}.`;
  const nested = Object.values(result).find((value) => Array.isArray(value) || isJsonObject(value));
  return nested === undefined ? null : speakResult(nested);
}

const spaced = (key: string): string =>
  key
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/_/g, ' ')
    .toLowerCase();

/** Ids, addresses and long texts are nothing for a voice; neither is a mere "ok". */
function speakable(key: string, value: string | number | boolean): boolean {
  if (/(?:^|_)(?:id|uuid|url|href|token|ok|success|ref)$|Id$/.test(key)) return false;
  return typeof value !== 'string' || (value.length <= 80 && !/^https?:|[{}<>]|_[0-9a-z]{10}/.test(value));
}

function nameOf(value: Json): string | null {
  if (typeof value === 'string') return value;
  if (!isJsonObject(value)) return null;
  const name = value.name ?? value.title ?? value.say ?? value.text;
  return typeof name === 'string' ? name : null;
}

function short(text: string): string | null {
  let said = '';
  for (const sentence of sentencesOf(text.replace(/\s+/g, ' ').trim())) {
    if (said !== '' && said.length + sentence.length > MAX_SPOKEN_CHARS) break;
    said = said === '' ? sentence : `${said} ${sentence}`;
  }
  return said === '' ? null : spokenFact(said.slice(0, MAX_SPOKEN_CHARS * 2));
}

/** A tool's own words for why it failed, fit to be spoken; null for what only programmers understand. */
export function speakableFailure(failure: string): string | null {
  const words = failure.trim();
  if (
    words.length > 120 ||
    /[{}<>]|https?:|\b(?:exception|null|undefined|status \d|stack|errno|timeout|code \d)\b/i.test(words)
  )
    return null;
  return /[.!?]$/.test(words) ? words : `${words}.`;
}

/** The sentence of a knowledge search's result that answers the question; null when none does. */
export function answerIn(result: Json, question: string): string | null {
  const texts: string[] = [];
  const walk = (value: Json, key: string): void => {
    if (typeof value === 'string') {
      if (!/(?:id|source|url|file|title|heading|document)$/i.test(key)) texts.push(value);
    } else if (Array.isArray(value)) for (const each of value) walk(each, key);
    else if (isJsonObject(value)) for (const [name, each] of Object.entries(value)) walk(each, name);
  };
  walk(result, '');
  const passages = texts.flatMap((text) => text.split('\n').flatMap(sentencesOf)).map((text) => ({ text }));
  const [hit, second] = passageIndex(passages).search(question, 2);
  if (!hit || (hit.coverage < MIN_COVERAGE && passages.length > 1)) return null;
  const follows = second && second.at === hit.at + 1 && second.coverage >= hit.coverage - 0.05;
  const words = follows ? `${passages[hit.at]!.text} ${passages[second.at]!.text}` : passages[hit.at]!.text;
  return short(words);
}
