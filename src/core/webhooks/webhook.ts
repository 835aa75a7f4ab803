import type { CallId, DeliveryId, TenantId } from '#kernel/ids';

/** One try to deliver a webhook. */
export interface WebhookDelivery {
  readonly id: DeliveryId;
  readonly tenantId: TenantId;
  readonly callId: CallId;
  /** The same for every try of one event, so that receivers can tell repetitions. */
  readonly webhookId: string;
  readonly event: 'call.started' | 'call.ended' | 'call.error';
  /** Where it went, without path and query: these may hold keys. */
  readonly host: string;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly startedAt: Date;
  /** Null while it is under way, and for ever where the process died meanwhile. */
  readonly endedAt: Date | null;
  /** What the receiver answered; null where it did not. */
  readonly status: number | null;
  /** Why it did not count as delivered, in words; null for one that did, or is under way. */
  readonly failure: string | null;
}

/** Whether the receiver has taken it. */
export function isTaken({ status }: WebhookDelivery): boolean {
  return status !== null && status >= 200 && status < 300;
}
