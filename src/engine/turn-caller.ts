import { leave, takeTurn, toHearing, toListening, toPausing, toPhrase, toSpeaking } from '#engine/turn-moves';
import {
  endpointDelayMs,
  flushDelayMs,
  GUESS_FROM,
  LATE_GUESS_MS,
  LATE_WORDS_MS,
  RESUMED_MS,
  SOUND_MS,
  soundsUnfinished,
  UNCHANGED_MS,
} from '#engine/turn-policy';
import {
  type Hearing,
  noted,
  type Pausing,
  report,
  type Step,
  startTimer,
  type TurnEffect,
  type TurnInput,
  type TurnState,
} from '#engine/turn-state';

type In<P extends TurnState['phase']> = Extract<TurnState, { phase: P }>;
type Heard = Extract<TurnInput, { type: 'heard' }>;

/** The caller's turn, nobody speaks. */
export function whileListening(state: In<'listening'>, input: TurnInput, nowMs: number): Step {
  switch (input.type) {
    case 'onset':
      return toHearing(state, { fromMs: input.atMs }, [report({ type: 'user.speaking' })]);
    case 'voiced':
      return toHearing(state, { fromMs: input.onsetMs }, [report({ type: 'user.speaking' })]);
    case 'heard':
      return heardInSilence(state, input, nowMs);
    case 'agentStarted':
      return toSpeaking(state, { replyId: null, activity: 'model', purpose: input.purpose }, nowMs);
    case 'timer':
      return input.name === 'idle' ? askIdle(state, nowMs) : [state, []];
    default:
      return [state, []];
  }
}

/** Words without an onset: the speech was too faint for the voice detector. */
function heardInSilence(state: In<'listening'>, input: Heard, nowMs: number): Step {
  if (input.text === '') return [state, []];
  const speaking = report({ type: 'user.speaking' });
  const facts = { text: input.text, finalAtMs: input.final ? nowMs : null, guess: null };
  if (input.quietSinceMs === null) return toHearing(state, { ...facts, fromMs: nowMs }, [speaking]);
  const lastSpeechMs = Math.max(input.quietSinceMs, nowMs - flushDelayMs(state.book.rules));
  return toPausing(state, { ...facts, fromMs: lastSpeechMs, lastSpeechMs }, { before: [speaking] });
}

function askIdle(state: In<'listening'>, nowMs: number): Step {
  const { idleAsks, rules } = state.book;
  const text = rules.phrases.idle[idleAsks];
  if (text === undefined) return leave(state, { why: 'idle', farewell: rules.phrases.idleGoodbye }, nowMs);
  const asked = noted(state, { idleAsks: idleAsks + 1 });
  return toPhrase(asked, [{ type: 'say', purpose: 'idle', text }], nowMs);
}

/** The caller speaks. */
export function whileHearing(state: In<'hearing'>, input: TurnInput, nowMs: number): Step {
  switch (input.type) {
    case 'voiced':
      if (input.isAgain || input.voicedMs < RESUMED_MS || state.guess === null) return [state, []];
      return [{ ...state, guess: null }, [{ type: 'abortReply', replyId: state.guess.replyId }]];
    case 'heard': {
      const [next, effects] = withWords(state, input, nowMs);
      if (input.text === state.text) return [next, effects];
      return [next, [...effects, startTimer('wordless', nowMs + UNCHANGED_MS)]];
    }
    case 'pause': {
      const { fromMs, text, finalAtMs, guess } = state;
      return toPausing(state, { fromMs, text, finalAtMs, guess, lastSpeechMs: input.lastSpeechMs });
    }
    case 'endOfTurn': {
      const { fromMs, text, finalAtMs, guess } = state;
      if (text === '') return [state, []];
      const facts = { fromMs, text, finalAtMs: finalAtMs ?? nowMs, guess, lastSpeechMs: nowMs };
      return toPausing(state, facts, { toldOverAtMs: nowMs });
    }
    case 'timer':
      return input.name === 'wordless' ? asIfPaused(state, nowMs) : [state, []];
    case 'replyFailed':
    case 'replyFinished':
      return withoutGuess(state, input.replyId);
    default:
      return [state, []];
  }
}

/** Sound that brings no new words for so long is not the caller's speech: it is asked for what words there are. */
function asIfPaused(state: In<'hearing'>, nowMs: number): Step {
  const { fromMs, text, finalAtMs, guess } = state;
  const final = text === '' || finalAtMs === null ? null : nowMs;
  return toPausing(state, { fromMs, text, finalAtMs: final, guess, lastSpeechMs: nowMs });
}

/** The caller has stopped, perhaps only for a moment. */
export function whilePausing(state: In<'pausing'>, input: TurnInput, nowMs: number): Step {
  switch (input.type) {
    case 'onset': {
      const { fromMs, text, finalAtMs, guess } = state;
      return toHearing(state, { fromMs, text, finalAtMs, guess }, []);
    }
    case 'sound':
      return soundWhilePausing(state, input.atMs);
    case 'pause': {
      const { fromMs, text, finalAtMs, guess } = state;
      return toPausing(state, { fromMs, text, finalAtMs, guess, lastSpeechMs: input.lastSpeechMs });
    }
    case 'heard':
      return heardWhilePausing(state, input, nowMs);
    case 'judged':
      return judged(state, input, nowMs);
    case 'endOfTurn':
      return toldOver({ ...state, toldOverAtMs: nowMs }, nowMs);
    case 'timer':
      return pausingTimer(state, input.name, nowMs);
    case 'replyFailed':
    case 'replyFinished':
      return withoutGuess(state, input.replyId);
    default:
      return [state, []];
  }
}

