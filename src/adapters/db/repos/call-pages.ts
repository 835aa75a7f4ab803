import { and, asc, desc, eq, gt, lt, type SQL, sql } from 'drizzle-orm';
import type { Call } from '#core/calls/call';
import type { CallFilter, CallRepo } from '#core/calls/repo';
import type { CallId, TenantId } from '#kernel/ids';
import { calls } from '../tables/calls.ts';
import { prepared } from './prepared.ts';
import type { Session } from './session.ts';

const newest = prepared('newest_calls', (session) =>
  session
    .select()
    .from(calls)
    .where(eq(calls.tenantId, sql.placeholder('tenantId')))
    .orderBy(desc(calls.startedAt), desc(calls.id))
    .offset(sql.placeholder('skip'))
    .limit(sql.placeholder('limit')),
);

/** Lists of one tenant's calls, newest first. */
export function callPages(session: Session, tenantId: TenantId): Pick<CallRepo, 'list' | 'page' | 'count'> {
  const own = eq(calls.tenantId, tenantId);
  const matching = (filter: CallFilter) =>
    and(
      own,
      filter.assistantId && eq(calls.assistantId, filter.assistantId),
      filter.status && eq(calls.status, filter.status),
    );
  const place = sql`(${calls.startedAt}, ${calls.id})`;
  const placeOf = (id: CallId) => sql`(select c.started_at, c.id from ${calls} c
    where c.tenant_id = ${tenantId} and c.id = ${id})`;
  const rows = (where: SQL | undefined, { skip, limit }: { skip: number; limit: number }): Promise<Call[]> =>
    session
      .select()
      .from(calls)
      .where(where)
      .orderBy(desc(calls.startedAt), desc(calls.id))
      .offset(skip)
      .limit(limit);
  return {
    async list(filter, page) {
      const [items, total] = await Promise.all([
        rows(matching(filter), page),
        session.$count(calls, matching(filter)),
      ]);
      return { items, total };
    },
    async page(filter, { before, after, ...page }) {
      const within = and(
        matching(filter),
        before && lt(place, placeOf(before)),
        after && gt(place, placeOf(after)),
      );
      if (Object.keys(filter).length === 0 && !before && !after)
        return newest(session, { tenantId, ...page });
      if (!after) return rows(within, page);
      // Those next to the cursor, not the newest of all: a client that goes on from page to page misses none.
      const next: Call[] = await session
        .select()
        .from(calls)
        .where(within)
        .orderBy(asc(calls.startedAt), asc(calls.id))
        .offset(page.skip)
        .limit(page.limit);
      return next.reverse();
    },
    count: (filter) => session.$count(calls, matching(filter)),
  };
}
