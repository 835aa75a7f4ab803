import type { JsonObject } from '#kernel/json';
import { answerFrom } from './answers.ts';
import type { Dialogue, Heard } from './dialogue.ts';
import { wantsBooking, wantsChange, wantsMessage } from './intents.ts';
import { answerIn, speakResult } from './results.ts';
import { oneOf, PHRASES } from './say.ts';
import { summaryOf, type Task } from './task.ts';
import { failureMove, join, type Move, pendingQuestion, successText, taskMove } from './task-moves.ts';
import type { KnownTool } from './tool-kit.ts';
import { introduces } from './values.ts';
import { readWhen } from './when.ts';
import type { World } from './world.ts';

/** What to say and do next; empty when there is nothing left to say. */
export function decide(dialogue: Dialogue, world: World): Move {
  if (dialogue.results.length > 0) return afterResults(dialogue, world);
  const { heard } = dialogue;
  if (!heard) return { text: opening(world) };
  const move =
    control(dialogue, heard, world) ??
    (dialogue.task ? withTask(dialogue, dialogue.task, world) : freely(dialogue, heard, world));
  const { unannounced } = dialogue;
  return unannounced ? { ...move, text: join(doneText(unannounced, world), move.text) } : move;
}

/** News of a booking whose confirmation the caller talked over. */
function doneText(task: Task, { now }: World): string {
  return task.tool.role === 'book' ? `You are booked for ${summaryOf(task, now, null)}.` : 'That is done.';
}

function opening({ briefing }: World): string {
  const { assistantName, business } = briefing;
  const who = assistantName ? `this is ${assistantName}` : 'you have reached the automated assistant';
  return `Hello, ${who}${business ? ` at ${business}` : ''}. How can I help you?`;
}

/* ---------- what is about the conversation itself ---------- */

function control(dialogue: Dialogue, heard: Heard, world: World): Move | null {
  const { acts, dropped } = heard;
  if (isFarewell(dialogue, heard)) return farewell(world);
  if (acts.has('leaveMe')) return { ...farewell(world), text: 'I am sorry for the disturbance. Goodbye.' };
  if (acts.has('robot')) return { text: join(honest(world), pendingQuestion(dialogue, world)) };
  if (acts.has('hearMe'))
    return { text: join('Yes, I can hear you.', pendingQuestion(dialogue, world) ?? 'How can I help you?') };
  if (acts.has('hold')) return { text: 'Of course, take your time.' };
  if (dropped) return { text: `All right, I will leave it. ${PHRASES.anythingElse}` };
  if (acts.has('stop'))
    return { text: join('Okay.', pendingQuestion(dialogue, world) ?? 'What can I do for you?') };
  if (heard.changed.length > 0 || heard.started) return null;
  if (acts.has('clock'))
    return {
      text: join(
        `It is ${world.now.setLocale('en-US').toFormat("h:mm a 'on' cccc, LLLL d")}.`,
        pendingQuestion(dialogue, world),
      ),
    };
  if (acts.has('whoAreYou')) return { text: join(whoIAm(world), pendingQuestion(dialogue, world)) };
  if (acts.has('howAreYou') && heard.questions.length <= 1)
    return {
      text: join('I am doing well, thank you.', pendingQuestion(dialogue, world) ?? 'How can I help you?'),
    };
  if (acts.has('capability')) return { text: capabilities(world) };
  if (acts.has('person') && !world.kit.byRole('transfer') && !dialogue.task)
    return { text: `I cannot put you through from here. ${fallbackOffer(world, false)}` };
  return null;
}

/** Goodbye in so many words, "that is all", or "no" to "anything else?". */
function isFarewell({ task }: Dialogue, { acts, asked, questions, started, utterance }: Heard): boolean {
  if (acts.has('bye')) return questions.length === 0 || utterance.words.length <= 6;
  if (questions.length > 0 || started || task) return acts.has('done') && !task && questions.length === 0;
  const nothingMore = acts.has('deny') && utterance.words.length <= 7 && !wantsChange(utterance.text);
  return (
    acts.has('done') ||
    (nothingMore && (acts.has('thanks') || asked.kind === 'anythingElse' || asked.kind === 'help'))
  );
}

function farewell({ kit, briefing }: World): Move {
  const call = kit.byRole('endCall');
  const thanks = briefing.business ? `Thank you for calling ${briefing.business}.` : 'Thank you for calling.';
  return {
    text: `${thanks} Goodbye!`,
    ...(call ? { call: { name: call.name, args: plainArguments(call) } } : {}),
  };
}

