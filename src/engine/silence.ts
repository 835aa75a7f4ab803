import type { SayPurpose, Stage } from '#engine/events';
import type { Book, Thinking } from '#engine/turn-state';

/** Silence on our turn before a caller who waits for a tool is told that we are at it. */
const FILLER_MS = 2_000;
/** Silence between two such fillers. */
const NEXT_FILLER_MS = 8_000;
/** Silence on our turn after which the answer is given up, whatever the model still does. */
const ANSWER_MS = 8_000;
/** Waiting that the caller or the carrier sets the pace of; their own limits come first. */
const PATIENT_MS = 120_000;
/** How often a voice that is believed to speak is asked whether it does. */
export const CHECK_MS = 5_000;
/** Failed answers in a row after which the call is handed on or ended. */
const FAILURES = 2;

/** When the silence of this phase becomes a fault, on the clock. */
export function deadAirAtMs(state: Thinking, book: Book): number {
  switch (state.activity) {
    case 'model':
      return state.sinceMs + ANSWER_MS;
    case 'tool':
      return state.sinceMs + (book.fillers === 0 ? FILLER_MS : NEXT_FILLER_MS);
    default:
      return state.sinceMs + PATIENT_MS;
  }
}

/** The next step down when an answer failed: ask the caller again, or stop trying. */
export function afterFailure(book: Book, stage: Stage): 'reprompt' | 'giveUp' {
  return stage === 'tts' || book.failures + 1 >= FAILURES ? 'giveUp' : 'reprompt';
}

/** With what the last words of a call that went wrong are spoken: without a voice, from audio made in advance. */
export function lastWordsBy(stage: Stage): SayPurpose {
  return stage === 'tts' ? 'canned' : 'goodbye';
}
