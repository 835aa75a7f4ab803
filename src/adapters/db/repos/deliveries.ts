import { and, asc, desc, eq, lt, or, sql } from 'drizzle-orm';
import type { DeliveryDirectory, DeliveryRepo } from '#core/webhooks/repo';
import type { TenantId } from '#kernel/ids';
import { calls, webhookDeliveries } from '../tables/calls.ts';
import type { Session } from './session.ts';

export function deliveryRepo(session: Session, tenantId: TenantId): DeliveryRepo {
  const own = eq(webhookDeliveries.tenantId, tenantId);
  /** Those of one call, by its id or the carrier's own id of it. */
  const about = (call: string) =>
    or(
      sql`${webhookDeliveries.callId} = ${call}`,
      sql`${webhookDeliveries.callId} in (select ${calls.id} from ${calls} where ${calls.tenantId} = ${tenantId} and ${calls.carrierRef} = ${call})`,
    );
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
        .orderBy(asc(webhookDeliveries.startedAt), asc(webhookDeliveries.id)),
    tries: (callId, webhookId) =>
      session
        .select()
        .from(webhookDeliveries)
        .where(and(own, eq(webhookDeliveries.callId, callId), eq(webhookDeliveries.webhookId, webhookId)))
        .orderBy(asc(webhookDeliveries.attempt)),
    async list({ call }, { skip, limit }) {
      const matching = and(own, call === undefined ? undefined : about(call));
      const items = await session
        .select()
        .from(webhookDeliveries)
        .where(matching)
        .orderBy(desc(webhookDeliveries.startedAt), desc(webhookDeliveries.id))
        .offset(skip)
        .limit(limit);
      return { items, total: await session.$count(webhookDeliveries, matching) };
    },
  };
}

export function deliveryDirectory(session: Session): DeliveryDirectory {
  return {
    async sweep(before) {
      const { rowCount } = await session
        .delete(webhookDeliveries)
        .where(lt(webhookDeliveries.startedAt, before));
      return rowCount ?? 0;
    },
  };
}