/** Whoever goes on just before the turn is over is let go on: the voice detector needs a moment to notice. */
function soundWhilePausing(state: In<'pausing'>, atMs: number): Step {
  const { endpointAtMs } = state;
  const soundUntilMs = atMs + SOUND_MS;
  if (atMs >= endpointAtMs) return [state, []];
  return [
    { ...state, soundUntilMs },
    soundUntilMs > endpointAtMs ? [startTimer('endpoint', soundUntilMs)] : [],
  ];
}

function heardWhilePausing(before: In<'pausing'>, input: Heard, nowMs: number): Step {
  if (input.text === '' && input.final) return toListening(before, nowMs, { noWords: true });
  const isNew = input.text !== before.text;
  const state = isNew ? { ...before, probability: null, toldOverAtMs: null } : before;
  const [next, effects] = withWords(state, input, nowMs);
  return [next, input.text === '' ? effects : [...effects, { type: 'judge', text: input.text }]];
}

/** Takes in new words; a guess that was made of other words is thrown away. */
function withWords<S extends (Hearing | Pausing) & TurnState>(
  state: S,
  input: Heard,
  nowMs: number,
): readonly [S, readonly TurnEffect[]] {
  const isStale = state.guess !== null && !sameWords(state.guess.text, input.text);
  const next = {
    ...state,
    text: input.text,
    finalAtMs: input.final ? nowMs : null,
    guess: isStale ? null : state.guess,
  };
  return [next, isStale ? [{ type: 'abortReply', replyId: state.guess!.replyId }] : []];
}

function judged(state: In<'pausing'>, input: Extract<TurnInput, { type: 'judged' }>, nowMs: number): Step {
  if (input.text !== state.text) return [state, []];
  const { rules } = state.book;
  const endpointAtMs = state.lastSpeechMs + endpointDelayMs(rules, input.probability);
  const next = { ...state, endpointAtMs, probability: input.probability };
  if (next.toldOverAtMs !== null && !soundsUnfinished(input.probability)) return toldOver(next, nowMs);
  const overAtMs = Math.max(endpointAtMs, state.soundUntilMs);
  if (overAtMs <= nowMs && isSettled(next)) {
    return taken(next, { toMs: state.lastSpeechMs, decidedAtMs: overAtMs }, nowMs);
  }
  const timers: TurnEffect[] = [startTimer('endpoint', overAtMs)];
  if (state.guess !== null || state.finalAtMs === null) return [next, timers];
  const guessAtMs =
    input.probability >= GUESS_FROM ? state.lastSpeechMs + flushDelayMs(rules) : endpointAtMs - LATE_GUESS_MS;
  if (guessAtMs > nowMs) return [next, [...timers, startTimer('guess', guessAtMs)]];
  return guess(next, timers);
}

/** The recogniser hears more than we do: its word ends a turn, unless the words themselves plainly go on. */
function toldOver(state: In<'pausing'>, nowMs: number): Step {
  const { text, probability, lastSpeechMs, toldOverAtMs } = state;
  if (text === '' || probability === null || soundsUnfinished(probability)) return [state, []];
  return taken(state, { toMs: lastSpeechMs, decidedAtMs: toldOverAtMs ?? nowMs }, nowMs);
}

function guess(state: In<'pausing'>, before: readonly TurnEffect[] = []): Step {
  if (state.guess !== null || state.finalAtMs === null || state.text === '') return [state, before];
  const replyId = state.book.lastReplyId + 1;
  const next = { ...noted(state, { lastReplyId: replyId }), guess: { replyId, text: state.text } };
  const start: TurnEffect = { type: 'startReply', replyId, text: state.text, guess: true };
  return [next as TurnState, [...before, start]];
}

function pausingTimer(
  state: In<'pausing'>,
  name: Extract<TurnInput, { type: 'timer' }>['name'],
  nowMs: number,
): Step {
  const decidedAtMs = Math.max(state.endpointAtMs, state.soundUntilMs);
  const over = { toMs: state.lastSpeechMs, decidedAtMs };
  switch (name) {
    case 'flush':
      return [state, [{ type: 'flush', lastSpeechMs: state.lastSpeechMs }]];
    case 'guess':
      return guess(state);
    case 'endpoint': {
      if (isSettled(state)) return taken(state, over, nowMs);
      const waitMs = state.text === '' ? LATE_WORDS_MS.none : LATE_WORDS_MS.some;
      return [state, [startTimer('words', nowMs + waitMs)]];
    }
    case 'words':
      return state.text === '' ? toListening(state, nowMs, { noWords: true }) : taken(state, over, nowMs);
    default:
      return [state, []];
  }
}

/** Final words that arrived after the speech they are of. */
function isSettled(state: Pausing): boolean {
  return state.text !== '' && state.finalAtMs !== null && state.finalAtMs >= state.lastSpeechMs;
}

function taken(
  state: In<'hearing'> | In<'pausing'>,
  over: { toMs: number; decidedAtMs: number },
  nowMs: number,
): Step {
  const { text, fromMs, guess: made } = state;
  const holds = made !== null && sameWords(made.text, text) ? made : null;
  const before: TurnEffect[] =
    made !== null && holds === null ? [{ type: 'abortReply', replyId: made.replyId }] : [];
  return takeTurn(state, { text, fromMs, ...over, guess: holds }, { nowMs, before });
}

function withoutGuess(state: In<'hearing'> | In<'pausing'>, replyId: number): Step {
  if (state.guess?.replyId !== replyId) return [state, []];
  return [{ ...state, guess: null }, [{ type: 'abortReply', replyId }]];
}

/** Equal but for case, punctuation and spacing, which recognisers change their minds about. */
function sameWords(a: string, b: string): boolean {
  return a === b || bare(a) === bare(b);
}

function bare(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}
