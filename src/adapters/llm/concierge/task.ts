import type { DateTime } from 'luxon';
import type { Json, JsonObject } from '#kernel/json';
import { digitRun, spokenDigits } from './numbers.ts';
import { sayDay, sayDigits, sayTime } from './say.ts';
import { offer, type SlotList, slotAt } from './slot-list.ts';
import type { KnownTool, Param } from './tool-kit.ts';
import type { Utterance } from './utterance.ts';
import {
  FULL_PHONE_DIGITS,
  introduces,
  MIN_PHONE_DIGITS,
  positionIn,
  serviceIn,
  type ValueContext,
  valueIn,
} from './values.ts';
import { type ClockTime, type DayPart, type OpenHours, readWhen } from './when.ts';

/** A tool on its way to being called: what is known for it so far. */
export interface Task {
  readonly tool: KnownTool;
  readonly values: Map<string, Json>;
  date: DateTime | null;
  time: ClockTime | null;
  part: DayPart | null;
  /** The Monday of the week that was spoken of. */
  week: DateTime | null;
  /** The calendar cannot be read, so times are not looked up first. */
  blind: boolean;
  /** The caller wants the earliest times there are, or the latest. */
  order: 'first' | 'last' | null;
  /** Digits of a phone number that was not finished yet. */
  partialDigits: string;
  /** The caller agreed to the last read-back, and nothing has changed since. */
  confirmed: boolean;
  state: 'open' | 'done' | 'failed' | 'dropped';
  /** Why it failed, in the tool's words. */
  failure: string | null;
}

export const newTask = (tool: KnownTool): Task => ({
  tool,
  values: new Map(),
  date: null,
  time: null,
  part: null,
  week: null,
  blind: false,
  order: null,
  partialDigits: '',
  confirmed: false,
  state: 'open',
  failure: null,
});

export interface FillContext extends Omit<ValueContext, 'asked'> {
  now: DateTime;
  open: OpenHours | null;
  /** The parameter that the agent asked for. */
  asked: Param | null;
  slots: SlotList | null;
}

export const hasKind = (tool: KnownTool, ...kinds: readonly Param['kind'][]): boolean =>
  tool.params.some(({ kind }) => kinds.includes(kind));

/** Takes what an utterance says for the task; the names of what changed. */
export function fill(task: Task, utterance: Utterance, context: FillContext): string[] {
  const changed: string[] = [];
  const phoneAsked = context.asked?.kind === 'phone';
  if (hasKind(task.tool, 'date', 'time', 'dateTime') && !phoneAsked && context.asked?.kind !== 'email') {
    changed.push(...fillWhen(task, utterance, context));
  }
  for (const param of task.tool.params) {
    if (param.kind === 'date' || param.kind === 'time' || param.kind === 'dateTime') continue;
    const asked = context.asked?.name === param.name;
    const free = context.asked?.kind === 'text' && !introduces(utterance);
    if (!asked && free && param.kind !== 'phone') continue;
    const heard = asked && param.kind === 'phone' ? joinedDigits(task, utterance) : utterance;
    if (isReason(param) && !asked && asksAbout(utterance)) continue;
    const value = valueIn(param, heard, { ...context, asked });
    if (value === undefined || value === task.values.get(param.name)) continue;
    if (
      param.kind === 'name' &&
      !asked &&
      task.values.has(param.name) &&
      !/\bname\b|\bi am\b|\bunder\b/i.test(utterance.text)
    )
      continue;
    task.values.set(param.name, value);
    changed.push(param.name);
    if (param.kind === 'phone') task.partialDigits = '';
  }
  if (task.tool.role === 'book' && !task.tool.params.some(isReason)) noteService(task, utterance, context);
  return changed;
}

/** "How much is a cleaning?" asks about a service and does not choose it. */
const asksAbout = ({ raw, text }: Utterance): boolean =>
  /\b(?:how much|how long|price|prices|costs?|charge|what is|do you (?:do|offer))\b/.test(text) ||
  (raw.trim().endsWith('?') && !/\b(?:book|schedule|make|get|have|need|want|reserve|come)\b/.test(text));

