import type { EndReason } from '#core/calls/log-entry';
import type { Dial, DialStatus } from '#core/dialing/dial';

const ORDER: readonly DialStatus[] = ['queued', 'initiated', 'ringing', 'in-progress'];
const OVER: readonly DialStatus[] = ['completed', 'busy', 'no-answer', 'failed', 'canceled'];

/** The carrier's word for how far a call has got; null for one that means nothing to us. */
export function dialStatusOf(word: string | undefined): DialStatus | null {
  if (word === 'answered') return 'in-progress';
  return [...ORDER, ...OVER].find((status) => status === word) ?? null;
}

/** Whether nothing more can come of the call. */
export function isOver(status: DialStatus): boolean {
  return OVER.includes(status);
}

/**
 * Whether a report tells more than is known. Reports can be late, doubled and out of order: the carrier numbers them,
 * and a call only ever goes forward.
 */
export function isNews(dial: Dial, told: { status: DialStatus; sequence: number | null }): boolean {
  if (isOver(dial.status) || (told.sequence ?? Infinity) <= dial.lastSequence) return false;
  return isOver(told.status) || ORDER.indexOf(told.status) > ORDER.indexOf(dial.status);
}

/** Why a call ended that nobody was connected to, by the carrier's last word. */
export function missedReason(status: DialStatus, answeredBy: string | null): EndReason {
  switch (status) {
    case 'busy':
      return 'busy';
    case 'no-answer':
      return 'no_answer';
    case 'canceled':
      return 'ended_by_operator';
    case 'completed':
      return isMachine(answeredBy) ? 'voicemail' : 'caller_hung_up';
    default:
      return 'failed';
  }
}

/** What the carrier calls those who answer and are no people. */
export function isMachine(answeredBy: string | null): boolean {
  return answeredBy !== null && /^(machine_|fax$)/.test(answeredBy);
}

/** Whether a message can be left there. */
export function isVoicemail(answeredBy: string | null): boolean {
  return answeredBy?.startsWith('machine_') ?? false;
}
