import { isBackchannel } from '#engine/backchannel';
import { claimsFloor } from '#engine/floor-words';
import { CHECK_MS } from '#engine/silence';
import { abortions, toHearing, toPausing, toThinking } from '#engine/turn-moves';
import { DOUBT_MS, RESUME_AFTER_MS, TAIL_MS, UNDECIDED_MS } from '#engine/turn-policy';
import {
  type Doubting,
  enter,
  noted,
  report,
  type Speaking,
  type Step,
  startTimer,
  type Thinking,
  type TurnEffect,
  type TurnInput,
  type TurnState,
} from '#engine/turn-state';

type In<P extends TurnState['phase']> = Extract<TurnState, { phase: P }>;
type Heard = Extract<TurnInput, { type: 'heard' }>;
type Voiced = Extract<TurnInput, { type: 'voiced' }>;

/** The agent is held: is it a listener's noise, or does the caller take the floor? */
export function whileDoubting(state: In<'doubting'>, input: TurnInput, nowMs: number): Step {
  switch (input.type) {
    case 'onset':
      return [{ ...state, lastSpeechMs: null }, [startTimer('doubt', nowMs + UNDECIDED_MS)]];
    case 'voiced':
      return voicedInDoubt(state, input, nowMs);
    case 'pause': {
      const { lastSpeechMs, voicedMs } = input;
      const effects: TurnEffect[] = [
        { type: 'flush', lastSpeechMs },
        startTimer('doubt', lastSpeechMs + DOUBT_MS),
      ];
      return [{ ...state, lastSpeechMs, voicedMs }, effects];
    }
    case 'heard':
      return heardInDoubt(state, input, nowMs);
    case 'timer':
      return input.name === 'doubt' ? resume(state, nowMs) : [state, []];
    case 'agentDrained':
      return drainedInDoubt(state, input.more, nowMs);
    case 'activity':
      if (input.replyId !== state.back.replyId) return [state, []];
      return [{ ...state, back: { ...state.back, activity: input.activity } }, []];
    case 'replyFinished':
      if (input.replyId !== state.back.replyId) return [state, []];
      return [{ ...state, back: { ...state.back, replyId: null } }, []];
    case 'replyFailed':
      if (input.replyId !== state.back.replyId) return [state, []];
      return failedInDoubt(state, nowMs);
    default:
      return [state, []];
  }
}

/** Holds the agent until it is known what the caller's voice is. */
export function toDoubting(state: In<'thinking'> | In<'speaking'>, input: Voiced): Step {
  const { book: _, ...back } = state;
  const { onsetMs, leftMs, asked, voicedMs } = input;
  const next: Doubting = {
    phase: 'doubting',
    back,
    onsetMs,
    leftMs,
    asked,
    voicedMs,
    lastSpeechMs: null,
    text: '',
  };
  const timer = startTimer('doubt', onsetMs + UNDECIDED_MS);
  return enter(state, next, [{ type: 'hold' }, report({ type: 'user.speaking' }), timer]);
}

function voicedInDoubt(state: In<'doubting'>, input: Voiced, nowMs: number): Step {
  const { bargeIn, language } = state.book.rules;
  const isNoise = state.text !== '' && isBackchannel(state.text, language);
  if (input.voicedMs < (isNoise ? bargeIn.surelyAfterMs : bargeIn.interruptAfterMs)) return [state, []];
  const heard: Heard = { type: 'heard', text: allWords(state), final: false, quietSinceMs: null };
  return interrupt(state, { fromMs: state.onsetMs, input: heard, lastSpeechMs: null }, nowMs);
}

function heardInDoubt(state: In<'doubting'>, input: Heard, nowMs: number): Step {
  const text = freshWords(input.text, state.book.overheard);
  const next = { ...state, text };
  const floor = { fromMs: state.onsetMs, input, lastSpeechMs: state.lastSpeechMs };
  const isOver = input.final && state.lastSpeechMs !== null;
  if (text !== '' && isInterruption(next, { isOver, confidence: input.confidence }))
    return interrupt(next, floor, nowMs);
  if (!isOver) return [next, []];
  const isKnown = text !== '' && isBackchannel(text, state.book.rules.language);
  const dueMs = state.lastSpeechMs! + (isKnown ? 0 : RESUME_AFTER_MS);
  return nowMs >= dueMs ? resume(next, nowMs) : [next, [startTimer('doubt', dueMs)]];
}

/**
 * What the words say about who has the floor. A recogniser makes words of a hum, so a short utterance needs a word
 * that claims the floor; while it lasts, no other will do.
 */
