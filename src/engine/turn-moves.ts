import type { HangupReason, Stage } from '#engine/events';
import { afterFailure, CHECK_MS, deadAirAtMs, lastWordsBy } from '#engine/silence';
import { endpointDelayMs, flushDelayMs, LEAVE_MS, WORDLESS_MS } from '#engine/turn-policy';
import {
  enter,
  type Guess,
  noted,
  type Pausing,
  report,
  type Speaking,
  type Step,
  startTimer,
  type Thinking,
  type TurnEffect,
  type TurnState,
} from '#engine/turn-state';

/** A silent caller is not asked before a noise has been over for this long. */
const AFTER_NOISE_MS = 500;

/* The moves from one phase to another, each with the effects it always has. */

/** The caller's turn. `noWords`: what was just heard was no speech, so the caller's silence goes on. */
export function toListening(state: TurnState, nowMs: number, options: { noWords?: boolean } = {}): Step {
  const { idleMs } = state.book.rules;
  const idleAtMs = options.noWords ? Math.max(state.book.idleAtMs, nowMs + AFTER_NOISE_MS) : nowMs + idleMs;
  const effects: TurnEffect[] = options.noWords ? [...abortions(state), { type: 'dropHeard' }] : [];
  return enter(noted(state, { idleAtMs }), { phase: 'listening' }, [
    ...effects,
    startTimer('idle', idleAtMs),
  ]);
}

/** The caller's turn after the agent's; words that were spoken over the agent without stopping it begin it. */
export function yieldFloor(state: TurnState, nowMs: number): Step {
  const words = state.book.overheard;
  if (words === null || words.text === '') return toListening(state, nowMs);
  const facts = { text: words.text, finalAtMs: words.final ? nowMs : null, guess: null };
  const fromMs = words.quietSinceMs ?? nowMs;
  if (words.quietSinceMs === null) return toHearing(state, { ...facts, fromMs }, []);
  return toPausing(state, { ...facts, fromMs, lastSpeechMs: nowMs });
}

export function toHearing(
  state: TurnState,
  facts: { fromMs: number; text?: string; finalAtMs?: number | null; guess?: Guess | null },
  before: readonly TurnEffect[],
): Step {
  const { fromMs, text = '', finalAtMs = null, guess = null } = facts;
  const timer = startTimer('wordless', fromMs + WORDLESS_MS);
  return enter(state, { phase: 'hearing', fromMs, text, finalAtMs, guess }, [...before, timer]);
}

/** The caller has stopped; until the words are judged they count as unfinished. */
export function toPausing(
  state: TurnState,
  facts: Omit<Pausing, 'phase' | 'endpointAtMs' | 'soundUntilMs' | 'probability' | 'toldOverAtMs'>,
  options: { before?: readonly TurnEffect[]; toldOverAtMs?: number } = {},
): Step {
  const { before = [], toldOverAtMs = null } = options;
  const { rules } = state.book;
  const endpointAtMs = facts.lastSpeechMs + endpointDelayMs(rules, 0);
  const effects: TurnEffect[] = [
    ...before,
    startTimer('flush', facts.lastSpeechMs + flushDelayMs(rules)),
    startTimer('endpoint', endpointAtMs),
  ];
  if (facts.text !== '') effects.push({ type: 'judge', text: facts.text });
  const unjudged = { endpointAtMs, soundUntilMs: 0, probability: null, toldOverAtMs };
  return enter(state, { phase: 'pausing', ...facts, ...unjudged }, effects);
}

export function toThinking(
  state: TurnState,
  facts: Pick<Thinking, 'replyId' | 'activity' | 'sinceMs'>,
  before: readonly TurnEffect[] = [],
): Step {
  const next: Thinking = { phase: 'thinking', ...facts };
  return enter(state, next, [...before, startTimer('deadAir', deadAirAtMs(next, state.book))]);
}

/** The agent can be heard. */
export function toSpeaking(
  state: TurnState,
  facts: Pick<Speaking, 'replyId' | 'activity' | 'purpose'>,
  nowMs: number,
): Step {
  const next: Speaking = { phase: 'speaking', ...facts };
  return enter(state, next, [startTimer('deadAir', nowMs + CHECK_MS)]);
}

/** Says a phrase and waits for it to be heard. */
export function toPhrase(state: TurnState, effects: readonly TurnEffect[], nowMs: number): Step {
  return toThinking(state, { replyId: null, activity: 'model', sinceMs: nowMs }, effects);
}

