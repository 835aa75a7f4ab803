import type { CallBrief } from '#core/callbacks/brief';
import type { Callbacks as Addresses } from '#core/callbacks/callbacks';
import type { CallDirection, CallType } from '#core/calls/call';
import type { SealedText } from '#core/ports';
import type { WebhookDelivery } from '#core/webhooks/webhook';
import type { CallId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import type { OffsetPage } from '#kernel/page';
import type { Scope } from '#kernel/scope';

/** A call that begins, as its tenant's backend is told of it. It need not be stored yet. */
export interface StartingCall {
  readonly callId: CallId;
  /** The carrier's own id. */
  readonly callSid: string | null;
  readonly type: CallType;
  readonly direction: CallDirection;
  readonly from: string;
  readonly to: string;
  readonly startedAt: Date;
  readonly callbacks: Addresses;
  readonly metadata: JsonObject;
  readonly variables: Readonly<Record<string, string>>;
}

/** What a tenant's backend wants done with a call. */
export type StartAnswer =
  /** Nothing was asked, or nothing of use was answered: the call goes on with the assistant as it is. */
  | { readonly does: 'go on' }
  /** `sealed` goes on the ticket, or on the dial; `brief` is the same in the clear and is to be stored nowhere. */
  | { readonly does: 'brief'; readonly brief: CallBrief; readonly sealed: SealedText }
  | { readonly does: 'reject'; readonly reason: 'busy' | 'rejected' };

export interface DeliveryQuery {
  /** One call's: its id, or the carrier's own id of it. */
  readonly call?: string;
  /** 0 when left out. */
  readonly skip?: number;
  /** 1 to 100, 50 when left out. */
  readonly limit?: number;
}

/** What is asked of, and told to, the tenant's own backend. */
export interface Callbacks {
  /**
   * Asks `callbacks.startUrl` what the assistant should be for this call: 3 s at most. Whatever the backend does
   * wrong makes the answer `go on`, and is told to `callbacks.errorUrl`, once for each call. Without an address it
   * answers at once. Asking is in the delivery log.
   */
  ask(scope: Scope, call: StartingCall): Promise<StartAnswer>;
  /** What was sealed for this call. Throws `internal` for what is damaged or another call's. */
  open(callId: CallId, sealed: SealedText): CallBrief;
  /** Tries to deliver callbacks and webhooks, newest first, without the secrets of their addresses. Throws `invalid`. */
  deliveries(scope: Scope, query?: DeliveryQuery): Promise<OffsetPage<WebhookDelivery>>;
}
