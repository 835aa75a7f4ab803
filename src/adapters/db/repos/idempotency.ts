import { and, eq, isNull, lt, lte, or, sql } from 'drizzle-orm';
import type { IdempotencyDirectory, IdempotencyRepo } from '#core/idempotency/repo';
import type { TenantId } from '#kernel/ids';
import { idempotencyKeys } from '../tables/billing.ts';
import { type Session, single } from './session.ts';

export function idempotencyRepo(session: Session, tenantId: TenantId): IdempotencyRepo {
  const own = (key: string) => and(eq(idempotencyKeys.tenantId, tenantId), eq(idempotencyKeys.key, key));
  const running = (run: { key: string; startedAt: Date }) =>
    and(own(run.key), eq(idempotencyKeys.startedAt, run.startedAt), isNull(idempotencyKeys.status));
  return {
    async take({ key, operation, requestHash }, { now, keptSince, leasedSince }) {
      const fresh = { operation, requestHash, status: null, answer: null, startedAt: now };
      const abandoned = and(
        isNull(idempotencyKeys.status),
        eq(idempotencyKeys.requestHash, requestHash),
        lte(idempotencyKeys.startedAt, leasedSince),
      );
      const taken = await session
        .insert(idempotencyKeys)
        .values({ tenantId, key, ...fresh })
        .onConflictDoUpdate({
          target: [idempotencyKeys.tenantId, idempotencyKeys.key],
          // What an abandoned request had made is known to the next one; after a day nothing is.
          set: {
            ...fresh,
            effect: sql`case when ${lte(idempotencyKeys.startedAt, keptSince)} then null else ${idempotencyKeys.effect} end`,
          },
          setWhere: or(lte(idempotencyKeys.startedAt, keptSince), abandoned),
        })
        .returning({ key: idempotencyKeys.key });
      if (taken.length > 0) return null;
      return single(await session.select().from(idempotencyKeys).where(own(key)));
    },
    async effectOf(key) {
      const rows = await session
        .select({ effect: idempotencyKeys.effect })
        .from(idempotencyKeys)
        .where(own(key));
      return single(rows)?.effect ?? null;
    },
    noteEffect: async (key, effect) =>
      void (await session.update(idempotencyKeys).set({ effect }).where(own(key))),
    async keep(run, status, answer) {
      const rows = await session
        .update(idempotencyKeys)
        .set({ status, answer })
        .where(running(run))
        .returning({ key: idempotencyKeys.key });
      return rows.length > 0;
    },
    release: async (run) => void (await session.delete(idempotencyKeys).where(running(run))),
  };
}

export function idempotencyDirectory(session: Session): IdempotencyDirectory {
  return {
    async sweep(before) {
      const { rowCount } = await session.delete(idempotencyKeys).where(lt(idempotencyKeys.startedAt, before));
      return rowCount ?? 0;
    },
  };
}
