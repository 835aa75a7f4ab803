import type { CallDirection, CallType } from '#core/calls/call';
import type { CallOrder } from '#core/calls/order';
import type { AssistantId, CallId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';

export interface AdmissionRequest {
  readonly type: CallType;
  readonly direction: CallDirection;
  /** The caller's number, or what stands for it (`web`). */
  readonly from: string;
  readonly to: string;
  readonly carrierRef: string | null;
  /** Asked for by the webhook's query or the visitor's page; used where no number mapping decides. */
  readonly assistantId?: string;
  readonly variables?: Readonly<Record<string, string>>;
}

export interface Admitted {
  readonly callId: CallId;
  /** Opens one media socket, once, within 60 s. */
  readonly token: string;
  readonly assistantId: AssistantId;
  readonly expiresAt: Date;
}

/** Who may have a call, and who answers it. */
export interface Admission {
  /**
   * The assistant mapped to `to`, else the one asked for, else the tenant's newest active one, else its default.
   * Throws `forbidden` or `payment_required` (tenant not active), `quota` (calls at once, minutes of the month),
   * `not_found` (assistant asked for), `precondition` (the one chosen is paused).
   */
  admit(scope: Scope, request: AdmissionRequest): Promise<Admitted>;
  /**
   * Takes the ticket and opens all that the call needs. Of two at once exactly one succeeds. Throws `unauthenticated`
   * (unknown, used, expired), `precondition` (the assistant or its tenant is out of use meanwhile).
   */
  redeem(token: string): Promise<CallOrder>;
  /** Deletes expired tickets; how many. */
  sweep(): Promise<number>;
}
