import { endOfTurnProbability } from '#engine/end-of-turn';

const OPEN = 'Hello, this is Anna at Bright Smile Dental. How can I help you?';
/** What the agent said last, by what it leaves open. */
export const ASKED = {
  open: OPEN,
  phone: 'Thanks. What phone number can we reach you on?',
  name: 'Sure. May I have your name, please?',
  when: 'Which day and time would suit you?',
  email: 'What is your e-mail address?',
  zip: 'What is your zip code?',
  yesNo: 'So that is Tuesday at three thirty. Shall I book it?',
  told: 'We are open from nine to five.',
} as const;

export type Case = readonly [after: keyof typeof ASKED, text: string];

/** How sure the detector is that this answer is a whole one. */
export function probability([after, text]: Case): number {
  return endOfTurnProbability({
    text,
    language: 'en-US',
    history: [{ role: 'assistant', text: ASKED[after] }],
  });
}
