import { and, desc, eq, sql } from 'drizzle-orm';
import type { AuditEntry } from '#core/audit/audit-entry';
import type { AuditDirectory, AuditPage, AuditRepo, AuditTrail } from '#core/audit/repo';
import type { TenantId } from '#kernel/ids';
import type { CursorPage } from '#kernel/page';
import { auditEntries } from '../tables/tenants.ts';
import { prepared } from './prepared.ts';
import type { Session } from './session.ts';

const addEntry = prepared<{ [K in keyof AuditEntry]: unknown }, unknown>('add_audit_entry', (session) =>
  session.insert(auditEntries).values({
    id: sql.placeholder('id'),
    tenantId: sql.placeholder('tenantId'),
    at: sql.placeholder('at'),
    actorKind: sql.placeholder('actorKind'),
    actorId: sql.placeholder('actorId'),
    action: sql.placeholder('action'),
    target: sql.placeholder('target'),
    details: sql.placeholder('details'),
  }),
);

export function auditRepo(session: Session): AuditRepo {
  return { add: async (entry) => void (await addEntry(session, { ...entry })) };
}

export function auditTrail(session: Session, tenantId: TenantId): AuditTrail {
  return { list: (page) => list(session, { ...page, tenantId }) };
}

export function auditDirectory(session: Session): AuditDirectory {
  return { list: (page) => list(session, page) };
}

async function list(
  session: Session,
  { tenantId, limit, after }: AuditPage & { tenantId: TenantId | null },
): Promise<CursorPage<AuditEntry>> {
  const ofTenant = tenantId === null ? undefined : eq(auditEntries.tenantId, tenantId);
  const older =
    after === null
      ? undefined
      : sql`(${auditEntries.at}, ${auditEntries.id}) <
          (select a.at, a.id from ${auditEntries} a where a.id = ${after})`;
  const rows: AuditEntry[] = await session
    .select()
    .from(auditEntries)
    .where(and(ofTenant, older))
    .orderBy(desc(auditEntries.at), desc(auditEntries.id))
    .limit(limit + 1);
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? items[limit - 1]!.id : null };
}
