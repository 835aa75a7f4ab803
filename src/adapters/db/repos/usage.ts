import { and, asc, count, eq, gte, inArray, ne, sql } from 'drizzle-orm';
import type { UsageRepo } from '#core/usage/repo';
import type { UsageRow } from '#core/usage/usage';
import type { TenantId } from '#kernel/ids';
import { calls, usageRows } from '../tables/calls.ts';
import { billedCalls } from './billed-calls.ts';
import type { Session } from './session.ts';

const MS_PER_MINUTE = 60_000;

const ofCall = eq(usageRows.component, 'call');
const ofTokens = inArray(usageRows.unit, ['inputTokens', 'outputTokens']);
const ofSpeech = sql`${eq(usageRows.component, 'tts')} and ${eq(usageRows.unit, 'chars')}`;

/** Sums of bigint come as text; ours stay far below what a number holds exactly. */
const amountWhere = (which: typeof ofTokens) =>
  sql`coalesce(sum(${usageRows.amount}) filter (where ${which}), 0)`.mapWith(Number);

export function usageRepo(session: Session, tenantId: TenantId): UsageRepo {
  const own = eq(usageRows.tenantId, tenantId);
  const day = sql<string>`to_char(${usageRows.at} at time zone 'UTC', 'YYYY-MM-DD')`;
  return {
    async add(rows) {
      if (rows.length === 0) return;
      await session
        .insert(usageRows)
        .values(rows.map((row) => ({ ...row, tenantId })))
        .onConflictDoNothing({ target: [usageRows.tenantId, usageRows.key] });
    },
    ofCall: (callId): Promise<UsageRow[]> =>
      session
        .select()
        .from(usageRows)
        .where(and(own, eq(usageRows.callId, callId)))
        .orderBy(asc(usageRows.id)),
    async since(at) {
      const [row] = await session
        .select({ calls: count(), ms: amountWhere(ofCall) })
        .from(usageRows)
        .where(and(own, ofCall, gte(usageRows.at, at)));
      return { since: at, calls: row!.calls, minutes: row!.ms / MS_PER_MINUTE };
    },
    calls: (page) => billedCalls(session, tenantId, page),
    async daily(since) {
      const rows = await session
        .select({
          date: day,
          calls: sql`count(*) filter (where ${ofCall})`.mapWith(Number),
          ms: amountWhere(ofCall),
          tokens: amountWhere(ofTokens),
          ttsChars: amountWhere(ofSpeech),
        })
        .from(usageRows)
        .where(and(own, gte(usageRows.at, since)))
        .groupBy(day)
        .orderBy(day);
      return rows.map(({ ms, ...rest }) => ({ ...rest, minutes: ms / MS_PER_MINUTE }));
    },
    async totals() {
      const finished = ne(calls.status, 'active');
      const [row] = await session
        .select({
          calls: count(),
          finishedCalls: sql`count(*) filter (where ${finished})`.mapWith(Number),
          durationMs: sql`coalesce(sum(${calls.durationMs}), 0)`.mapWith(Number),
        })
        .from(calls)
        .where(eq(calls.tenantId, tenantId));
      return row!;
    },
  };
}
