import { contentTerms, termsOf } from '#kernel/terms';
import type { Fact } from './prompt.ts';
import { spokenFact } from './prose.ts';
import type { World } from './world.ts';

/** Share of a question's words that a fact must have to be its answer. */
const MIN_COVERAGE = 0.5;
/** Facts of one list that answer about as well are told together, up to this length. */
const MAX_ANSWER_CHARS = 260;
const SIBLING_SCORE = 0.7;
const MAX_SIBLINGS = 4;

/** What can be asked of any subject: without the subject they are no answer. */
const ASPECTS = new Set([
  '§price',
  '§hours',
  '§duration',
  '§appointment',
  '§contact',
  '§service',
  '§new',
  '§person',
  '§payment',
  '§delivery',
]);

const DAY_NAMES = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/**
 * The answer to a question from the prompt's facts, in their own words; null when none is about it. `subject` is what
 * the conversation is about, for questions such as "how much is it?".
 */
export function answerFrom(question: string, world: World, subject: string | null = null): string | null {
  const asked = withDayNames(question, world);
  const bare = contentTerms(asked);
  const query =
    subject !== null && (bare.length === 0 || (bare.length === 1 && bare[0]?.startsWith('§')))
      ? `${asked} ${subject}`
      : asked;
  if (bare.length === 1 && bare[0] === '§appointment') return null;
  const { facts, index } = world.briefing;
  const hits = index.search(query, 8);
  const [best] = hits;
  const fact = best && facts[best.at];
  if (!best || !fact || best.coverage < MIN_COVERAGE) return null;
  // "How much is a bridge?" is not answered by the price of something else.
  if (best.matched.length < contentTerms(query).length && best.matched.every((term) => ASPECTS.has(term)))
    return null;
  const clause = pricedClause(fact, query);
  if (clause !== null) return clause;
  const told = hits
    .filter((hit) => {
      const { group, heading } = facts[hit.at]!;
      const sibling =
        group === fact.group && heading === fact.heading && (heading !== undefined || hit.at === best.at);
      return sibling && hit.score >= best.score * SIBLING_SCORE && hit.coverage >= best.coverage - 0.05;
    })
    .slice(0, MAX_SIBLINGS)
    .map(({ at }) => at)
    .sort((a, b) => a - b);
  let answer = '';
  for (const at of told.length > 0 ? told : [best.at]) {
    const next = spokenFact(facts[at]!.text, facts[at]!.heading);
    if (answer !== '' && answer.length + next.length > MAX_ANSWER_CHARS) break;
    answer = answer === '' ? next : `${answer} ${next}`;
  }
  return `${verdict(asked, fact)}${answer}`;
}

/** "Tomorrow" as the day it is, so that opening hours by weekday are found. */
function withDayNames(question: string, { now }: World): string {
  const day = (offset: number) => DAY_NAMES[(now.weekday - 1 + offset) % 7]!;
  return question.replace(/\b(?:today|tonight)\b/gi, day(0)).replace(/\btomorrow\b/gi, day(1));
}

const AMOUNT = /[$€£]\s?\d[\d.,]*|\d[\d.,]* (?:dollars|euros|pounds)/;

/** Of a sentence that lists prices, the one that was asked for. */
function pricedClause({ text }: Fact, query: string): string | null {
  const clauses = text.split(/,\s+(?:and )?|\s+and\s+(?=an? )/).filter((clause) => AMOUNT.test(clause));
  if (clauses.length < 2) return null;
  const wanted = contentTerms(query).filter((term) => !term.startsWith('§'));
  const fits = clauses.filter((clause) => wanted.some((term) => termsOf(clause).includes(term)));
  const [clause] = fits;
  const amount = clause && AMOUNT.exec(clause);
  if (fits.length !== 1 || !clause || !amount) return null;
  const thing = clause
    .slice(0, amount.index)
    .replace(/\s*(?::|-|–|\b(?:costs?|is|are|for|from|at)\b)?\s*$/i, '')
    .trim();
  if (thing === '') return null;
  return `${thing[0]!.toUpperCase()}${thing.slice(1)} ${/s$/.test(thing) ? 'are' : 'is'} ${clause.slice(amount.index).replace(/[.]$/, '')}.`;
}

/** "Yes. " or "No. " before the hours, when the question names a day that they are clear about. */
function verdict(question: string, { text }: Fact): string {
  const day = DAY_NAMES.find((name) => new RegExp(`\\b${name}s?\\b`, 'i').test(question));
  if (
    day === undefined ||
    /\b(?:what|when|how|which)\b/i.test(question) ||
    !/\b(?:are|is|do|will|would)\b.*\b(?:open|closed)\b/i.test(question)
  )
    return '';
  const parts = text
    .split(/[,;]\s+/)
    .flatMap((part) => (/\bclosed\b/i.test(part) && /\d/.test(part) ? part.split(/\band\b/) : [part]));
  const part = parts.find((each) => termsOf(each).includes(day));
  if (part === undefined) return '';
  const closed = /\bclosed\b/i.test(part);
  if (!closed && !/\d/.test(part)) return '';
  const asksClosed = /\bclosed\b/i.test(question);
  return closed === asksClosed ? 'Yes. ' : 'No. ';
}
