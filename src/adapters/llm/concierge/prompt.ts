import { DateTime, IANAZone } from 'luxon';
import { type Passage, type PassageIndex, passageIndex } from '#kernel/passage-index';
import { hasIdentity, isInstruction, isInstructionHeading, ruleOf } from './instructions.ts';
import { headingOf, keyValue, plain, sentencesOf } from './prose.ts';
import type { OpenHours } from './when.ts';

/** A fact the prompt tells, ready to be found and spoken. */
export interface Fact extends Passage {
  /** Facts of one list or paragraph share it. */
  readonly group: number;
}

/** What the concierge knows: all of it read from the system prompt. */
export interface Briefing {
  /** What the prompt calls the assistant. */
  readonly assistantName: string | null;
  readonly business: string | null;
  readonly facts: readonly Fact[];
  readonly index: PassageIndex;
  /** Things with a price or under a heading of services, in the prompt's words. */
  readonly services: readonly string[];
  /** Subjects there are facts about, for "what can you do". */
  readonly subjects: readonly string[];
  /** Hours of the week's longest day. */
  readonly open: OpenHours | null;
  readonly callerNumber: string | null;
  /** The date and time of the call; null when the prompt does not tell. */
  readonly now: DateTime | null;
}

const SERVICE_HEADING = /\b(?:services?|treatments?|prices?|pricing|menu|products?|offers?|rates|fees)\b/i;
const PRICED =
  /^(?:an? |the |our )?(.{3,40}?)\s*(?::|-|–|costs?|is|are|from|starts? at|at|for)?\s*(?:from |about |only )?(?:[$€£]\s?\d|\d+ (?:dollars|euros|pounds))/i;