/** "The number is wrong": forgets what an utterance names as wrong, so that it is asked anew; what it was. */
export function forget(task: Task, { text }: Utterance): string[] {
  const wrong = task.tool.params.filter(({ kind, label, name }) => {
    if (kind === 'phone') return /\b(?:number|phone)\b/.test(text) && task.values.has(name);
    if (kind === 'date' || kind === 'time' || kind === 'dateTime') return /\b(?:day|date|time)\b/.test(text);
    return ` ${text} `.includes(` ${kind === 'text' ? label : kind} `) && task.values.has(name);
  });
  for (const { kind, name } of wrong) {
    if (kind === 'date' || kind === 'time' || kind === 'dateTime') {
      if (/\btime\b/.test(text)) task.time = null;
      else [task.date, task.time] = [null, null];
    } else task.values.delete(name);
  }
  return wrong.map(({ name }) => name);
}

export const isReason = (param: Param): boolean =>
  param.kind === 'text' && /\b(?:reason|service|treatment|purpose|procedure|notes?|type)\b/.test(param.label);

/** Where the tool has no place for what the visit is about, it is remembered for the read-back all the same. */
function noteService(task: Task, utterance: Utterance, { services }: FillContext): void {
  const service = serviceIn(utterance, services);
  if (service !== undefined) task.values.set(SERVICE, service);
}
const SERVICE = '*service';

/** A phone number said in two turns is one number. */
function joinedDigits(task: Task, utterance: Utterance): Utterance {
  const digits = spokenDigits(utterance.words);
  if (digits.length < 2) return utterance;
  const whole = task.partialDigits + digits;
  const goesOn =
    task.partialDigits !== '' && digits.length < FULL_PHONE_DIGITS && whole.length <= FULL_PHONE_DIGITS + 1;
  if (digits.length < MIN_PHONE_DIGITS) task.partialDigits = whole;
  return goesOn ? { raw: whole, text: whole, words: [whole] } : utterance;
}

function fillWhen(task: Task, utterance: Utterance, { now, asked, slots, open }: FillContext): string[] {
  const kind = timeAsked(task, utterance, asked);
  const said = readWhen(withoutPhone(utterance.words), { now, asked: kind, open, week: task.week });
  if (said.week && said.date) task.week = said.date;
  const changed: string[] = [];
  const offered = offeredTo(task, slots);
  const asksMore = /\banything\b|\bdo you have\b|\bis there\b/.test(utterance.text);
  const place = kind !== null && !said.time && !asksMore ? positionIn(utterance.text, offered.length) : null;
  const chosen = place === null ? undefined : offered[place];
  if (said.date && !(task.date && said.date.equals(task.date))) {
    task.date = said.date;
    if (!said.time && asked?.kind !== 'dateTime') task.time = said.part ? null : task.time;
    changed.push('date');
  }
  if (said.part && (said.part !== task.part || task.time)) {
    task.part = said.part;
    if (!said.time && kind === 'time') task.time = null;
    changed.push('part');
  }
  if (said.time) {
    task.time = said.time;
    changed.push('time');
  } else if (chosen) {
    task.date = chosen.date;
    task.time = { hour: chosen.hour, minute: chosen.minute, sure: true };
    changed.push('time');
  }
  if (said.date || said.time || chosen) task.order = null;
  else changed.push(...fillOrder(task, utterance, { now, earliest: said.earliest }));
  return changed;
}

/** "As soon as possible", "anything earlier?", "the latest you have". */
function fillOrder(
  task: Task,
  { text }: Utterance,
  { now, earliest }: { now: DateTime; earliest: boolean },
): string[] {
  const order =
    earliest || /\b(?:earlier|sooner)\b/.test(text)
      ? 'first'
      : /\blater\b|\blatest\b/.test(text)
        ? 'last'
        : null;
  if (order === null || (order === 'last' && !task.date)) return [];
  task.order = order;
  if (task.date) task.time = null;
  task.date ??= now.startOf('day');
  return ['date'];
}

/** What a bare number means: a time when one was asked for, or when a time is being put right ("no, ten"). */
function timeAsked(task: Task, { text, words }: Utterance, asked: Param | null): 'time' | 'date' | null {
  const corrects =
    task.time !== null &&
    words.length <= 5 &&
    /^(?:no|actually|sorry|i mean|i meant|or|make it|rather)\b/.test(text);
  if (asked?.kind === 'time' || asked?.kind === 'dateTime' || (corrects && asked?.kind !== 'count'))
    return 'time';
  if (asked?.kind !== 'date') return null;
  return task.date ? 'time' : 'date';
}

/** The words without a phone number among them, whose digits would read as times. */
function withoutPhone(words: readonly string[]): string {
  const { digits, from, to } = digitRun(words);
  return (digits.length < MIN_PHONE_DIGITS ? words : words.filter((_word, at) => at < from || at >= to)).join(
    ' ',
  );
}

