import type { CallEvent, HangupReason } from '#engine/events';

/** What the runtime counts. Called once a turn or rarer, never per frame. */
export interface Meters {
  callStarted(): void;
  callEnded(reason: HangupReason, durationMs: number): void;
  callRefused(why: string): void;
  event(event: CallEvent): void;
}
