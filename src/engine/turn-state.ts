import type { CallEventBody, HangupReason, SayPurpose, Stage } from '#engine/events';
import type { TurnRules } from '#engine/turn-policy';

/** A reply that was begun before the turn was over. */
export interface Guess {
  readonly replyId: number;
  readonly text: string;
}

/** What the agent does about a reply while nothing of it can be heard. */
export type Activity = 'model' | 'tool' | 'digits' | 'transfer';

/** What outlives a phase. */
export interface Book {
  readonly rules: TurnRules;
  readonly lastReplyId: number;
  /** Times a silent caller has been asked. */
  readonly idleAsks: number;
  /** When a silent caller is asked next: noises without words don't put it off. */
  readonly idleAtMs: number;
  /** Fillers said in this turn. */
  readonly fillers: number;
  /** Replies that failed since the last one that worked. */
  readonly failures: number;
  /** What the caller said over the agent without stopping it: answered when it has finished. */
  readonly overheard: Extract<TurnInput, { type: 'heard' }> | null;
  /** Keys pressed and not yet taken as a turn. */
  readonly digits: string;
}

/** Where a conversation stands. Exactly one of these; times are the clock's. */
export type Phase =
  /** The caller's turn, and nobody speaks. */
  | { readonly phase: 'listening' }
  /** The caller speaks. */
  | Hearing
  /** The caller has stopped speaking, perhaps only for a moment. */
  | Pausing
  /** The agent's turn, and nothing can be heard of it. `replyId` is null when only a phrase is to come. */
  | Thinking
  /** The agent speaks. */
  | Speaking
  /** The agent is held, because the caller may be breaking in. */
  | Doubting
  /** The call is coming to its end: a last sentence, then the farewell, then the hang-up. */
  | Leaving
  /** A machine has answered: a message is left on it. */
  | { readonly phase: 'voicemail'; readonly step: 'waiting' | 'speaking' }
  | { readonly phase: 'ended'; readonly why: HangupReason };

export interface Hearing {
  readonly phase: 'hearing';
  readonly fromMs: number;
  readonly text: string;
  /** When the words became final, null while they may change. */
  readonly finalAtMs: number | null;
  readonly guess: Guess | null;
}

export interface Pausing {
  readonly phase: 'pausing';
  readonly fromMs: number;
  readonly lastSpeechMs: number;
  readonly text: string;
  /** When the words became final, null while they may change. */
  readonly finalAtMs: number | null;
  /** When the turn is over, as far as the words so far tell. */
  readonly endpointAtMs: number;
  /** Until then a sound may prove to be speech: the turn is not over before. */
  readonly soundUntilMs: number;
  /** What was made of these words; null until they have been judged. */
  readonly probability: number | null;
  /** When the recogniser said that the turn is over; null while it has not. */
  readonly toldOverAtMs: number | null;
  readonly guess: Guess | null;
}

export interface Thinking {
  readonly phase: 'thinking';
  readonly replyId: number | null;
  readonly activity: Activity;
  /** When the silence began, or the model had its last chance to end it. */
  readonly sinceMs: number;
}

export interface Speaking {
  readonly phase: 'speaking';
  readonly replyId: number | null;
  readonly activity: Activity;
  readonly purpose: SayPurpose;
}

export interface Doubting {
  readonly phase: 'doubting';
  readonly back: Thinking | Speaking;
  readonly onsetMs: number;
  /** Null while the caller speaks. */
  readonly lastSpeechMs: number | null;
  /** Audio of the agent that is left to play. */
  readonly leftMs: number;
  /** The agent has just asked something. */
  readonly asked: boolean;
  /** How long the caller has spoken. */
  readonly voicedMs: number;
  readonly text: string;
}

export interface Leaving {
  readonly phase: 'leaving';
  readonly why: HangupReason;
  readonly step: 'finishing' | 'farewell' | 'canned' | 'transferring';
  readonly farewell: string | null;
}

export type TurnState = Phase & { readonly book: Book };

export type TimerName =
  | 'flush'
  | 'guess'
  | 'endpoint'
  | 'words'
  | 'doubt'
  | 'deadAir'
  | 'idle'
  | 'wordless'
  | 'digits'
  | 'limit'
  | 'tone'
  | 'leave';

