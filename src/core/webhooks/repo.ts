import type { WebhookDelivery } from '#core/webhooks/webhook';
import type { CallId, DeliveryId } from '#kernel/ids';

export interface DeliveryRepo {
  insert(delivery: WebhookDelivery): Promise<void>;
  end(
    id: DeliveryId,
    outcome: Required<Pick<WebhookDelivery, 'endedAt' | 'status' | 'failure'>>,
  ): Promise<void>;
  /** Oldest first. */
  ofCall(callId: CallId): Promise<WebhookDelivery[]>;
}