/** The caller's turn is over: its words go to the model, or the guess that was made of them comes true. */
export function takeTurn(
  state: TurnState,
  turn: { text: string; fromMs: number; toMs: number; decidedAtMs: number | null; guess: Guess | null },
  options: { nowMs: number; before?: readonly TurnEffect[] },
): Step {
  const { guess, ...words } = turn;
  const replyId = guess?.replyId ?? state.book.lastReplyId + 1;
  const answer: TurnEffect = guess
    ? { type: 'confirmReply', replyId }
    : { type: 'startReply', replyId, text: turn.text, guess: false };
  const book = {
    lastReplyId: Math.max(replyId, state.book.lastReplyId),
    idleAsks: 0,
    fillers: 0,
    overheard: null,
  };
  return toThinking(noted(state, book), { replyId, activity: 'model', sinceMs: options.nowMs }, [
    ...(options.before ?? []),
    { type: 'takeTurn', ...words },
    answer,
  ]);
}

/** Stops whatever reply is under way or guessed. */
export function abortions(state: TurnState): TurnEffect[] {
  const id = currentReply(state);
  return id === null ? [] : [{ type: 'abortReply', replyId: id }];
}

function currentReply(state: TurnState): number | null {
  switch (state.phase) {
    case 'hearing':
    case 'pausing':
      return state.guess?.replyId ?? null;
    case 'thinking':
    case 'speaking':
      return state.replyId;
    case 'doubting':
      return state.back.replyId;
    default:
      return null;
  }
}

/** Ends the call politely: the sentence that is being played, then the farewell. At once without a farewell. */
export function leave(
  state: TurnState,
  to: { why: HangupReason; farewell: string | null },
  nowMs: number,
): Step {
  if (to.farewell === null) return hangUp(state, to.why);
  const timer = startTimer('leave', nowMs + LEAVE_MS);
  const isSpeaking =
    state.phase === 'speaking' || (state.phase === 'doubting' && state.back.phase === 'speaking');
  if (isSpeaking) {
    const finish: TurnEffect[] = [{ type: 'finishSentence' }, ...abortions(state)];
    if (state.phase === 'doubting') finish.push({ type: 'resume' });
    return enter(state, { phase: 'leaving', step: 'finishing', ...to }, [...finish, timer]);
  }
  const held: TurnEffect[] = state.phase === 'doubting' ? [{ type: 'resume' }] : [];
  const before: TurnEffect[] = [...abortions(state), { type: 'cut' }, ...held];
  const goodbye: TurnEffect = { type: 'say', purpose: 'goodbye', text: to.farewell };
  return enter(state, { phase: 'leaving', step: 'farewell', ...to }, [...before, goodbye, timer]);
}

export function hangUp(state: TurnState, why: HangupReason): Step {
  return enter(state, { phase: 'ended', why }, [...abortions(state), { type: 'hangUp', why }]);
}

/** Nothing works any more: hand the caller on, or say so and hang up. */
export function giveUp(state: TurnState, fault: { stage: Stage; why: string }, nowMs: number): Step {
  const { transferOnFailureTo, phrases } = state.book.rules;
  const timer = startTimer('leave', nowMs + LEAVE_MS);
  const held: TurnEffect[] = state.phase === 'doubting' ? [{ type: 'cut' }, { type: 'resume' }] : [];
  const before = [...abortions(state), ...held];
  const leaving = { phase: 'leaving', why: 'failed', farewell: phrases.trouble } as const;
  if (transferOnFailureTo !== null) {
    const step = report({ type: 'degraded', ...fault, step: 'transfer' });
    const transfer: TurnEffect = { type: 'transfer', to: transferOnFailureTo };
    return enter(state, { ...leaving, step: 'transferring' }, [...before, step, transfer, timer]);
  }
  const steps = [report({ type: 'degraded', ...fault, step: fault.stage === 'tts' ? 'canned' : 'hangup' })];
  const purpose = lastWordsBy(fault.stage);
  const say: TurnEffect = { type: 'say', purpose, text: phrases.trouble };
  const step = purpose === 'canned' ? 'canned' : 'farewell';
  return enter(state, { ...leaving, step }, [...before, ...steps, say, timer]);
}

/** An answer failed: ask the caller again, or stop trying. */
export function failed(state: TurnState, fault: { stage: Stage; why: string }, nowMs: number): Step {
  const counted = noted(state, { failures: state.book.failures + 1 });
  if (afterFailure(state.book, fault.stage) === 'giveUp') return giveUp(counted, fault, nowMs);
  const effects: TurnEffect[] = [
    ...abortions(state),
    report({ type: 'degraded', ...fault, step: 'reprompt' }),
    { type: 'say', purpose: 'reprompt', text: state.book.rules.phrases.reprompt },
  ];
  if (state.phase === 'speaking') return enter(counted, { ...state, replyId: null }, effects);
  return toPhrase(counted, effects, nowMs);
}
