import type { DateTime } from 'luxon';
import type { Param } from './tool-kit.ts';
import type { ClockTime } from './when.ts';

/** "Tuesday, November 24", with "today" or "tomorrow" where it is. */
export function sayDay(date: DateTime, now: DateTime): string {
  const days = Math.round(date.startOf('day').diff(now.startOf('day'), 'days').days);
  const named = date.setLocale('en-US').toFormat('cccc, LLLL d');
  if (days === 0) return `today, ${named}`;
  return days === 1 ? `tomorrow, ${named}` : named;
}

/** "3:30 PM", "9 AM", "noon". */
export function sayTime({ hour, minute }: Pick<ClockTime, 'hour' | 'minute'>): string {
  if (hour === 12 && minute === 0) return 'noon';
  const minutes = minute === 0 ? '' : `:${String(minute).padStart(2, '0')}`;
  return `${hour % 12 || 12}${minutes} ${hour < 12 ? 'AM' : 'PM'}`;
}

/** Digits apart and in groups, so that a voice reads them one by one. */
export function sayDigits(digits: string): string {
  const plus = digits.startsWith('+') ? 'plus ' : '';
  const bare = digits.replace(/\D/g, '');
  const country = bare.length === 11 && bare.startsWith('1') ? '1, ' : '';
  const rest = country === '' ? bare : bare.slice(1);
  const grouped = rest.length === 10 ? /^(...)(...)(....)$/ : rest.length === 7 ? /^(...)(....)$/ : null;
  const groups = grouped?.exec(rest)?.slice(1) ?? rest.match(/.{1,3}/g) ?? [];
  return `${plus}${country}${groups.map((group) => [...group].join(' ')).join(', ')}`;
}

/** "a, b or c". */
export function oneOf(things: readonly string[], word: 'or' | 'and' = 'or'): string {
  if (things.length <= 1) return things[0] ?? '';
  return `${things.slice(0, -1).join(', ')} ${word} ${things.at(-1)}`;
}

/** The question that asks a caller for a parameter. */
export function askFor(param: Param): string {
  switch (param.kind) {
    case 'name':
      return 'May I have your name, please?';
    case 'phone':
      return 'What phone number can we reach you on?';
    case 'email':
      return 'What is your e-mail address?';
    case 'date':
      return 'Which day would you like?';
    case 'time':
      return 'What time would you like?';
    case 'dateTime':
      return 'Which day and time would you like?';
    case 'count':
      return /\b(?:party|people|guests|persons|seats)\b/.test(param.label)
        ? 'For how many people?'
        : `How many ${plural(param.label)} is that?`;
    case 'choice':
      return `Which ${param.label} would you like: ${oneOf(param.choices.map(asWords))}?`;
    case 'yesNo':
      return param.description.endsWith('?') ? param.description : `Is it ${param.label}, yes or no?`;
    case 'text':
    case 'zone':
      return askForText(param);
  }
}

function askForText({ label, description }: Param): string {
  if (description.endsWith('?')) return description;
  if (/\bmessages?\b|\bnotes?\b/.test(label)) return 'What would you like me to pass on?';
  if (/\breason\b|\bpurpose\b/.test(label)) return 'What would you like to come in for?';
  if (/\bservice\b|\btreatment\b|\bprocedure\b/.test(label)) return 'Which service would you like?';
  return `What is the ${label}?`;
}

export const asWords = (choice: string): string => choice.replace(/[_-]+/g, ' ');

const plural = (label: string): string =>
  /\b(?:count|number|amount|size)\b/.test(label) || label.endsWith('s')
    ? label.replace(/^number of /, '')
    : `${label}s`;

/** The pieces the concierge says on its own account. */
export const PHRASES = {
  anythingElse: 'Is there anything else I can help you with?',
  notCaught: 'I am sorry, I did not catch that. Could you say it again?',
  change: 'What should I change?',
  takeMessage: 'Shall I take a message for the team?',
  putThrough: 'Shall I put you through to someone?',
  tryAgain: 'Shall I try again?',
  confirm: 'Is that right?',
} as const;
