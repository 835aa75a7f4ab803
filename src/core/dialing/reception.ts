import type { CallId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';

/** What a carrier is told to do with a call. */
export type VoiceAnswer =
  /** Open a media stream with this single-use token. */
  | { readonly does: 'connect'; readonly callId: CallId; readonly token: string }
  | { readonly does: 'say'; readonly text: string }
  | { readonly does: 'reject'; readonly reason: 'busy' | 'rejected' }
  | { readonly does: 'hang up' };

/** A call that a carrier brings. Numbers are as the carrier wrote them. */
export interface InboundCall {
  readonly from: string;
  readonly to: string;
  /** The carrier's own id; asking twice about one call makes no second one. */
  readonly carrierRef: string;
  /** Whose webhook it is, where its address says so; null: whoever has the number `to`. */
  readonly scope: Scope | null;
  /** Who answers where the number decides nothing. */
  readonly assistantId?: string;
  /** Whether this process can carry one call more. */
  readonly hasRoom: boolean;
}

/** Takes the calls of carriers' voice webhooks. */
export interface Reception {
  /**
   * Finds the tenant, asks its backend, and answers with a ticket for the stream, or with what the caller hears instead.
   * Without a scope it throws nothing of a tenant's making: whatever is wrong is said to the caller. With one, what is
   * the tenant's to mend is thrown as `Admission.admit` throws it (`forbidden`, `payment_required`, `not_found`).
   */
  receive(call: InboundCall): Promise<VoiceAnswer>;
}