/** The times that the agent offers as the task stands. */
export function offeredTo(task: Task, slots: SlotList | null): ReturnType<typeof offer> {
  if (!slots) return [];
  return offer(slots.times.length > 0 ? slots.times : slots.elsewhere, {
    time: task.time,
    part: task.part,
    order: task.order,
  });
}

/** What is still to be asked, days and times first; days and times that the calendar refused are not missing. */
export function missing(task: Task): Param[] {
  const wanted = task.tool.params.filter(({ required, fixed }) => required && fixed === undefined);
  const lacks = (param: Param): boolean => {
    if (param.kind === 'zone') return false;
    if (param.kind === 'date') return task.date === null;
    if (param.kind === 'time') return task.time === null;
    if (param.kind === 'dateTime') return task.date === null || task.time === null;
    return !task.values.has(param.name);
  };
  const rank = ({ kind }: Param) => (kind === 'date' || kind === 'dateTime' ? 0 : kind === 'time' ? 1 : 2);
  return wanted.filter(lacks).sort((a, b) => rank(a) - rank(b));
}

/** The arguments of the call, in the forms that the schema asks for. */
export function argumentsOf(task: Task, slots: SlotList | null): JsonObject {
  const slot =
    slots && task.time && task.date?.hasSame(slots.day, 'day') ? slotAt(slots, task.time) : undefined;
  const time = slot ?? task.time;
  const args: JsonObject = {};
  for (const param of task.tool.params) {
    const value =
      whenValue(param, task.date, time ?? null) ??
      task.values.get(param.name) ??
      (param.required ? param.fixed : undefined);
    if (value !== undefined)
      args[param.name] = param.isNumber && typeof value === 'string' ? Number(value) : value;
  }
  return args;
}

function whenValue(
  param: Param,
  date: DateTime | null,
  time: { hour: number; minute: number } | null,
): string | undefined {
  if (param.kind === 'zone') return date?.zoneName ?? undefined;
  if (param.kind === 'date') return date?.toISODate() ?? undefined;
  const clock = time && `${String(time.hour).padStart(2, '0')}:${String(time.minute).padStart(2, '0')}`;
  if (param.kind === 'time') return clock ?? undefined;
  if (param.kind !== 'dateTime' || !date || !time) return undefined;
  return (
    date.set({ hour: time.hour, minute: time.minute }).toISO({ suppressMilliseconds: true }) ?? undefined
  );
}

/** What the task amounts to, for the read-back: "a checkup on Tuesday, November 24 at 3:30 PM for Ann Smith". */
export function summaryOf(task: Task, now: DateTime, slots: SlotList | null): string {
  const { tool, values } = task;
  const reason = values.get(tool.params.find(isReason)?.name ?? SERVICE);
  const thing =
    tool.role === 'book'
      ? typeof reason === 'string'
        ? article(reason)
        : article(nounOf(tool.label))
      : `to ${tool.label}`;
  const parts = [thing];
  if (task.date)
    parts.push(/^to/.test(sayDay(task.date, now)) ? sayDay(task.date, now) : `on ${sayDay(task.date, now)}`);
  const slot =
    slots && task.time && task.date?.hasSame(slots.day, 'day') ? slotAt(slots, task.time) : undefined;
  const time = slot ?? task.time;
  if (time) parts.push(`at ${sayTime(time)}`);
  for (const param of tool.params) {
    const value = values.get(param.name);
    if (value === undefined || (isReason(param) && tool.role === 'book')) continue;
    if (param.kind === 'name') parts.push(`for ${value}`);
    else if (param.kind === 'phone') parts.push(`phone number ${sayDigits(String(value))}`);
    else if (param.kind === 'count' && /\b(?:party|people|guests)\b/.test(param.label))
      parts.push(`for ${value} people`);
    else parts.push(`${param.label} ${String(value)}`);
  }
  return parts.join(', ').replace(/, (on|at|for|today|tomorrow)\b/g, ' $1');
}

const nounOf = (label: string): string =>
  /\b(?:reservation|booking|table|meeting|visit|consultation|session)\b/.exec(label)?.[0] ?? 'appointment';

const article = (thing: string): string =>
  /^(?:an?|the|my|some|two|three) |s$/.test(thing)
    ? thing
    : `${/^[aeiou]/.test(thing) ? 'an' : 'a'} ${thing}`;
