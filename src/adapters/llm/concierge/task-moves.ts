import type { Json, JsonObject } from '#kernel/json';
import { type Dialogue, isTaken } from './dialogue.ts';
import { speakableFailure, speakResult } from './results.ts';
import { askFor, oneOf, PHRASES, sayDay, sayDigits, sayTime } from './say.ts';
import { type FreeTime, slotAt } from './slot-list.ts';
import { argumentsOf, hasKind, missing, offeredTo, summaryOf, type Task } from './task.ts';
import type { KnownTool, Param } from './tool-kit.ts';
import type { World } from './world.ts';

/** One answer: words, a tool call, or both. */
export interface Move {
  text: string;
  call?: { name: string; args: JsonObject };
  /** The words without their acknowledgement, for after an aside. */
  plain?: string;
}

export const join = (...parts: readonly (string | null)[]): string =>
  parts.filter((part) => part !== null && part !== '').join(' ');

/** The next step of the open task: look up times, ask for what is missing, read back, call the tool. */
export function taskMove(dialogue: Dialogue, task: Task, world: World): Move {
  const { tool } = task;
  if (tool.role === 'transfer')
    return {
      text: 'One moment, I will put you through.',
      call: { name: tool.name, args: transferArguments(task, dialogue, world) },
    };
  const look = lookUp(dialogue, task, world);
  if (look) return look;
  const ask = nextQuestion(dialogue, task, world);
  if (ask !== null) return { text: join(acknowledgement(dialogue, task, ask), ask), plain: ask };
  if (tool.confirms && !task.confirmed) {
    const readBack = readBackOf(dialogue, task, world);
    return { text: join(acknowledgement(dialogue, task, readBack), readBack), plain: readBack };
  }
  return { text: '', call: { name: tool.name, args: argumentsOf(task, dialogue.slots) } };
}

/** The question that is open, to come back to after something else; null outside a task. */
export function pendingQuestion(dialogue: Dialogue, world: World): string | null {
  const { task } = dialogue;
  if (!task || task.tool.role === 'transfer') return null;
  return (
    nextQuestion(dialogue, task, world) ?? (task.tool.confirms ? readBackOf(dialogue, task, world) : null)
  );
}

function readBackOf({ slots }: Dialogue, task: Task, { now }: World): string {
  const summary = summaryOf(task, now, slots);
  return task.tool.role === 'book'
    ? `That is ${summary}. Shall I book it?`
    : `I am going ${summary}. Shall I go ahead?`;
}

/* ---------- times ---------- */

/** Asks the calendar for the day, once the day is known. */
function lookUp({ slots }: Dialogue, task: Task, { kit, now }: World): Move | null {
  const tool = kit.byRole('slots');
  if (task.tool.role !== 'book' || !tool || task.blind) return null;
  const { date, time } = task;
  if (!date || slots?.day.hasSame(date, 'day')) return null;
  // One of the days that the calendar named instead of a full one needs no second look.
  const named =
    slots?.times.length === 0 &&
    time &&
    slots.elsewhere.some(
      (free) => free.date.hasSame(date, 'day') && free.hour === time.hour && free.minute === time.minute,
    );
  if (named) return null;
  const args = slotArguments(tool, task, now.zoneName ?? 'utc');
  return args === null ? null : { text: '', call: { name: tool.name, args } };
}

/** Arguments of a calendar's look-up of one day; null when it wants what nobody knows. */
function slotArguments(tool: KnownTool, { date, values }: Task, zone: string): JsonObject | null {
  const args: JsonObject = {};
  for (const { name, kind, label, required, fixed } of tool.params) {
    const ends = /\b(?:end|to|until|before)\b/.test(label);
    let value: Json | undefined;
    if (kind === 'date') value = (ends ? date?.plus({ days: 1 }) : date)?.toISODate() ?? undefined;
    else if (kind === 'dateTime' || /^(?:from|to|start|end)$/.test(label))
      value =
        (ends ? date?.endOf('day').startOf('second') : date)?.toISO({ suppressMilliseconds: true }) ??
        undefined;
    else if (kind === 'zone') value = zone;
    else value = required ? (fixed ?? values.get(name)) : undefined;
    if (value === undefined && required) return null;
    if (value !== undefined) args[name] = value;
  }
  return args;
}

function nextQuestion(dialogue: Dialogue, task: Task, world: World): string | null {
  const { heard, slots } = dialogue;
  const times = timeQuestion(dialogue, task, world);
  const unsuited =
    heard?.asked.kind === 'param' &&
    heard.acts.has('deny') &&
    heard.changed.length === 0 &&
    /time|date/i.test(heard.asked.param.kind);
  if (unsuited && slots && times !== null) return 'Which other day or time would suit you?';
  if (times !== null) return times;
  const [param] = missing(task);
  if (!param) return null;
  if (param.kind === 'phone' && task.partialDigits !== '')
    return `So far I have ${sayDigits(task.partialDigits)}. What are the remaining digits?`;
  if (param.kind === 'date' && task.time === null && hasKind(task.tool, 'time'))
    return 'Which day and time would you like?';
  return askFor(param);
}

