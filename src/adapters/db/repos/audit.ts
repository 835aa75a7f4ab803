import { sql } from 'drizzle-orm';
import type { AuditEntry } from '#core/audit/audit-entry';
import type { AuditRepo } from '#core/audit/repo';
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