function isInterruption(
  state: Doubting & TurnState,
  { isOver, confidence }: { isOver: boolean; confidence: number | undefined },
): boolean {
  const { language, bargeIn } = state.book.rules;
  const { text, back, asked, leftMs, voicedMs } = state;
  const agentAsked = asked || leftMs < TAIL_MS;
  const isListening = isBackchannel(text, language, { agentAsked: back.phase === 'speaking' && agentAsked });
  if (isListening) return false;
  if (claimsFloor(text, language, { voicedMs: isOver ? voicedMs : undefined, confidence })) return true;
  return isOver && (back.phase === 'thinking' || agentAsked || voicedMs >= bargeIn.shortMs);
}

/**
 * The words that came after those overheard already: each noise over the agent is judged by itself, or many small ones
 * would add up to an interruption.
 */
export function freshWords(text: string, overheard: Heard | null): string {
  return overheard !== null && text.startsWith(overheard.text)
    ? text.slice(overheard.text.length).trim()
    : text;
}

/** Those overheard before, and those of this doubt. */
function allWords({ text, book }: In<'doubting'>): string {
  return [book.overheard?.text ?? '', text].filter((part) => part !== '').join(' ');
}

/** It was nothing: the agent goes on from the sample it was held at. What words there were are kept for later. */
function resume(state: In<'doubting'>, nowMs: number): Step {
  const { back, text, book } = state;
  const isNothing = text === '' || isBackchannel(text, book.rules.language);
  const effects: TurnEffect[] =
    isNothing && book.overheard === null ? [{ type: 'dropHeard' }, { type: 'resume' }] : [{ type: 'resume' }];
  if (back.phase === 'thinking')
    return toThinking(noted(state, { overheard: null }), { ...back, sinceMs: nowMs }, effects);
  const quietSinceMs = state.lastSpeechMs ?? nowMs;
  const overheard: Heard | null = isNothing
    ? book.overheard
    : { type: 'heard', text: allWords(state), final: true, quietSinceMs };
  const resumed = report({ type: 'agent.interrupted', resumed: true });
  const timer = startTimer('deadAir', nowMs + CHECK_MS);
  return enter(noted(state, { overheard }), back, [...effects, resumed, timer]);
}

/** The caller has the floor: the reply is stopped, and only what was played of it counts. */
export function interrupt(
  state: In<'thinking'> | In<'speaking'> | In<'doubting'>,
  floor: { fromMs: number; input: Heard; lastSpeechMs: number | null },
  nowMs: number,
): Step {
  const agent: Thinking | Speaking = state.phase === 'doubting' ? state.back : state;
  const effects: TurnEffect[] = [...abortions(state), { type: 'cut' }];
  if (state.phase === 'doubting') effects.push({ type: 'resume' });
  else effects.push(report({ type: 'user.speaking' }));
  if (agent.phase === 'speaking') effects.push(report({ type: 'agent.interrupted', resumed: false }));
  const { text, final } = floor.input;
  const facts = { fromMs: floor.fromMs, text, finalAtMs: final ? nowMs : null, guess: null };
  const from = noted(state, { overheard: null });
  if (floor.lastSpeechMs === null) return toHearing(from, facts, effects);
  return toPausing(from, { ...facts, lastSpeechMs: floor.lastSpeechMs }, { before: effects });
}

/** The agent had said its last just when it was held: what the caller says is a turn like any other. */
function drainedInDoubt(state: In<'doubting'>, more: boolean, nowMs: number): Step {
  const { replyId, activity } = state.back;
  if (replyId !== null || more) {
    return [{ ...state, back: { phase: 'thinking', replyId, activity, sinceMs: nowMs } }, []];
  }
  const facts = { fromMs: state.onsetMs, text: allWords(state), finalAtMs: null, guess: null };
  const effects: TurnEffect[] = [{ type: 'resume' }];
  if (state.lastSpeechMs === null) return toHearing(state, facts, effects);
  return toPausing(state, { ...facts, lastSpeechMs: state.lastSpeechMs }, { before: effects });
}

/** The reply broke down under the caller's words: they are the next turn, and nothing is asked twice. */
function failedInDoubt(state: In<'doubting'>, nowMs: number): Step {
  const counted = noted(state, { failures: state.book.failures + 1 });
  const heard: Heard = {
    type: 'heard',
    text: allWords(state),
    final: false,
    quietSinceMs: state.lastSpeechMs,
  };
  const floor = { fromMs: state.onsetMs, input: heard, lastSpeechMs: state.lastSpeechMs };
  return interrupt(counted as In<'doubting'>, floor, nowMs);
}
