import { type Static, Type } from 'typebox';
import type { WebhookDelivery } from '#core/webhooks/webhook';
import { nullable } from '#http/operation';
import { Id, Timestamp } from '../schemas.ts';

const DeliveryFields = Type.Object({
  id: Id,
  callId: Id,
  event: Type.Enum(['call.started', 'call.ended', 'call.error']),
  webhookId: Type.String({ description: 'The same for every try of one event.' }),
  host: Type.String({ description: 'Where it went; path and query may hold secrets.' }),
  attempt: Type.Integer(),
  startedAt: Timestamp,
  endedAt: nullable(Timestamp),
  status: nullable(Type.Integer({ description: 'What the receiver answered; null where it did not.' })),
  failure: nullable(Type.String({ description: 'Why it does not count as delivered; null where it does.' })),
});

export const DeliveriesBody = Type.Object({
  deliveries: Type.Array(DeliveryFields),
  total: Type.Integer(),
  limit: Type.Integer(),
  offset: Type.Integer(),
});

export function showDelivery(delivery: WebhookDelivery): Static<typeof DeliveryFields> {
  const { id, callId, event, webhookId, host, attempt, startedAt, endedAt, status, failure } = delivery;
  return {
    id,
    callId,
    event,
    webhookId,
    host,
    attempt,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    status,
    failure,
  };
}
