import { and, asc, eq, gt, isNotNull, isNull, lt, lte, sql } from 'drizzle-orm';
import type { Call } from '#core/calls/call';
import type { Dial } from '#core/dialing/dial';
import type { DialDirectory, DialRepo, TransferDirectory } from '#core/dialing/repo';
import type { NodeDirectory } from '#core/nodes/repo';
import type { CallId, TenantId } from '#kernel/ids';
import { calls, dials } from '../tables/calls.ts';
import { nodes, transfers } from '../tables/nodes.ts';
import { type Session, single } from './session.ts';

export function dialRepo(session: Session, tenantId: TenantId): DialRepo {
  const ownId = (callId: CallId) => and(eq(dials.tenantId, tenantId), eq(dials.callId, callId));
  return {
    insert: async (dial) => void (await session.insert(dials).values({ ...dial, tenantId })),
    find: async (callId) => single<Dial>(await session.select().from(dials).where(ownId(callId))),
    lock: async (callId) =>
      single<Dial>(await session.select().from(dials).where(ownId(callId)).for('no key update')),
    async report(callId, { status, sequence, answeredBy }) {
      const told = answeredBy === null ? {} : { answeredBy };
      await session
        .update(dials)
        .set({ status, lastSequence: sequence, ...told })
        .where(ownId(callId));
    },
    saveBrief: async (callId, brief, askedAt) =>
      void (await session.update(dials).set({ brief, askedAt }).where(ownId(callId))),
  };
}

export function dialDirectory(session: Session): DialDirectory {
  return {
    findByToken: async (tokenHash) =>
      single<Dial>(await session.select().from(dials).where(eq(dials.tokenHash, tokenHash))),
    async overdue(at, graceSec): Promise<{ call: Call; dial: Dial }[]> {
      const limit = sql`${dials.createdAt} + make_interval(secs => ${dials.timeoutSec} + ${graceSec}::int)`;
      return session
        .select({ call: calls, dial: dials })
        .from(dials)
        .innerJoin(calls, eq(calls.id, dials.callId))
        .where(and(eq(calls.status, 'active'), isNull(calls.answeredAt), lte(limit, at)))
        .orderBy(asc(calls.id));
    },
    async forgetAccounts(endedBefore) {
      const ended = sql`exists (select from ${calls} where ${calls.id} = ${dials.callId}
        and ${calls.status} <> 'active' and ${calls.endedAt} < ${endedBefore.toISOString()}::timestamptz)`;
      const { rowCount } = await session
        .update(dials)
        .set({ account: null })
        .where(and(isNotNull(dials.account), ended));
      return rowCount ?? 0;
    },
  };
}

export function transferDirectory(session: Session): TransferDirectory {
  return {
    put: async ({ carrierRef, to, expiresAt }) =>
      void (await session
        .insert(transfers)
        .values({ carrierRef, to, expiresAt })
        .onConflictDoUpdate({ target: transfers.carrierRef, set: { to, expiresAt } })),
    async take(carrierRef, at) {
      const rows = await session
        .delete(transfers)
        .where(and(eq(transfers.carrierRef, carrierRef), gt(transfers.expiresAt, at)))
        .returning({ to: transfers.to });
      return single(rows)?.to ?? null;
    },
    async sweep(before) {
      const { rowCount } = await session.delete(transfers).where(lte(transfers.expiresAt, before));
      return rowCount ?? 0;
    },
  };
}

export function nodeDirectory(session: Session): NodeDirectory {
  return {
    async beat(id) {
      const seenAt = sql`now()`;
      const seen = { target: nodes.id, set: { seenAt } };
      await session.insert(nodes).values({ id, seenAt }).onConflictDoUpdate(seen);
    },
    async silentFor(ms) {
      const rows = await session
        .select({ id: nodes.id })
        .from(nodes)
        .where(lt(nodes.seenAt, sql`now() - make_interval(secs => ${ms / 1_000})`))
        .orderBy(asc(nodes.id));
      return rows.map(({ id }) => id);
    },
    remove: async (id) => void (await session.delete(nodes).where(eq(nodes.id, id))),
  };
}
