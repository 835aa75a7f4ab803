import type { ChatMessage, LlmRequest } from '#engine/ports';
import { isJsonObject, type Json } from '#kernel/json';
import { type Act, actsOf, questionsIn } from './acts.ts';
import { intentOf } from './intents.ts';
import type { Briefing } from './prompt.ts';
import { askFor, PHRASES } from './say.ts';
import { readSlots, type SlotList } from './slot-list.ts';
import { fill, forget, missing, newTask, offeredTo, type Task } from './task.ts';
import type { KnownTool, Param } from './tool-kit.ts';
import { readUtterance, type Utterance } from './utterance.ts';
import { introduces } from './values.ts';
import type { World } from './world.ts';

/** What the agent's last words left open. */
export type Asked =
  | { kind: 'param'; param: Param }
  | {
      kind:
        | 'confirm'
        | 'change'
        | 'anythingElse'
        | 'help'
        | 'takeMessage'
        | 'putThrough'
        | 'tryAgain'
        | 'nothing';
    };

/** What the caller's last turn came to. */
export interface Heard {
  utterance: Utterance;
  acts: ReadonlySet<Act>;
  /** Questions it holds, each by itself. */
  questions: readonly string[];
  /** What of the open task it gave or changed. */
  changed: readonly string[];
  /** A plain yes: agreement without a question of its own. */
  agrees: boolean;
  /** It opened a task. */
  started: boolean;
  /** The task it dropped. */
  dropped: Task | null;
  /** What it was an answer to. */
  asked: Asked;
}

/** Where a conversation stands. Made anew from the messages each time: nothing else is remembered. */
export interface Dialogue {
  task: Task | null;
  /** Finished tasks, newest last. */
  finished: Task[];
  slots: SlotList | null;
  asked: Asked;
  heard: Heard | null;
  /** Results that no words of the agent have followed yet. */
  results: { tool: KnownTool | undefined; name: string; result: Json }[];
  /** A task that was done and of which the caller has heard nothing yet. */
  unannounced: Task | null;
  /** As the caller introduced themselves. */
  callerName: string | null;
  /** How many turns in a row were not understood. */
  misses: number;
}

/** Replays a conversation: callers' words open and fill tasks, tools' results move them on, the agent's words ask. */
export function replay(messages: LlmRequest['messages'], world: World): Dialogue {
  const dialogue: Dialogue = {
    task: null,
    finished: [],
    slots: null,
    asked: { kind: 'nothing' },
    heard: null,
    results: [],
    unannounced: null,
    callerName: null,
    misses: 0,
  };
  for (const message of messages) {
    if (message.role === 'user') {
      if (!isDirection(message.text)) hear(dialogue, message.text, world);
    } else if (message.role === 'assistant') said(dialogue, message, world);
    else if (message.role === 'tool') returned(dialogue, message, world);
  }
  return dialogue;
}

/** Words in square brackets are the engine's to the model, not the caller's. */
export const isDirection = (text: string): boolean => /^\s*\[[^\]]*\]\s*$/.test(text);

/* ---------- the caller ---------- */

type Reading = Pick<Heard, 'utterance' | 'acts' | 'questions'>;

/** Readings by call (a briefing is of one), so that a long call is not read all over again at each turn. */
const readings = new WeakMap<Briefing, Map<string, Reading>>();
const KEPT_READINGS = 200;

function readingOf(text: string, briefing: Briefing): Reading {
  const kept = readings.get(briefing) ?? new Map<string, Reading>();
  readings.set(briefing, kept);
  const before = kept.get(text);
  if (before) return before;
  const utterance = readUtterance(text, briefing.index.knows);
  const reading = {
    utterance,
    acts: actsOf(utterance),
    questions: questionsIn(utterance, briefing.index.knows),
  };
  if (kept.size >= KEPT_READINGS) kept.clear();
  kept.set(text, reading);
  return reading;
}

