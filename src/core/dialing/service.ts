import type { Callbacks } from '#core/callbacks/callbacks';
import type { DialStatus, MachineDetection } from '#core/dialing/dial';
import type { VoiceAnswer } from '#core/dialing/reception';
import type { CarrierAccount, SignedRequest } from '#core/ports';
import type { CallId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import type { Scope } from '#kernel/scope';

/** A call that a tenant wants made. */
export interface OutboundOrder {
  /** E.164. */
  readonly to: string;
  /** A number of the tenant's. */
  readonly from: string;
  readonly callbacks: Callbacks;
  readonly metadata: JsonObject;
  /** The tenant's own account at the carrier; null is the platform's. */
  readonly account: CarrierAccount | null;
  readonly machineDetection: MachineDetection | null;
  /** How long it rings: 5 to 120 s. */
  readonly timeoutSec: number;
  /** Who speaks, where neither the number nor the backend decides. */
  readonly assistantId?: string;
  readonly variables?: Readonly<Record<string, string>>;
}

/** An order that the carrier has taken. */
export interface PlacedCall {
  readonly callId: CallId;
  /** The carrier's own id of the call. */
  readonly callSid: string;
  readonly status: DialStatus;
}

/** Calls that go out. */
export interface Dialing {
  /**
   * Stores the call, then has the carrier dial it: once, whatever happens. Throws `payment_required` and `forbidden`
   * (tenant not active, `from` is not theirs), `invalid` (with `field`), `quota` (calls at once, minutes), `upstream`
   * (the carrier refused; the call is stored as failed and its backend told).
   */
  call(scope: Scope, order: OutboundOrder): Promise<PlacedCall>;
  /** Ends a call that rings or runs, wherever it runs. One that has ended is left alone. Throws `not_found`, `upstream`. */
  hangUp(scope: Scope, callId: string): Promise<void>;
  /**
   * What the carrier is to do now that someone, or a machine, has answered. `token` is the one in the address.
   * Throws `not_found` (unknown token), `forbidden` (signature).
   */
  answer(token: string, request: SignedRequest, line: { hasRoom: boolean }): Promise<VoiceAnswer>;
  /** Takes in the carrier's report of how far the call has got. Throws `not_found`, `forbidden`. */
  report(token: string, request: SignedRequest): Promise<void>;
  /** Ends calls that the carrier never told the end of, and those whose media never opened; how many. */
  sweep(): Promise<number>;
}
