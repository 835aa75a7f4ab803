import type { CallSession } from '#engine/call-session';
import type { CallEvent } from '#engine/events';
import type { CallControl, Transport } from '#engine/ports';
import type { Cancel } from '#kernel/clock';
import type { CallId } from '#kernel/ids';

/** A call that runs in this process. */
export interface LiveCall {
  readonly callId: CallId;
  readonly assistantName: string;
  readonly session: CallSession;
  /** Calls `on` for every event from now on, synchronously; interim transcripts included. */
  watch(on: (event: CallEvent) => void): Cancel;
}

/** What a gateway knows of a line beyond its media. */
export interface LineFacts {
  control: CallControl;
  /** The carrier's own id of the call, where the gateway learns it only now. */
  carrierRef: string | null;
}

/** Where a media gateway hands over a line. */
export interface Launcher {
  /**
   * Redeems a single-use stream token and starts its call on `line`.
   * Throws DomainError: `unauthenticated` (unknown, used or expired token), `quota` (the tenant's limit of calls),
   * `unavailable` (speech capacity is full, or the server is draining), `precondition` (the assistant is paused).
   */
  start(token: string, line: Transport, facts: LineFacts): Promise<LiveCall>;
}
