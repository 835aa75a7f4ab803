import type { AuditEntry } from '#core/audit/audit-entry';
import type { TenantId } from '#kernel/ids';
import type { CursorPage } from '#kernel/page';

/** Write-only from inside: entries are never changed. */
export interface AuditRepo {
  add(entry: AuditEntry): Promise<void>;
}

export interface AuditPage {
  readonly limit: number;
  /** An earlier page's `next`; null begins with the newest. */
  readonly after: string | null;
}

/** What was done in one tenant, or, across tenants, on the whole platform. */
export interface AuditTrail {
  /** Newest first, the higher id first among equals; entries that are added meanwhile move nothing. */
  list(page: AuditPage): Promise<CursorPage<AuditEntry>>;
}

export interface AuditDirectory {
  /** The same of one tenant, or of all where `tenantId` is null. */
  list(page: AuditPage & { tenantId: TenantId | null }): Promise<CursorPage<AuditEntry>>;
}
