import { whileSpeaking, whileThinking } from '#engine/turn-agent';
import { whileHearing, whileListening, whilePausing } from '#engine/turn-caller';
import { whileDoubting } from '#engine/turn-doubt';
import {
  abortions,
  giveUp,
  hangUp,
  leave,
  takeTurn,
  toListening,
  toPhrase,
  toThinking,
} from '#engine/turn-moves';
import { DIGITS_MS, type TurnRules } from '#engine/turn-policy';
import {
  enter,
  noted,
  report,
  type Step,
  startTimer,
  type TurnEffect,
  type TurnInput,
  type TurnState,
} from '#engine/turn-state';
import { beginVoicemail, endVoicemail, whileVoicemail } from '#engine/turn-voicemail';

type In<P extends TurnState['phase']> = Extract<TurnState, { phase: P }>;

/**
 * The conversation's one machine: what happened in, what to do out. Pure: the same inputs at the same times give the
 * same effects. After `ended` nothing has an effect any more.
 */
export function stepTurn(state: TurnState, input: TurnInput, nowMs: number): Step {
  switch (input.type) {
    case 'begin':
      return state.phase === 'listening' ? open(state, nowMs) : [state, []];
    case 'lineGone':
      if (state.phase === 'voicemail') return endVoicemail(state, input.why);
      return state.phase === 'ended' ? [state, []] : hangUp(state, input.why);
    case 'leave':
      return isOver(state) && input.farewell !== null ? [state, []] : leaveNow(state, input, nowMs);
    case 'typed':
      return isOver(state) ? [state, []] : typed(state, input.text, nowMs);
    case 'digit':
      return isOver(state) ? [state, []] : pressed(state, input.digit, nowMs);
    case 'deaf':
      return isOver(state) ? [state, []] : giveUp(state, { stage: 'stt', why: input.why }, nowMs);
    case 'timer':
      if (input.name === 'limit' && state.phase === 'voicemail') return endVoicemail(state, 'max_duration');
      if (input.name === 'limit' && !isOver(state)) return timeIsUp(state, nowMs);
      if (input.name === 'digits' && !isOver(state)) return digitsDone(state, nowMs);
      return inPhase(state, input, nowMs);
    default:
      return inPhase(state, input, nowMs);
  }
}

/** A call before it begins. */
export function newTurnState(rules: TurnRules): TurnState {
  const book = {
    rules,
    lastReplyId: 0,
    idleAsks: 0,
    idleAtMs: 0,
    fillers: 0,
    failures: 0,
    overheard: null,
    digits: '',
  };
  return { phase: 'listening', book };
}

function inPhase(state: TurnState, input: TurnInput, nowMs: number): Step {
  switch (state.phase) {
    case 'listening':
      return whileListening(state, input, nowMs);
    case 'hearing':
      return whileHearing(state, input, nowMs);
    case 'pausing':
      return whilePausing(state, input, nowMs);
    case 'thinking':
      return whileThinking(state, input, nowMs);
    case 'speaking':
      return whileSpeaking(state, input, nowMs);
    case 'doubting':
      return whileDoubting(state, input, nowMs);
    case 'leaving':
      return whileLeaving(state, input);
    case 'voicemail':
      return whileVoicemail(state, input, nowMs);
    case 'ended':
      return [state, []];
  }
}

function isOver(state: TurnState): boolean {
  return state.phase === 'leaving' || state.phase === 'voicemail' || state.phase === 'ended';
}

function open(state: TurnState, nowMs: number): Step {
  const { announcement, opening, maxCallDurationMs, voicemailMessage } = state.book.rules;
  const effects: TurnEffect[] = [startTimer('limit', nowMs + maxCallDurationMs)];
  if (voicemailMessage !== null) {
    const [next, more] = beginVoicemail(state, nowMs);
    return [next, [...effects, ...more]];
  }
  if (announcement) effects.push({ type: 'say', purpose: 'announcement', text: announcement });
  if (opening.mode === 'model') {
    const replyId = state.book.lastReplyId + 1;
    effects.push({ type: 'startReply', replyId, text: null, guess: false });
    const begun = noted(state, { lastReplyId: replyId });
    return toThinking(begun, { replyId, activity: 'model', sinceMs: nowMs }, effects);
  }
  const says = opening.mode === 'assistant' && opening.text.trim() !== '';
  if (says) effects.push({ type: 'say', purpose: 'opening', text: opening.text });
  if (says || announcement) return toPhrase(state, effects, nowMs);
  const [next, more] = toListening(state, nowMs);
  return [next, [...effects, ...more]];
}

function leaveNow(state: TurnState, input: Extract<TurnInput, { type: 'leave' }>, nowMs: number): Step {
  if (state.phase === 'voicemail') return endVoicemail(state, input.why);
  return state.phase === 'ended' ? [state, []] : leave(state, input, nowMs);
}

function timeIsUp(state: TurnState, nowMs: number): Step {
  return leave(state, { why: 'max_duration', farewell: state.book.rules.phrases.timeLimit }, nowMs);
}

/** A typed message is a turn of its own, after whatever had been said before it. */
function typed(state: TurnState, text: string, nowMs: number): Step {
  const said = state.phase === 'pausing' || state.phase === 'doubting' ? state.text : '';
  const words = [said, text.trim()].filter((part) => part !== '').join(' ');
  if (words === '') return [state, []];
  const turn = { text: words, fromMs: nowMs, toMs: nowMs, decidedAtMs: null, guess: null };
  return takeTurn(state, turn, { nowMs, before: takeFloor(state) });
}

/** Stops the agent for a turn that was not spoken. An announcement is played to its end all the same. */
function takeFloor(state: TurnState): TurnEffect[] {
  const effects = abortions(state);
  const agent = state.phase === 'doubting' ? state.back : state;
  if (agent.phase !== 'speaking' && agent.phase !== 'thinking') return effects;
  if (agent.phase === 'speaking' && agent.purpose === 'announcement') return effects;
  effects.push({ type: 'cut' });
  if (state.phase === 'doubting') effects.push({ type: 'resume' });
  if (agent.phase === 'speaking') effects.push(report({ type: 'agent.interrupted', resumed: false }));
  return effects;
}

function pressed(state: TurnState, digit: string, nowMs: number): Step {
  const digits = state.book.digits + digit;
  return [noted(state, { digits }), [startTimer('digits', nowMs + DIGITS_MS)]];
}

function digitsDone(state: TurnState, nowMs: number): Step {
  const { digits } = state.book;
  return digits === '' ? [state, []] : typed(noted(state, { digits: '' }), `[DTMF ${digits}]`, nowMs);
}

function whileLeaving(state: In<'leaving'>, input: TurnInput): Step {
  switch (input.type) {
    case 'agentDrained':
      if (state.step === 'transferring' || input.more) return [state, []];
      return state.step === 'finishing' ? sayFarewell(state) : hangUp(state, state.why);
    case 'sayFailed':
      return state.step === 'transferring' ? [state, []] : hangUp(state, state.why);
    case 'transferFailed':
      return state.step === 'transferring' ? sayFarewell(state) : [state, []];
    case 'timer':
      return input.name === 'leave' ? hangUp(state, state.why) : [state, []];
    default:
      return [state, []];
  }
}

function sayFarewell(state: In<'leaving'>): Step {
  if (state.farewell === null) return hangUp(state, state.why);
  const goodbye: TurnEffect = { type: 'say', purpose: 'goodbye', text: state.farewell };
  return enter(state, { ...state, step: 'farewell' }, [goodbye]);
}
