import type { FarLine } from './telephone.ts';

/** What becomes of a call, by the number that is called. */
export type Callee = 'nobody' | 'busy' | 'voicemail' | 'person';

export function calleeOf(number: string): Callee {
  if (/5550199$/.test(number)) return 'nobody';
  if (/5550198$/.test(number)) return 'busy';
  return /5550197$/.test(number) ? 'voicemail' : 'person';
}

/** A machine's greeting lasts for about so long, tone included. */
export const GREETING_MS = 4_000;
/** So much of a greeting is enough to know a machine by. */
export const KNOWN_AFTER_MS = 1_500;

const LINES = [
  'Hello, yes, I am listening.',
  'What are your opening hours on Monday?',
  'Thank you, goodbye.',
];
const GREETING = 'Hi, I cannot come to the phone right now. Please leave a message after the tone.';
/** A person says hello where nobody speaks by then, and gives up where that brings nothing. */
const HELLO_AFTER_MS = 6_000;
const ANSWER_WITHIN_MS = 20_000;
/** A machine records for so long, and stops where nothing more comes. */
const MESSAGE_WITHIN_MS = 12_000;

/** A person who lets the agent speak, says a few things, and hangs up when all has been said. */
export async function converse(line: FarLine): Promise<void> {
  if (!(await line.hearsAgent(HELLO_AFTER_MS))) {
    await line.say('Hello?');
    await line.hearsAgent(ANSWER_WITHIN_MS);
  }
  for (const words of LINES) {
    await line.say(words);
    if (!(await line.hearsAgent(ANSWER_WITHIN_MS))) break;
  }
  line.hangUp();
}

/** An answering machine: `heard` is how much of its greeting is over already. */
export async function takeMessage(line: FarLine, heard: 'nothing' | 'all'): Promise<void> {
  if (heard === 'nothing') {
    await line.say(GREETING);
    await line.beep();
  }
  while (await line.hearsAgent(MESSAGE_WITHIN_MS)) {}
  line.hangUp();
}