const plainArguments = (tool: KnownTool): JsonObject =>
  Object.fromEntries(
    tool.params
      .filter(({ required }) => required)
      .map(({ name, fixed, choices, kind }) => [
        name,
        fixed ?? choices[0] ?? (kind === 'text' ? 'The caller said goodbye.' : null),
      ]),
  );

function honest({ kit }: World): string {
  const person = kit.byRole('transfer') ? ' If you would rather talk to a person, just say so.' : '';
  return `I am an automated assistant, a small computer program and not a person.${person}`;
}

function whoIAm({ briefing }: World): string {
  const { assistantName, business } = briefing;
  return `I am ${assistantName ?? 'the automated assistant'}${business ? ` of ${business}` : ''}${assistantName ? ', an automated assistant' : ''}.`;
}

function capabilities(world: World): string {
  const able: string[] = [];
  const { kit, briefing } = world;
  const subjects = briefing.subjects.slice(0, 3).map((subject) => subject.replace(/^(?:our|the) /, ''));
  if (subjects.length > 0) able.push(`answer questions about ${oneOf(subjects, 'and')}`);
  else if (briefing.facts.length > 0) able.push('answer questions');
  if (kit.byRole('book')) able.push('book appointments');
  if (kit.byRole('message')) able.push('take a message');
  if (kit.byRole('transfer')) able.push('put you through to someone');
  for (const { role, label } of kit.all) if (role === 'other' && able.length < 4) able.push(label);
  return able.length === 0
    ? 'I can listen, but I have not been told anything to help you with yet.'
    : `I can ${oneOf(able)}. What would you like?`;
}

/* ---------- within a task ---------- */

function withTask(dialogue: Dialogue, task: Task, world: World): Move {
  const { heard } = dialogue;
  if (!heard) return taskMove(dialogue, task, world);
  const aside = asides(heard, task, world);
  const refused = heard.asked.kind === 'confirm' && heard.acts.has('deny') && heard.changed.length === 0;
  if (refused && aside === null) return { text: `All right. ${PHRASES.change}` };
  const move = taskMove(dialogue, task, world);
  return aside === null ? move : { ...move, text: join(aside, move.plain ?? move.text) };
}

/** Questions that are no part of the task: "how much is it?" in the middle of a booking. */
function asides(heard: Heard, task: Task, world: World): string | null {
  const service = [...task.values.entries()].find(
    ([name, value]) => typeof value === 'string' && /service|reason|treatment/.test(name),
  )?.[1];
  const answers: string[] = [];
  for (const question of heard.questions) {
    if (heard.started && heard.questions.length === 1) break;
    const said = readWhen(question, { now: world.now, asked: null, open: world.briefing.open });
    if (
      /\b(?:appointment|available|free|book|times?|slots?|openings?|earlier|later|earliest|latest)\b/.test(
        question,
      )
    )
      continue;
    if (/^(?:(?:and|but|so|well) )*why\b|\bneed (?:that|it|this) for\b/.test(question)) {
      answers.push(
        task.tool.role === 'message'
          ? 'It is so that they know who to answer.'
          : 'I need it for the booking.',
      );
      continue;
    }
    const answer = answerFrom(question, world, typeof service === 'string' ? service : null);
    const ofTask = said.date !== null || said.time !== null || heard.changed.length > 0 || heard.started;
    if (answer !== null && (!ofTask || /\b(?:how much|cost|price|where|park|insurance)\b/i.test(question)))
      answers.push(answer);
    else if (!ofTask && answer === null) answers.push('I am sorry, I do not have that information.');
  }
  return answers.length === 0 ? null : [...new Set(answers)].join(' ');
}

/* ---------- without a task ---------- */

