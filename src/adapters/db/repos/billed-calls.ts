import { and, count, desc, eq, type SQL, sql } from 'drizzle-orm';
import type { UsageRepo } from '#core/usage/repo';
import type { BilledCall } from '#core/usage/usage';
import type { TenantId } from '#kernel/ids';
import type { OffsetPage } from '#kernel/page';
import { calls, usageRows } from '../tables/calls.ts';
import { prepared } from './prepared.ts';
import type { Session } from './session.ts';

type Page = Parameters<UsageRepo['calls']>[0];

const ofCall = eq(usageRows.component, 'call');
const ofTenant = and(eq(usageRows.tenantId, sql.placeholder('tenantId')), ofCall);

/** Calls as they are billed, newest first. */
const billed = (session: Session, where: SQL | undefined) =>
  session
    .select({
      callId: calls.id,
      carrierRef: calls.carrierRef,
      from: calls.from,
      to: calls.to,
      billedMs: usageRows.amount,
      costMicros: usageRows.costMicros,
      endedAt: usageRows.at,
    })
    .from(usageRows)
    .innerJoin(calls, eq(calls.id, usageRows.callId))
    .where(where)
    .orderBy(desc(usageRows.at), desc(usageRows.id));

const newestBilled = prepared('newest_billed_calls', (session) =>
  billed(session, ofTenant).offset(sql.placeholder('skip')).limit(sql.placeholder('limit')),
);

const countBilled = prepared('count_billed_calls', (session) =>
  session.select({ total: count() }).from(usageRows).where(ofTenant),
);

/** One page of them, with how many there are in all. */
export async function billedCalls(
  session: Session,
  tenantId: TenantId,
  { skip, limit, before }: Page,
): Promise<OffsetPage<BilledCall>> {
  const [items, [counted]]: [BilledCall[], { total: number }[]] = await Promise.all([
    before === null
      ? newestBilled(session, { tenantId, skip, limit })
      : billed(session, olderThan(session, tenantId, before))
          .offset(skip)
          .limit(limit),
    countBilled(session, { tenantId }),
  ]);
  return { items, total: counted!.total };
}

/** Nothing comes after a call that is not there. */
function olderThan(session: Session, tenantId: TenantId, callId: string): SQL | undefined {
  const own = eq(usageRows.tenantId, tenantId);
  const last = session
    .select({ at: usageRows.at, id: usageRows.id })
    .from(usageRows)
    .where(and(own, eq(usageRows.key, `call:${callId}`)));
  return and(own, ofCall, sql`(${usageRows.at}, ${usageRows.id}) < (${last})`);
}
