import type { AuditRepo } from '#core/audit/repo';
import { auditEntries } from '../tables/tenants.ts';
import type { Session } from './session.ts';

export function auditRepo(session: Session): AuditRepo {
  return { add: async (entry) => void (await session.insert(auditEntries).values(entry)) };
}
