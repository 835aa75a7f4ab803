import type { AuditEntry } from '#core/audit/audit-entry';

/** Write-only from inside: entries are never changed. */
export interface AuditRepo {
  add(entry: AuditEntry): Promise<void>;
}