/** Reads a system prompt: instructions to the model are set apart, the rest are facts a caller may be told. */
export function readPrompt(prompt: string): Briefing {
  const facts = readFacts(prompt);
  return {
    ...hasIdentity(prompt),
    facts,
    index: passageIndex(facts),
    services: servicesIn(facts),
    subjects: subjectsIn(facts),
    open: hoursIn(facts),
    callerNumber:
      /caller(?:'s|s)?(?: phone)? number(?: is)?:? (\+?\d[\d ().-]{5,}\d)/i
        .exec(prompt)?.[1]
        ?.replace(/[^\d+]/g, '') ?? null,
    now: readNow(prompt),
  };
}

/* ---------- facts ---------- */

/** Where the reading stands: under which heading, in which group, among instructions or facts. */
interface Place {
  heading: string | undefined;
  group: number;
  instructing: boolean;
  /** An open "Q:" that waits for its "A:". */
  question: string | null;
}

function readFacts(prompt: string): Fact[] {
  const facts: Fact[] = [];
  const place: Place = { heading: undefined, group: 0, instructing: false, question: null };
  for (const raw of prompt.split('\n')) {
    const line = plain(raw);
    if (line === '') {
      place.group++;
      continue;
    }
    const heading = headingOf(raw, line);
    if (heading !== null) {
      place.group++;
      place.instructing = isInstructionHeading(heading);
      place.heading = /^(?:facts?|knowledge|information|business information|about|about us)$/i.test(heading)
        ? undefined
        : heading;
      continue;
    }
    readLine(line, place, facts);
  }
  return facts;
}

function readLine(line: string, place: Place, facts: Fact[]): void {
  const question = /^(?:q|question)\s*[:.]\s*(.+)$/i.exec(line)?.[1];
  if (question !== undefined) {
    place.question = question;
    return;
  }
  const answer = /^(?:a|answer)\s*[:.]\s*(.+)$/i.exec(line)?.[1];
  if (answer !== undefined && place.question !== null) {
    facts.push({ text: answer, heading: place.question, group: ++place.group });
    place.question = null;
    return;
  }
  const pair = keyValue(line);
  if (pair && isInstructionHeading(pair.key)) {
    place.instructing = true;
    return;
  }
  if (pair && place.heading === undefined) place.instructing = false;
  if (place.instructing && !ruleOf(line)) return;
  for (const sentence of sentencesOf(line)) {
    const rule = ruleOf(sentence);
    if (rule) facts.push({ text: rule.answer, heading: rule.about, group: ++place.group });
    else if (!place.instructing && !isInstruction(sentence)) {
      facts.push(
        place.heading === undefined
          ? { text: sentence, group: place.group }
          : { text: sentence, heading: place.heading, group: place.group },
      );
    }
  }
}

function servicesIn(facts: readonly Fact[]): string[] {
  const services = new Set<string>();
  for (const fact of facts) {
    const pair = keyValue(fact.text);
    const listed = pair !== null && SERVICE_HEADING.test(pair.key);
    const heading = listed ? pair.key : fact.heading;
    for (const clause of (listed ? pair.value : fact.text).split(/[,;]\s+(?:and )?|\s+and\s+/)) {
      const priced = PRICED.exec(clause)?.[1];
      if (priced !== undefined) services.add(cleanService(priced));
      else if (heading !== undefined && SERVICE_HEADING.test(heading)) {
        const name = clause.split(/[:(.–]| - /)[0]?.trim() ?? '';
        if (/^[\p{L} '-]{3,40}$/u.test(name) && name.split(' ').length <= 4) services.add(cleanService(name));
      }
    }
  }
  return [...services].filter((service) => service.length > 2);
}

const cleanService = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/^(?:and |or |an? |the |our |we offer |we do |services?:? |prices?:? )+/, '');

function subjectsIn(facts: readonly Fact[]): string[] {
  const subjects = new Set<string>();
  for (const { text, heading } of facts) {
    const subject = heading ?? keyValue(text)?.key;
    if (subject !== undefined && subject.split(' ').length <= 3 && !/[\d?]/.test(subject))
      subjects.add(subject.toLowerCase());
  }
  return [...subjects];
}

const HOURS =
  /\b(\d{1,2})(?::(\d{2}))?\s*([ap])?\.?(?:m\b\.?)?\s*(?:-|–|to|until|till)\s*(\d{1,2})(?::(\d{2}))?\s*([ap])?\.?(?:m\b)?/gi;

/** "9 AM to 5 PM", "17:00 - 23:00": the earliest opening to the latest closing. */
function hoursIn(facts: readonly Fact[]): OpenHours | null {
  const found: OpenHours[] = [];
  for (const { text, heading } of facts) {
    if (
      !/\b(?:hours?|open|opening|mon|tue|wed|thu|fri|sat|sun|daily|every day)/i.test(
        `${heading ?? ''} ${text}`,
      )
    )
      continue;
    for (const [, fromHour, fromMinute, fromHalf, toHour, toMinute, toHalf] of text.matchAll(HOURS)) {
      if (toHalf === undefined && (fromMinute === undefined || toMinute === undefined)) continue;
      const sameHalf = toHalf !== undefined && Number(fromHour) < Number(toHour) && Number(toHour) !== 12;
      const from = hour(fromHour, fromHalf ?? (sameHalf ? toHalf : undefined));
      const to = hour(toHour, toHalf) + Number(toMinute ?? 0) / 60;
      if (from < to) found.push({ from, to });
    }
  }
  if (found.length === 0) return null;
  return { from: Math.min(...found.map(({ from }) => from)), to: Math.max(...found.map(({ to }) => to)) };
}

const hour = (digits: string | undefined, half: string | undefined): number =>
  half === undefined ? Number(digits) : (Number(digits) % 12) + (half.toLowerCase() === 'p' ? 12 : 0);

/* ---------- the moment ---------- */

const MONTH_NAMES = '(january|february|march|april|may|june|july|august|september|october|november|december)';

/** The date and time a line such as "Today is Sunday, 22 November 2026, the time is 05:29 (Europe/Berlin)." tells. */
function readNow(prompt: string): DateTime | null {
  const line = prompt
    .split('\n')
    .find((candidate) => /\b(?:today|current|now|date)\b/i.test(candidate) && /\b20\d\d\b/.test(candidate));
  if (line === undefined) return null;
  const named =
    /\b((?:[A-Z][A-Za-z_]+\/)+[A-Z][A-Za-z_]+|UTC)\b/.exec(line)?.[1] ??
    /\btime ?zone:? ((?:[A-Z][A-Za-z_]+\/)+[A-Z][A-Za-z_]+)/i.exec(prompt)?.[1];
  const zone = named !== undefined && IANAZone.isValidZone(named) ? named : 'utc';
  const day = dayIn(line);
  const [, hour = '9', minute = '0', half] =
    /\b(\d{1,2}):(\d{2})(?::\d{2})?\s*([ap])?\.?m?/i.exec(line.replace(/\d{4}-\d{2}-\d{2}T/, ' ')) ?? [];
  if (!day) return null;
  const pm = half?.toLowerCase() === 'p' ? 12 : 0;
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + pm;
  const now = DateTime.fromObject({ ...day, hour: hours, minute: Number(minute) }, { zone });
  return now.isValid ? now : null;
}

function dayIn(line: string): { year: number; month: number; day: number } | null {
  const [, year, month, day] = /\b(20\d\d)-(\d{2})-(\d{2})/.exec(line) ?? [];
  if (year !== undefined) return { year: Number(year), month: Number(month), day: Number(day) };
  const dayFirst = new RegExp(`\\b(\\d{1,2})(?:st|nd|rd|th)?(?: of)? ${MONTH_NAMES},? (20\\d\\d)`, 'i').exec(
    line,
  );
  const monthFirst = new RegExp(`\\b${MONTH_NAMES} (\\d{1,2})(?:st|nd|rd|th)?,? (20\\d\\d)`, 'i').exec(line);
  const found = dayFirst
    ? { day: dayFirst[1], month: dayFirst[2], year: dayFirst[3] }
    : monthFirst && { day: monthFirst[2], month: monthFirst[1], year: monthFirst[3] };
  if (!found) return null;
  const names = MONTH_NAMES.slice(1, -1).split('|');
  return {
    year: Number(found.year),
    month: names.indexOf(found.month?.toLowerCase() ?? '') + 1,
    day: Number(found.day),
  };
}
