import type { CallPlan } from '#engine/call-plan';
import type { CallEvent, HangupReason, SayPurpose } from '#engine/events';
import type { CallControl, Transport, Voices } from '#engine/ports';
import type { Clock } from '#kernel/clock';
import type { TurnId } from '#kernel/ids';

/** What one call runs on. */
export interface CallDeps {
  line: Transport;
  voices: Voices;
  control: CallControl;
  clock: Clock;
  /** Synchronous and never throws. */
  emit(event: CallEvent): void;
}

/** What the agent is saying at a moment: `text` as far as the caller has heard it. Times as in the call's events. */
export interface Saying {
  readonly purpose: SayPurpose;
  readonly turnId?: TurnId;
  readonly text: string;
  readonly fromMs: number;
}

/** A live call, as the rest of the process sees it. */
export interface CallSession {
  /** Resolves once, after the `call.ended` event; never rejects. */
  readonly ended: Promise<HangupReason>;
  /** Ends the call: at once, or after the agent has said goodbye. Idempotent. */
  hangUp(why: HangupReason, farewell?: string): void;
  /** A typed message from the caller (a visitor without a microphone): a turn like a spoken one. */
  type(text: string): void;
  /** What the agent is saying now, which no event tells before it is over; null while it says nothing. */
  saying(): Saying | null;
}

export type StartCall = (plan: CallPlan, deps: CallDeps) => CallSession;
