import type { CallEvent, CallEventBody } from '#engine/events';
import type { Clock } from '#kernel/clock';
import type { CallId, TurnId } from '#kernel/ids';

/** Numbers and dates the events of one call. After `close` nothing is written any more. */
export class CallLog {
  readonly #callId: CallId;
  readonly #clock: Clock;
  readonly #emit: (event: CallEvent) => void;
  readonly #startMs: number;
  #seq = 0;
  #isOpen = true;

  constructor(callId: CallId, clock: Clock, emit: (event: CallEvent) => void) {
    this.#callId = callId;
    this.#clock = clock;
    this.#emit = emit;
    this.#startMs = clock.nowMs();
  }

  /** Milliseconds since the call began. */
  get callMs(): number {
    return this.#clock.nowMs() - this.#startMs;
  }

  /** A moment of the clock in milliseconds since the call began. */
  callMsOf(clockMs: number): number {
    return Math.max(0, Math.round(clockMs - this.#startMs));
  }

  write(body: CallEventBody, turnId?: TurnId): void {
    if (!this.#isOpen) return;
    const turn = turnId === undefined ? {} : { turnId };
    this.#emit({ callId: this.#callId, seq: this.#seq++, atMs: Math.round(this.callMs), ...turn, ...body });
  }

  close(): void {
    this.#isOpen = false;
  }
}
