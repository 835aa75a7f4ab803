import { and, asc, eq } from 'drizzle-orm';
import type { DeliveryRepo } from '#core/webhooks/repo';
import type { TenantId } from '#kernel/ids';
import { webhookDeliveries } from '../tables/calls.ts';
import type { Session } from './session.ts';

export function deliveryRepo(session: Session, tenantId: TenantId): DeliveryRepo {
  const own = eq(webhookDeliveries.tenantId, tenantId);
  return {
    insert: async (delivery) =>
      void (await session.insert(webhookDeliveries).values({ ...delivery, tenantId })),
    end: async (id, outcome) =>
      void (await session
        .update(webhookDeliveries)
        .set(outcome)
        .where(and(own, eq(webhookDeliveries.id, id)))),
    ofCall: (callId) =>
      session
        .select()
        .from(webhookDeliveries)
        .where(and(own, eq(webhookDeliveries.callId, callId)))
        .orderBy(asc(webhookDeliveries.attempt)),
  };
}
