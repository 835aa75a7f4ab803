import { hangUp } from '#engine/turn-moves';
import {
  enter,
  report,
  type Step,
  startTimer,
  type TurnEffect,
  type TurnInput,
  type TurnState,
} from '#engine/turn-state';

type InVoicemail = Extract<TurnState, { phase: 'voicemail' }>;

/** Silence after which a machine's greeting is over: within one, pauses are shorter. */
const GREETING_OVER_MS = 1_200;
/** A greeting that does not end by then is spoken over. */
const GREETING_MAX_MS = 30_000;
/** A message that takes longer has got stuck. */
const MESSAGE_MAX_MS = 180_000;

/** A machine has answered: its greeting is waited for, then the message is left, then the call ends. */
export function beginVoicemail(state: TurnState, nowMs: number): Step {
  const timers = [startTimer('tone', nowMs + GREETING_OVER_MS), startTimer('leave', nowMs + GREETING_MAX_MS)];
  return enter(state, { phase: 'voicemail', step: 'waiting' }, timers);
}

/** Nobody listens, so that nothing interrupts. */
export function whileVoicemail(state: InVoicemail, input: TurnInput, nowMs: number): Step {
  return state.step === 'waiting' ? whileWaiting(state, input, nowMs) : whileSpeaking(state, input);
}

/** The line has gone, or the call was ended, before the whole message was left. */
export function endVoicemail(state: InVoicemail, why: Parameters<typeof hangUp>[1]): Step {
  return over(state, { left: false, why: why === 'caller_hung_up' ? 'voicemail' : why });
}

function whileWaiting(state: InVoicemail, input: TurnInput, nowMs: number): Step {
  switch (input.type) {
    case 'onset':
    case 'voiced':
      return [state, [{ type: 'stopTimer', name: 'tone' }]];
    case 'pause':
      return [state, [startTimer('tone', Math.max(nowMs, input.lastSpeechMs + GREETING_OVER_MS))]];
    case 'timer':
      return input.name === 'tone' || input.name === 'leave' ? speak(state, nowMs) : [state, []];
    default:
      return [state, []];
  }
}

function speak(state: InVoicemail, nowMs: number): Step {
  const text = state.book.rules.voicemailMessage ?? '';
  return enter(state, { phase: 'voicemail', step: 'speaking' }, [
    { type: 'stopTimer', name: 'tone' },
    { type: 'say', purpose: 'opening', text },
    startTimer('leave', nowMs + MESSAGE_MAX_MS),
  ]);
}

function whileSpeaking(state: InVoicemail, input: TurnInput): Step {
  switch (input.type) {
    case 'agentDrained':
      return input.more ? [state, []] : over(state, { left: true, why: 'voicemail' });
    case 'sayFailed':
      return over(state, { left: false, why: 'failed' });
    case 'timer':
      return input.name === 'leave' ? over(state, { left: false, why: 'voicemail' }) : [state, []];
    default:
      return [state, []];
  }
}

function over(state: InVoicemail, { left, why }: { left: boolean; why: Parameters<typeof hangUp>[1] }): Step {
  const told: TurnEffect = report({ type: 'voicemail', left });
  const [next, effects] = hangUp(state, why);
  return [next, [told, ...effects]];
}