export type TurnInput =
  | { readonly type: 'begin' }
  /** The quiet line became loud at `atMs`: perhaps with speech, which an onset would tell soon. */
  | { readonly type: 'sound'; readonly atMs: number }
  /** Speech began, found in hindsight at `atMs`. */
  | { readonly type: 'onset'; readonly atMs: number }
  /**
   * Speech has lasted `voicedMs` now; sent at the marks the rules name, and with `isAgain` where a stretch that has
   * passed one goes on after a pause. `leftMs` is the agent's unplayed audio, `asked` whether what it said last is a
   * question.
   */
  | {
      readonly type: 'voiced';
      readonly onsetMs: number;
      readonly voicedMs: number;
      readonly isAgain?: boolean;
      readonly leftMs: number;
      readonly asked: boolean;
    }
  /** Speech may be over since `lastSpeechMs`. */
  | { readonly type: 'pause'; readonly lastSpeechMs: number; readonly voicedMs: number }
  /** All words since the last turn was taken; `quietSinceMs` is null while the caller speaks. */
  | {
      readonly type: 'heard';
      readonly text: string;
      readonly final: boolean;
      readonly quietSinceMs: number | null;
      /** How sure the recogniser is of the newest words, 0 to 1; absent where it doesn't say. */
      readonly confidence?: number | undefined;
    }
  /** The recogniser says that the turn is over. */
  | { readonly type: 'endOfTurn' }
  | { readonly type: 'judged'; readonly text: string; readonly probability: number }
  | { readonly type: 'typed'; readonly text: string }
  | { readonly type: 'digit'; readonly digit: string }
  | { readonly type: 'timer'; readonly name: TimerName }
  /** Agent audio is on the line again, and of what. */
  | { readonly type: 'agentStarted'; readonly purpose: SayPurpose }
  /** All agent audio on the line has been played; `more`: something else has been given to the voice to say. */
  | { readonly type: 'agentDrained'; readonly more: boolean }
  | { readonly type: 'activity'; readonly replyId: number; readonly activity: Activity }
  | { readonly type: 'replyFinished'; readonly replyId: number }
  | { readonly type: 'replyFailed'; readonly replyId: number; readonly stage: Stage; readonly why: string }
  /** A phrase could not be spoken. */
  | { readonly type: 'sayFailed'; readonly why: string }
  /** No recogniser is left. */
  | { readonly type: 'deaf'; readonly why: string }
  /** Ends the call, after `farewell` if there is one. */
  | { readonly type: 'leave'; readonly why: HangupReason; readonly farewell: string | null }
  | { readonly type: 'transferFailed' }
  | { readonly type: 'lineGone'; readonly why: HangupReason };

export type TurnEffect =
  | { readonly type: 'startTimer'; readonly name: TimerName; readonly atMs: number }
  | { readonly type: 'stopTimer'; readonly name: TimerName }
  | { readonly type: 'say'; readonly purpose: SayPurpose; readonly text: string }
  /** `text` null: the model speaks first. A guess plays nothing and runs no tool until it is confirmed. */
  | {
      readonly type: 'startReply';
      readonly replyId: number;
      readonly text: string | null;
      readonly guess: boolean;
    }
  | { readonly type: 'confirmReply'; readonly replyId: number }
  | { readonly type: 'abortReply'; readonly replyId: number }
  | { readonly type: 'hold' }
  | { readonly type: 'resume' }
  /** Throws away all agent audio that has not been played. */
  | { readonly type: 'cut' }
  /** Plays to the end of the sentence that is being played, and no further. */
  | { readonly type: 'finishSentence' }
  /** Have the voice tell its end again, should it have said all: the machine believes that it speaks. */
  | { readonly type: 'checkVoice' }
  | { readonly type: 'flush'; readonly lastSpeechMs: number }
  | { readonly type: 'judge'; readonly text: string }
  /** The caller's turn is over and these were its words. `decidedAtMs` is null for a turn that was not spoken. */
  | {
      readonly type: 'takeTurn';
      readonly text: string;
      readonly fromMs: number;
      readonly toMs: number;
      readonly decidedAtMs: number | null;
    }
  /** What was heard was no turn: forget it. */
  | { readonly type: 'dropHeard' }
  | { readonly type: 'transfer'; readonly to: string }
  | { readonly type: 'hangUp'; readonly why: HangupReason }
  | { readonly type: 'report'; readonly event: CallEventBody };

export type Step = readonly [TurnState, readonly TurnEffect[]];

/** The timers each phase owns: leaving the phase stops them. `limit` and `digits` belong to the call. */
const TIMERS: Readonly<Record<Phase['phase'], readonly TimerName[]>> = {
  listening: ['idle'],
  hearing: ['wordless'],
  pausing: ['flush', 'guess', 'endpoint', 'words'],
  thinking: ['deadAir'],
  speaking: ['deadAir'],
  doubting: ['doubt'],
  leaving: ['leave'],
  voicemail: ['tone', 'leave'],
  ended: [],
};

/** Goes on to another phase (or the same with other facts), stopping the timers of the one it leaves. */
export function enter(from: TurnState, next: Phase, effects: readonly TurnEffect[] = []): Step {
  const state: TurnState = { ...next, book: from.book };
  if (from.phase === next.phase) return [state, effects];
  const stops: TurnEffect[] = TIMERS[from.phase].map((name) => ({ type: 'stopTimer', name }));
  return [state, [...stops, ...effects]];
}

/** Changes what outlives phases. */
export function noted(state: TurnState, change: Partial<Book>): TurnState {
  return { ...state, book: { ...state.book, ...change } };
}

export const startTimer = (name: TimerName, atMs: number): TurnEffect => ({ type: 'startTimer', name, atMs });
export const report = (event: CallEventBody): TurnEffect => ({ type: 'report', event });
