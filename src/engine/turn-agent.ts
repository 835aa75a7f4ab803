import { isBackchannel } from '#engine/backchannel';
import { claimsFloor } from '#engine/floor-words';
import { CHECK_MS, deadAirAtMs } from '#engine/silence';
import { freshWords, interrupt, toDoubting } from '#engine/turn-doubt';
import { failed, giveUp, toSpeaking, toThinking, yieldFloor } from '#engine/turn-moves';
import { RESUMED_MS } from '#engine/turn-policy';
import {
  noted,
  report,
  type Step,
  startTimer,
  type TurnEffect,
  type TurnInput,
  type TurnState,
} from '#engine/turn-state';

type In<P extends TurnState['phase']> = Extract<TurnState, { phase: P }>;
type Heard = Extract<TurnInput, { type: 'heard' }>;
type Voiced = Extract<TurnInput, { type: 'voiced' }>;

/** The agent's turn, nothing can be heard of it yet. */
export function whileThinking(state: In<'thinking'>, input: TurnInput, nowMs: number): Step {
  switch (input.type) {
    case 'agentStarted': {
      const { replyId, activity } = state;
      return toSpeaking(state, { replyId, activity, purpose: input.purpose }, nowMs);
    }
    case 'agentDrained':
      return state.replyId === null && !input.more ? yieldFloor(state, nowMs) : [state, []];
    case 'activity': {
      if (input.replyId !== state.replyId) return [state, []];
      const sinceMs = input.activity === 'model' ? nowMs : state.sinceMs;
      const next = { ...state, activity: input.activity, sinceMs };
      return [next, [startTimer('deadAir', deadAirAtMs(next, state.book))]];
    }
    case 'replyFinished':
      if (input.replyId !== state.replyId) return [state, []];
      return yieldFloor(noted(state, { failures: 0 }), nowMs);
    case 'sayFailed':
      if (state.replyId !== null) return [state, []];
      return giveUp(state, { stage: 'tts', why: input.why }, nowMs);
    case 'timer':
      return input.name === 'deadAir' ? breakSilence(state, nowMs) : [state, []];
    default:
      return overAgent(state, input, nowMs);
  }
}

/** The agent speaks. */
export function whileSpeaking(state: In<'speaking'>, input: TurnInput, nowMs: number): Step {
  switch (input.type) {
    case 'agentStarted':
      return [{ ...state, purpose: input.purpose }, []];
    case 'agentDrained': {
      const { replyId, activity } = state;
      if (replyId === null && !input.more) return yieldFloor(state, nowMs);
      return toThinking(state, { replyId, activity, sinceMs: nowMs });
    }
    case 'activity':
      return [input.replyId === state.replyId ? { ...state, activity: input.activity } : state, []];
    case 'replyFinished':
      if (input.replyId !== state.replyId) return [state, []];
      return [{ ...noted(state, { failures: 0 }), replyId: null } as TurnState, []];
    case 'timer':
      if (input.name !== 'deadAir') return [state, []];
      return [state, [{ type: 'checkVoice' }, startTimer('deadAir', nowMs + CHECK_MS)]];
    default:
      return overAgent(state, input, nowMs);
  }
}

/** What the caller does while it is the agent's turn, and what can fail in it. */
function overAgent(state: In<'thinking'> | In<'speaking'>, input: TurnInput, nowMs: number): Step {
  switch (input.type) {
    case 'voiced':
      return voicedOver(state, input);
    case 'pause':
      return input.voicedMs < RESUMED_MS ? [state, []] : [state, [flush(input.lastSpeechMs)]];
    case 'heard':
      return heardOver(state, input, nowMs);
    case 'replyFailed':
      if (input.replyId !== state.replyId) return [state, []];
      return failed(state, { stage: input.stage, why: input.why }, nowMs);
    default:
      return [state, []];
  }
}

function voicedOver(state: In<'thinking'> | In<'speaking'>, input: Voiced): Step {
  if (state.phase === 'speaking' && state.purpose === 'announcement') return [state, []];
  if (input.voicedMs < state.book.rules.bargeIn.holdAfterMs) return [state, []];
  return toDoubting(state, input);
}

/** Words over the agent that it was not held for: too short, or too faint for the voice detector. */
function heardOver(state: In<'thinking'> | In<'speaking'>, input: Heard, nowMs: number): Step {
  if (input.text === '') return [state, []];
  const isSpeaking = state.phase === 'speaking';
  if (isSpeaking && state.purpose === 'announcement') return [noted(state, { overheard: input }), []];
  const { rules, overheard } = state.book;
  const { language } = rules;
  const isOver = input.final && input.quietSinceMs !== null;
  const text = freshWords(input.text, overheard);
  if (text === '') return [state, []];
  if (isBackchannel(text, language))
    return [state, isOver && overheard === null ? [{ type: 'dropHeard' }] : []];
  if (isSpeaking && !claimsFloor(text, language, { confidence: input.confidence })) {
    return [isOver ? noted(state, { overheard: input }) : state, []];
  }
  if (!isSpeaking && !input.final) return [state, []];
  const fromMs = input.quietSinceMs ?? nowMs;
  return interrupt(state, { fromMs, input, lastSpeechMs: input.quietSinceMs }, nowMs);
}

/** Our turn, and silence for too long. */
function breakSilence(state: In<'thinking'>, nowMs: number): Step {
  const dueMs = deadAirAtMs(state, state.book);
  if (nowMs < dueMs) return [state, [startTimer('deadAir', dueMs)]];
  if (state.activity === 'tool') {
    const text = state.book.rules.phrases.filler;
    const next = { ...noted(state, { fillers: state.book.fillers + 1 }), sinceMs: nowMs } as In<'thinking'>;
    return [
      next,
      [
        report({ type: 'degraded', stage: 'tool', step: 'filler', why: 'a tool takes long' }),
        { type: 'say', purpose: 'filler', text },
        startTimer('deadAir', deadAirAtMs(next, next.book)),
      ],
    ];
  }
  if (state.replyId === null) return giveUp(state, { stage: 'tts', why: 'a phrase was not spoken' }, nowMs);
  return failed(state, { stage: 'llm', why: 'no answer in time' }, nowMs);
}

function flush(lastSpeechMs: number): TurnEffect {
  return { type: 'flush', lastSpeechMs };
}
