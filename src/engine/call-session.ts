import type { CallPlan } from '#engine/call-plan';
import type { CallEvent, HangupReason } from '#engine/events';
import type { CallControl, Transport, Voices } from '#engine/ports';
import type { Clock } from '#kernel/clock';

/** What one call runs on. */
export interface CallDeps {
  line: Transport;
  voices: Voices;
  control: CallControl;
  clock: Clock;
  /** Synchronous and never throws. */
  emit(event: CallEvent): void;
}

/** A live call, as the rest of the process sees it. */
export interface CallSession {
  /** Resolves once, after the `call.ended` event; never rejects. */
  readonly ended: Promise<HangupReason>;
  /** Ends the call: at once, or after the agent has said goodbye. Idempotent. */
  hangUp(why: HangupReason, farewell?: string): void;
  /** A typed message from the caller (a visitor without a microphone): a turn like a spoken one. */
  type(text: string): void;
}

export type StartCall = (plan: CallPlan, deps: CallDeps) => CallSession;