function freely(dialogue: Dialogue, heard: Heard, world: World): Move {
  const { acts, utterance, questions, asked } = heard;
  const booked = aboutBooking(dialogue, utterance.text, world);
  if (booked !== null) return { text: booked };
  const undoes =
    acts.has('neverMind') &&
    dialogue.finished.some(({ tool, state }) => tool.role === 'book' && state === 'done');
  if (undoes || wantsChange(utterance.text))
    return { text: `I am afraid I cannot change appointments myself. ${fallbackOffer(world, true)}` };
  if (/\bi (?:have|got|had) (?:an?|one|another|some|a few|two) (?:\w+ )?questions?$/.test(utterance.text))
    return { text: 'Of course. What would you like to know?' };
  if (dialogue.callerName !== null && introduces(utterance))
    return { text: `Hello ${dialogue.callerName.split(' ')[0]}. How can I help you?` };
  const noBooking =
    wantsBooking(utterance.text) && !world.kit.byRole('book') && answerFrom(utterance.text, world) === null;
  if (noBooking) return { text: `I am sorry, I cannot book that from here. ${fallbackOffer(world, true)}` };
  const found = answersTo(questions, heard, world);
  if (found) return found;
  if (wantsMessage(utterance.text) && !world.kit.byRole('message'))
    return { text: `I am sorry, I cannot take messages. ${PHRASES.anythingElse}` };
  if (acts.has('thanks')) return { text: `You are welcome. ${PHRASES.anythingElse}` };
  const statement = statementAnswer(utterance.words, world);
  if (statement !== null) return { text: statement };
  if (acts.has('greet')) return { text: 'Hello! How can I help you?' };
  if (acts.has('deny'))
    return {
      text:
        asked.kind === 'takeMessage' || asked.kind === 'putThrough' || asked.kind === 'tryAgain'
          ? `All right. ${PHRASES.anythingElse}`
          : 'All right. How can I help you?',
    };
  if (acts.has('affirm') && utterance.words.length <= 4)
    return {
      text:
        asked.kind === 'anythingElse' || asked.kind === 'help'
          ? 'Sure, what can I do for you?'
          : PHRASES.anythingElse,
    };
  if (dialogue.misses > 0) return { text: `I am sorry, I still did not understand. ${capabilities(world)}` };
  return { text: PHRASES.notCaught };
}

/** Words that are no question may still name a subject: "Parking." A number or a day alone names none. */
function statementAnswer(words: readonly string[], world: World): string | null {
  const subject = words.filter((word) => !NO_SUBJECT.test(word));
  if (!subject.some((word) => world.briefing.index.knows(word))) return null;
  return answerFrom(words.join(' '), world);
}

const NO_SUBJECT =
  /^(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|morning|afternoon|evening|next)$/;

function answersTo(questions: readonly string[], heard: Heard, world: World): Move | null {
  const answers: string[] = [];
  const open: string[] = [];
  for (const question of questions) {
    const answer = answerFrom(question, world);
    if (answer !== null) answers.push(answer);
    else open.push(question);
  }
  if (answers.length > 0) return { text: [...new Set(answers)].join(' ') };
  const [question] = open;
  if (question === undefined || (heard.acts.has('greet') && heard.utterance.words.length <= 4)) return null;
  const knowledge = world.kit.byRole('knowledge');
  const query =
    knowledge?.params.find(({ kind, required }) => kind === 'text' && required) ?? knowledge?.params[0];
  if (knowledge && query)
    return {
      text: '',
      call: { name: knowledge.name, args: { ...plainArguments(knowledge), [query.name]: question } },
    };
  return { text: unknown(world) };
}

const unknown = (world: World): string =>
  `I am sorry, I do not have that information. ${fallbackOffer(world, true)}`;

/** What can be done instead: a message, else a person, else something else. */
function fallbackOffer({ kit }: World, withTransfer: boolean): string {
  if (kit.byRole('message')) return PHRASES.takeMessage;
  return withTransfer && kit.byRole('transfer') ? PHRASES.putThrough : PHRASES.anythingElse;
}

/** "When is my appointment again?" after a booking of this call. */
function aboutBooking({ finished }: Dialogue, text: string, { now }: World): string | null {
  const task = finished.findLast(({ state, tool }) => state === 'done' && tool.role === 'book');
  if (
    !task ||
    !/\b(?:when|what (?:time|day)|which day|did you book|is it booked|am i booked|confirm)\b/.test(text)
  )
    return null;
  if (!/\b(?:my|that|the|it|i|booked)\b/.test(text) || /\b(?:open|close|hours)\b/.test(text)) return null;
  return `You are booked for ${summaryOf(task, now, null)}.`;
}

/* ---------- after a tool ---------- */

function afterResults(dialogue: Dialogue, world: World): Move {
  const { results, heard, task } = dialogue;
  const { tool, result } = results.at(-1)!;
  const role = tool?.role ?? 'other';
  if (role === 'endCall') return { text: '' };
  if (role === 'knowledge') {
    const question = heard?.questions[0] ?? heard?.utterance.raw ?? '';
    return { text: answerIn(result, question) ?? unknown(world) };
  }
  if (task?.failure) return failureMove(dialogue, task, world);
  if (role === 'slots' && task) return taskMove(dialogue, task, world);
  if (role === 'transfer') return { text: '' };
  if (task?.state === 'done') return { text: successText(task, result, world) };
  return { text: join(speakResult(result) ?? 'That is done.', PHRASES.anythingElse) };
}