function hear(dialogue: Dialogue, text: string, world: World): void {
  const { utterance, acts, questions } = readingOf(text, world.briefing);
  const urges = questions.every((question) => /\b(?:book|do|send) (?:it|that)\b/.test(question));
  const heard: Heard = {
    utterance,
    acts,
    questions,
    agrees: acts.has('affirm') && urges,
    changed: [],
    started: false,
    dropped: null,
    asked: dialogue.asked,
  };
  dialogue.results = [];
  dialogue.heard = heard;
  interrupt(dialogue);
  if (
    acts.has('repeat') ||
    acts.has('continue') ||
    acts.has('robot') ||
    acts.has('hold') ||
    acts.has('hearMe')
  )
    return;
  if (dropsTask(dialogue, heard)) {
    heard.dropped = dialogue.task;
    dialogue.task = null;
    return;
  }
  if (!dialogue.task) dialogue.callerName = introduces(utterance) ?? dialogue.callerName;
  openTask(dialogue, heard, world);
  const { task } = dialogue;
  if (!task) return;
  const { slots } = dialogue;
  heard.changed = fill(task, utterance, {
    now: world.now,
    open: world.briefing.open,
    asked: heard.asked.kind === 'param' ? heard.asked.param : null,
    slots,
    services: world.briefing.services,
    callerNumber: world.briefing.callerNumber,
  });
  const doubted = heard.asked.kind === 'confirm' || heard.asked.kind === 'change';
  if (doubted && heard.changed.length === 0 && !heard.agrees) heard.changed = forget(task, utterance);
  if (heard.asked.kind === 'confirm' && heard.agrees && heard.changed.length === 0) task.confirmed = true;
  if (heard.asked.kind === 'param' && offeredTo(task, slots).length === 1) acceptOnly(dialogue, heard);
}

/** A new turn finds what was under way broken off: it is asked again, never done behind the caller's back. */
function interrupt(dialogue: Dialogue): void {
  const { task } = dialogue;
  if (!task) return;
  task.confirmed = false;
  task.failure = null;
  const handingOver = task.tool.role === 'transfer' && missing(task).length === 0;
  if (task.state !== 'open' || handingOver) dialogue.task = null;
}

function dropsTask({ task, asked }: Dialogue, { acts, utterance }: Heard): boolean {
  if (!task || task.tool.role === 'transfer') return false;
  if (asked.kind === 'param' && asked.param.kind === 'text' && utterance.words.length > 4) return false;
  return acts.has('neverMind') || acts.has('bye');
}

/** "At 9 AM only." "Yes, that works." */
function acceptOnly({ task, slots }: Dialogue, heard: Heard): void {
  const [only] = task ? offeredTo(task, slots) : [];
  if (!task || !only || heard.changed.length > 0 || !heard.acts.has('affirm')) return;
  task.date = only.date;
  task.time = { hour: only.hour, minute: only.minute, sure: true };
  heard.changed = ['time'];
}

function openTask(dialogue: Dialogue, heard: Heard, world: World): void {
  if ((heard.asked.kind === 'tryAgain' && heard.agrees) || heard.acts.has('again')) reopen(dialogue, heard);
  const tool = toolFor(dialogue, heard, world);
  if (!tool || dialogue.task?.tool.name === tool.name) return;
  dialogue.task = newTask(tool);
  const own = tool.params.find(({ kind }) => kind === 'name');
  if (own && dialogue.callerName !== null) dialogue.task.values.set(own.name, dialogue.callerName);
  heard.started = true;
}

function toolFor(
  { task }: Dialogue,
  { asked, acts, utterance, agrees }: Heard,
  world: World,
): KnownTool | undefined {
  if (asked.kind === 'takeMessage' && agrees) return world.kit.byRole('message');
  if (asked.kind === 'putThrough' && agrees) return world.kit.byRole('transfer');
  const answering = asked.kind === 'param' && asked.param.kind === 'text' && task !== null;
  return answering ? undefined : intentOf(utterance, acts, { world, busy: task?.tool ?? null });
}

/** The last failed task once more, with all that was said for it. */
function reopen(dialogue: Dialogue, heard: Heard): void {
  const failed = dialogue.finished.findLast(({ state }) => state === 'failed');
  if (!failed || dialogue.task) return;
  dialogue.task = { ...failed, state: 'open', failure: null, confirmed: true };
  dialogue.finished = dialogue.finished.filter((task) => task !== failed);
  heard.started = true;
}

/* ---------- the agent ---------- */

function said(dialogue: Dialogue, message: ChatMessage & { role: 'assistant' }, world: World): void {
  if (message.text.trim() === '') return;
  dialogue.results = [];
  dialogue.unannounced = null;
  dialogue.asked = readAsked(message.text, dialogue, world);
  dialogue.misses = message.text.includes(PHRASES.notCaught.slice(0, 20)) ? dialogue.misses + 1 : 0;
}