/** Offers free times while none of them has been chosen; null when the time is settled or nothing is known of times. */
function timeQuestion({ slots }: Dialogue, task: Task, { now }: World): string | null {
  if (!slots || !task.date || task.tool.role !== 'book') return null;
  const inDay = slots.day.hasSame(task.date, 'day');
  const pool = inDay && slots.times.length > 0 ? slots.times : slots.elsewhere;
  if (!inDay)
    return task.time
      ? null
      : offerText(
          pool.filter(({ date }) => date.hasSame(task.date!, 'day')),
          now,
          false,
        );
  if (slots.times.length === 0) {
    const none = `I am sorry, there is nothing free ${dayPhrase(task, now)}.`;
    if (pool.length === 0) return `${none} Which other day would suit you?`;
    return `${none} The next free times are ${offerWords(offeredTo(task, slots), now, true)}. Which one suits you?`;
  }
  if (!task.time)
    return `${capital(dayPhrase(task, now))}, I have ${offerWords(offeredTo(task, slots), now, false)}. Which one suits you?`;
  if (slotAt(slots, task.time)) return null;
  return `${capital(sayTime(task.time))} is not free ${dayPhrase(task, now)}. I have ${offerWords(offeredTo(task, slots), now, false)}. Which one suits you?`;
}

function dayPhrase({ date }: Task, now: World['now']): string {
  const day = date ? sayDay(date, now) : 'then';
  return /^to/.test(day) ? day : `on ${day}`;
}

function offerText(times: readonly FreeTime[], now: World['now'], withDay: boolean): string | null {
  return times.length === 0
    ? null
    : `I have ${offerWords(times.slice(0, 3), now, withDay)}. Which one suits you?`;
}

function offerWords(times: readonly FreeTime[], now: World['now'], withDay: boolean): string {
  const words = times.map((time, at) => {
    const fresh = withDay && (at === 0 || !times[at - 1]!.date.equals(time.date));
    return fresh ? `${sayDay(time.date, now)} at ${sayTime(time)}` : sayTime(time);
  });
  return oneOf(words);
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/* ---------- words around a step ---------- */

function acknowledgement({ heard, misses }: Dialogue, task: Task, ask: string): string | null {
  if (!heard || task.failure) return null;
  const { utterance, changed, asked, started, acts } = heard;
  if (ask.startsWith('I am sorry')) return null;
  if (started)
    return /\b(?:hurts?|pain|toothache|broken|emergency)\b/.test(utterance.text)
      ? 'I am sorry to hear that.'
      : 'Sure.';
  if (changed.length > 0) {
    if (asked.kind === 'confirm' || asked.kind === 'change') return 'All right, I have changed that.';
    return changed.some((name) => name === 'date' || name === 'time' || name === 'part')
      ? 'All right.'
      : 'Thank you.';
  }
  if (asked.kind !== 'param') return null;
  if (acts.has('deny') && (asked.param.kind === 'phone' || asked.param.kind === 'name'))
    return 'I need that to go on.';
  if (
    acts.has('deny') &&
    (asked.param.kind === 'time' || asked.param.kind === 'date' || asked.param.kind === 'dateTime')
  )
    return null;
  if (acts.has('affirm') || heard.questions.length > 0 || task.partialDigits !== '') return null;
  return misses > 0 ? 'I am sorry, I still did not catch that.' : 'I am sorry, I did not catch that.';
}

function transferArguments(task: Task, { heard }: Dialogue, { kit }: World): JsonObject {
  const said = heard?.utterance;
  const args: JsonObject = {};
  for (const param of kit.byName(task.tool.name)?.params ?? []) {
    const value = task.values.get(param.name) ?? param.fixed ?? standIn(param, said?.raw ?? '');
    if (value !== undefined) args[param.name] = value;
  }
  return args;
}

/** A transfer is never held up by questions: the first destination, and the caller's own words as the reason. */
function standIn(param: Param, raw: string): Json | undefined {
  if (param.kind === 'choice') return param.required ? param.choices[0] : undefined;
  return param.kind === 'text' &&
    (param.required || /\b(?:reason|summary|briefing|message)\b/.test(param.label))
    ? raw
    : undefined;
}

/* ---------- ends ---------- */

/** What to say when the tool did what it was asked. */
export function successText(task: Task, result: Json, { now }: World): string {
  if (task.tool.role === 'message') {
    const name = [...task.values.entries()].find(([key]) => /name/i.test(key))?.[1];
    return `Thank you${typeof name === 'string' ? `, ${name.split(' ')[0]}` : ''}. I will pass that on. ${PHRASES.anythingElse}`;
  }
  if (task.tool.role !== 'book') return join(speakResult(result) ?? 'That is done.', PHRASES.anythingElse);
  const values = new Map(
    [...task.values.entries()].filter(
      ([name]) => task.tool.params.find((param) => param.name === name)?.kind !== 'phone',
    ),
  );
  return `You are all set: ${summaryOf({ ...task, values }, now, null)}. ${PHRASES.anythingElse}`;
}

/** What to say when a tool failed: other times for a taken one, else what can be done instead. */
export function failureMove(dialogue: Dialogue, task: Task, around: World): Move {
  const { kit } = around;
  const why = task.failure === null ? null : speakableFailure(task.failure);
  if (task.state === 'open' && task.failure !== null && isTaken(task.failure)) {
    const again: Task = { ...task, failure: null };
    const look = dialogue.slots ? null : lookUp(dialogue, again, around);
    if (look) return look;
    return {
      text: join(
        'I am sorry, that time has just been taken.',
        timeQuestion(dialogue, again, around) ?? PHRASES.tryAgain,
      ),
    };
  }
  const offer =
    kit.byRole('message') && task.tool.role !== 'message' ? PHRASES.takeMessage : PHRASES.tryAgain;
  if (task.tool.role === 'transfer')
    return {
      text: join(
        'I am sorry, I could not put you through.',
        kit.byRole('message') ? PHRASES.takeMessage : PHRASES.anythingElse,
      ),
    };
  return { text: join('I am sorry, that did not work.', why, offer) };
}
