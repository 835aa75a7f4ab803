import { and, asc, eq, gt, isNotNull, isNull, lte, or, sql } from 'drizzle-orm';
import type { Call } from '#core/calls/call';
import type { LogEntry } from '#core/calls/log-entry';
import type { StreamTicket } from '#core/calls/order';
import type { CallProgress } from '#core/calls/progress';
import type { CallDirectory, CallRepo, LogLine } from '#core/calls/repo';
import type { CallId, TenantId } from '#kernel/ids';
import { callEvents, callProgress, calls, streamTickets } from '../tables/calls.ts';
import { storableJson } from '../tables/columns.ts';
import { callPages } from './call-pages.ts';
import { type Session, single } from './session.ts';

export function callRepo(session: Session, tenantId: TenantId): CallRepo {
  const own = eq(calls.tenantId, tenantId);
  const ownId = (id: CallId) => and(own, eq(calls.id, id));
  const touched = (rows: unknown[]) => rows.length > 0;
  const change = async (id: CallId, fields: Partial<Call>) =>
    touched(await session.update(calls).set(fields).where(ownId(id)).returning({ id: calls.id }));
  return {
    addTicket: async (ticket, tokenHash) =>
      void (await session.insert(streamTickets).values({ ...ticket, tenantId, tokenHash })),
    knows: async (carrierRef) =>
      (await session.$count(calls, and(own, eq(calls.carrierRef, carrierRef)))) > 0,
    async insert(call) {
      const rows = await session
        .insert(calls)
        .values({ ...call, tenantId })
        .onConflictDoNothing({ target: calls.id })
        .returning({ id: calls.id });
      return touched(rows);
    },
    async answer({ id, assistantId, assistantName, carrierRef, nodeId, variables, metadata, answeredAt }) {
      const rows = await session
        .update(calls)
        .set({ assistantId, assistantName, carrierRef, nodeId, variables, metadata, answeredAt })
        .where(and(ownId(id), eq(calls.status, 'active'), isNull(calls.answeredAt)))
        .returning({ id: calls.id });
      return touched(rows);
    },
    find: async (id) => single<Call>(await session.select().from(calls).where(ownId(id))),
    ...callPages(session, tenantId),
    countActive: () => session.$count(calls, and(own, eq(calls.status, 'active'))),
    async end(id, { status, reason, endedAt, durationMs, recordingKey }) {
      const rows = await session
        .update(calls)
        .set({ status, endReason: reason, endedAt, durationMs, recordingKey })
        .where(and(ownId(id), eq(calls.status, 'active')))
        .returning({ id: calls.id });
      await session.delete(callProgress).where(eq(callProgress.callId, id));
      return touched(rows);
    },
    async log(id) {
      const rows = await session
        .select()
        .from(callEvents)
        .where(and(eq(callEvents.tenantId, tenantId), eq(callEvents.callId, id)))
        .orderBy(asc(callEvents.seq));
      return rows.map(entryOf);
    },
    async progress(id) {
      const mine = and(eq(callProgress.tenantId, tenantId), eq(callProgress.callId, id));
      return single<CallProgress>(await session.select().from(callProgress).where(mine));
    },
    saveAnalysis: (id, analysis) => change(id, { analysis }),
    setCarrierRef: (id, carrierRef) => change(id, { carrierRef }),
  };
}

/** Stored, and perhaps never ordered from the carrier: it is not known to ring anywhere. */
const undialed = and(eq(calls.direction, 'outbound'), isNull(calls.carrierRef));

function ticketOf({ tokenHash: _, ...ticket }: typeof streamTickets.$inferSelect): StreamTicket {
  return ticket;
}

function entryOf(row: typeof callEvents.$inferSelect): LogEntry {
  const { seq, atMs, turnId, type, body } = row;
  return { ...body, type, seq, atMs, ...(turnId === null ? {} : { turnId }) } as LogEntry;
}

export function callDirectory(session: Session): CallDirectory {
  return {
    async takeTicket(tokenHash, at) {
      const rows = await session
        .delete(streamTickets)
        .where(and(eq(streamTickets.tokenHash, tokenHash), gt(streamTickets.expiresAt, at)))
        .returning();
      return single(rows.map(ticketOf));
    },
    async takeExpiredTickets(before) {
      const expired = lte(streamTickets.expiresAt, before);
      return (await session.delete(streamTickets).where(expired).returning()).map(ticketOf);
    },
    append: (lines) => append(session, lines),
    noteProgress: (notes) => noteProgress(session, notes),
    hasBegun: async (carrierRef) =>
      (await session.$count(calls, and(eq(calls.carrierRef, carrierRef), isNotNull(calls.answeredAt)))) > 0,
    activeOn: (nodeId): Promise<Call[]> =>
      session
        .select()
        .from(calls)
        .where(
          and(
            eq(calls.nodeId, nodeId),
            eq(calls.status, 'active'),
            or(isNotNull(calls.answeredAt), undialed),
          ),
        )
        .orderBy(asc(calls.id)),
  };
}

/** One statement for entries of any number of calls and tenants. */
async function append(session: Session, lines: readonly LogLine[]): Promise<void> {
  if (lines.length === 0) return;
  const rows = lines.map(({ tenantId, event }) => {
    const { callId, seq, atMs, turnId, type, ...body } = event;
    return {
      call_id: callId,
      tenant_id: tenantId,
      seq,
      at_ms: Math.round(atMs),
      turn_id: turnId ?? null,
      type,
      body,
    };
  });
  await session.execute(sql`
    insert into ${callEvents} (call_id, seq, tenant_id, at_ms, turn_id, type, body)
    select e.call_id, e.seq, e.tenant_id, e.at_ms, e.turn_id, e.type, e.body
    from jsonb_to_recordset(${storableJson(rows)}::jsonb) as e(
      call_id text, seq integer, tenant_id text, at_ms integer, turn_id text, type text, body jsonb
    )
    join ${calls} c on c.id = e.call_id and c.tenant_id = e.tenant_id
    on conflict (call_id, seq) do nothing`);
}

/** One statement for any number of calls. */
async function noteProgress(session: Session, notes: readonly CallProgress[]): Promise<void> {
  if (notes.length === 0) return;
  const rows = notes.map(({ callId, tenantId, afterSeq, atMs, said, heard }) => ({
    call_id: callId,
    tenant_id: tenantId,
    after_seq: afterSeq,
    at_ms: Math.round(atMs),
    said,
    heard,
  }));
  await session.execute(sql`
    insert into ${callProgress} (call_id, tenant_id, after_seq, at_ms, said, heard)
    select p.call_id, p.tenant_id, p.after_seq, p.at_ms, nullif(p.said, 'null'), nullif(p.heard, 'null')
    from jsonb_to_recordset(${storableJson(rows)}::jsonb) as p(
      call_id text, tenant_id text, after_seq integer, at_ms integer, said jsonb, heard jsonb
    )
    join ${calls} c on c.id = p.call_id and c.tenant_id = p.tenant_id and c.status = 'active'
    order by p.call_id
    on conflict (call_id) do update
    set after_seq = excluded.after_seq, at_ms = excluded.at_ms, said = excluded.said, heard = excluded.heard`);
}