/** What the agent's words ask, by the question they hold; words that were cut off ask what would have come. */
function readAsked(text: string, { task }: Dialogue, { kit }: World): Asked {
  const open = task?.state === 'open' ? task : null;
  const has = (phrase: string) => text.includes(phrase);
  if (has(PHRASES.takeMessage)) return { kind: 'takeMessage' };
  if (has(PHRASES.putThrough)) return { kind: 'putThrough' };
  if (has(PHRASES.tryAgain)) return { kind: 'tryAgain' };
  if (has(PHRASES.change)) return { kind: 'change' };
  if (has(PHRASES.anythingElse)) return { kind: 'anythingElse' };
  if (open) {
    if (/\bshall I (?:book|send|do|go ahead)|\bis that right\?|\bis that correct\?/i.test(text))
      return { kind: 'confirm' };
    const asked = open.tool.params.find((param) => has(askFor(param)));
    if (asked) return { kind: 'param', param: asked };
    if (/\bsuits? you\b|\bwould suit\b|\bwhat time\b/i.test(text)) {
      const param = open.tool.params.find(({ kind }) => kind === 'time' || kind === 'dateTime');
      if (param) return { kind: 'param', param };
    }
    const [next] = missing(open);
    if (next) return { kind: 'param', param: next };
    return { kind: open.tool.confirms ? 'confirm' : 'nothing' };
  }
  if (/\btake a message\b.*\?/i.test(text) && kit.byRole('message')) return { kind: 'takeMessage' };
  if (/\banything else\b.*\?|^sure, what can i do\b/i.test(text)) return { kind: 'anythingElse' };
  return /\b(?:help|do for) you\b.*\?/i.test(text) ? { kind: 'help' } : { kind: 'nothing' };
}

/* ---------- tools ---------- */

function returned(dialogue: Dialogue, message: ChatMessage & { role: 'tool' }, world: World): void {
  const tool = world.kit.byName(message.name);
  dialogue.results.push({ tool, name: message.name, result: message.result });
  const { task } = dialogue;
  if (brokeOff(message.result)) return;
  if (tool?.role === 'slots' && task?.date) {
    readCalendar(dialogue, task, message.result);
    return;
  }
  if (!task || task.tool.name !== message.name) return;
  const failure = failureOf(message.result);
  if (failure === null) {
    task.state = 'done';
    task.failure = null;
    dialogue.finished.push(task);
    dialogue.unannounced = task;
    dialogue.slots = null;
    return;
  }
  task.failure = failure;
  task.confirmed = false;
  if (tool?.role === 'book' && isTaken(failure) && task.date) {
    dialogue.slots = readSlots(message.result, task.date);
    return;
  }
  task.state = 'failed';
  dialogue.finished.push(task);
}

/** The caller spoke before the tool had finished: nothing came of it, and nothing failed. */
function brokeOff(result: Json): boolean {
  return /^interrupted\b|\bcaller spoke before\b/.test(failureOf(result) ?? '');
}

/** A calendar that fails ends the task; one that answers in a way nobody can read is not asked again. */
function readCalendar(dialogue: Dialogue, task: Task, result: Json): void {
  task.failure = failureOf(result);
  dialogue.slots = task.failure === null && task.date ? readSlots(result, task.date) : null;
  task.blind = dialogue.slots === null;
  if (task.failure === null) return;
  task.state = 'failed';
  dialogue.finished.push(task);
}

export const isTaken = (failure: string): boolean =>
  /\bnot (?:free|available)\b|\btaken\b|\bno longer\b|\bconflict|\bunavailable\b|\balready (?:booked|reserved)\b/i.test(
    failure,
  );

/** Why a tool failed, from its result alone; null when it did not. */
export function failureOf(result: Json): string | null {
  if (!isJsonObject(result)) return null;
  const { error } = result;
  if (typeof error === 'string' && error !== '') return error;
  if (isJsonObject(error) && typeof error.message === 'string') return error.message;
  const failed =
    result.ok === false ||
    result.success === false ||
    result.booked === false ||
    /^(?:error|failed|failure)$/i.test(String(result.status ?? ''));
  if (!failed && !error) return null;
  return typeof result.message === 'string' ? result.message : 'it did not work';
}
