import type { WebhookDelivery } from '#core/webhooks/webhook';
import type { CallId, DeliveryId } from '#kernel/ids';
import type { OffsetPage } from '#kernel/page';

/** The log of all tenants. */
export interface DeliveryDirectory {
  /** Deletes tries that began before this moment; how many. */
  sweep(before: Date): Promise<number>;
}

export interface DeliveryRepo {
  insert(delivery: WebhookDelivery): Promise<void>;
  end(
    id: DeliveryId,
    outcome: Required<Pick<WebhookDelivery, 'endedAt' | 'status' | 'failure'>>,
  ): Promise<void>;
  /** All that was told of a call, in the order it was. */
  ofCall(callId: CallId): Promise<WebhookDelivery[]>;
  /** The tries of one event, oldest first. */
  tries(callId: CallId, webhookId: string): Promise<WebhookDelivery[]>;
  /** Newest first; `call` is a call's id or the carrier's own id of it. */
  list(
    filter: { call?: string },
    page: { skip: number; limit: number },
  ): Promise<OffsetPage<WebhookDelivery>>;
}
