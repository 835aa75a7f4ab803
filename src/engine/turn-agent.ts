import { isBackchannel } from '#engine/backchannel';
import { CHECK_MS, deadAirAtMs } from '#engine/silence';
import {
  abortions,
  failed,
  giveUp,
  toHearing,
  toListening,
  toPausing,
  toSpeaking,
  toThinking,
} from '#engine/turn-moves';
import { DOUBT_MS, RESUMED_MS, TAIL_MS, UNDECIDED_MS } from '#engine/turn-policy';
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

/** The agent's turn, nothing can be heard of it yet. */
export function whileThinking(state: In<'thinking'>, input: TurnInput, nowMs: number): Step {
  switch (input.type) {
    case 'agentStarted': {
      const { replyId, activity } = state;
      return toSpeaking(state, { replyId, activity, purpose: input.purpose }, nowMs);
    }
    case 'agentDrained':
      return state.replyId === null && !input.more ? toListening(state, nowMs) : [state, []];
    case 'activity': {
      if (input.replyId !== state.replyId) return [state, []];
      const sinceMs = input.activity === 'model' ? nowMs : state.sinceMs;
      const next = { ...state, activity: input.activity, sinceMs };
      return [next, [startTimer('deadAir', deadAirAtMs(next, state.book))]];
    }
    case 'replyFinished':
      if (input.replyId !== state.replyId) return [state, []];
      return toListening(noted(state, { failures: 0 }), nowMs);
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
      if (replyId === null && !input.more) return afterSpeaking(state, nowMs);
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

/** The caller's turn again; words spoken over an announcement are its beginning. */
function afterSpeaking(state: In<'speaking'>, nowMs: number): Step {
  const words = state.overheard;
  if (words === null || words.text === '') return toListening(state, nowMs);
  const facts = { text: words.text, finalAtMs: words.final ? nowMs : null, guess: null };
  const fromMs = words.quietSinceMs ?? nowMs;
  if (words.quietSinceMs === null) return toHearing(state, { ...facts, fromMs }, []);
  return toPausing(state, { ...facts, fromMs, lastSpeechMs: fromMs });
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
  const { book, ...back } = state;
  const { onsetMs, leftMs } = input;
  const doubting: Doubting = { phase: 'doubting', back, onsetMs, leftMs, lastSpeechMs: null, text: '' };
  const dueMs = onsetMs + UNDECIDED_MS;
  return enter(state, doubting, [
    { type: 'hold' },
    report({ type: 'user.speaking' }),
    startTimer('doubt', dueMs),
  ]);
}

/** Words over the agent, before or after it was held for them. */
function heardOver(state: In<'thinking'> | In<'speaking'>, input: Heard, nowMs: number): Step {
  if (input.text === '') return [state, []];
  if (state.phase === 'speaking' && state.purpose === 'announcement') {
    return [{ ...state, overheard: input }, []];
  }
  if (isBackchannel(input.text, state.book.rules.language)) {
    const isOver = input.final && input.quietSinceMs !== null;
    return [state, isOver ? [{ type: 'dropHeard' }] : []];
  }
  if (!takesTheFloor(state, input)) return [state, []];
  const fromMs = input.quietSinceMs ?? nowMs;
  return interrupt(state, { fromMs, input, lastSpeechMs: input.quietSinceMs }, nowMs);
}

function takesTheFloor(state: TurnState, input: Heard): boolean {
  return input.final || input.text.trim().split(/\s+/).length >= state.book.rules.bargeIn.words;
}

/** The agent is held: is it a listener's noise, or does the caller take the floor? */
export function whileDoubting(state: In<'doubting'>, input: TurnInput, nowMs: number): Step {
  switch (input.type) {
    case 'onset':
      return [{ ...state, lastSpeechMs: null }, [startTimer('doubt', nowMs + UNDECIDED_MS)]];
    case 'voiced':
      return voicedInDoubt(state, input, nowMs);
    case 'pause': {
      const lastSpeechMs = input.lastSpeechMs;
      return [
        { ...state, lastSpeechMs },
        [flush(lastSpeechMs), startTimer('doubt', lastSpeechMs + DOUBT_MS)],
      ];
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

function voicedInDoubt(state: In<'doubting'>, input: Voiced, nowMs: number): Step {
  const { bargeIn, language } = state.book.rules;
  const isNoise = state.text !== '' && isBackchannel(state.text, language);
  if (input.voicedMs < (isNoise ? bargeIn.surelyAfterMs : bargeIn.interruptAfterMs)) return [state, []];
  const heard: Heard = { type: 'heard', text: state.text, final: false, quietSinceMs: null };
  return interrupt(state, { fromMs: state.onsetMs, input: heard, lastSpeechMs: null }, nowMs);
}

function heardInDoubt(state: In<'doubting'>, input: Heard, nowMs: number): Step {
  const next = { ...state, text: input.text };
  const isOver = input.final && state.lastSpeechMs !== null;
  if (input.text === '') return isOver ? resume(next, nowMs) : [next, []];
  const floor = { fromMs: state.onsetMs, input, lastSpeechMs: state.lastSpeechMs };
  if (!isBackchannel(input.text, state.book.rules.language)) {
    return takesTheFloor(state, input) ? interrupt(next, floor, nowMs) : [next, []];
  }
  if (!isOver) return [next, []];
  const isAnswer = state.back.phase === 'speaking' && state.leftMs < TAIL_MS;
  return isAnswer ? interrupt(next, floor, nowMs) : resume(next, nowMs);
}

/** It was nothing: the agent goes on from the sample it was held at. */
function resume(state: In<'doubting'>, nowMs: number): Step {
  const { back } = state;
  const effects: TurnEffect[] = [{ type: 'dropHeard' }, { type: 'resume' }];
  if (back.phase === 'speaking') {
    const resumed = report({ type: 'agent.interrupted', resumed: true });
    return enter(state, back, [...effects, resumed, startTimer('deadAir', nowMs + CHECK_MS)]);
  }
  return toThinking(state, { ...back, sinceMs: nowMs }, effects);
}

/** The caller has the floor: the reply is stopped, and only what was played of it counts. */
function interrupt(
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
  if (floor.lastSpeechMs === null) return toHearing(state, facts, effects);
  return toPausing(state, { ...facts, lastSpeechMs: floor.lastSpeechMs }, effects);
}

/** The agent had said its last just when it was held: what the caller says is a turn like any other. */
function drainedInDoubt(state: In<'doubting'>, more: boolean, nowMs: number): Step {
  const { replyId, activity } = state.back;
  if (replyId !== null || more) {
    return [{ ...state, back: { phase: 'thinking', replyId, activity, sinceMs: nowMs } }, []];
  }
  const facts = { fromMs: state.onsetMs, text: state.text, finalAtMs: null, guess: null };
  const effects: TurnEffect[] = [{ type: 'resume' }];
  if (state.lastSpeechMs === null) return toHearing(state, facts, effects);
  return toPausing(state, { ...facts, lastSpeechMs: state.lastSpeechMs }, effects);
}

/** The reply broke down under the caller's words: they are the next turn, and nothing is asked twice. */
function failedInDoubt(state: In<'doubting'>, nowMs: number): Step {
  const counted = noted(state, { failures: state.book.failures + 1 });
  const heard: Heard = { type: 'heard', text: state.text, final: false, quietSinceMs: state.lastSpeechMs };
  const floor = { fromMs: state.onsetMs, input: heard, lastSpeechMs: state.lastSpeechMs };
  return interrupt(counted as In<'doubting'>, floor, nowMs);
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
