import type { AuditId, TenantId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';

/** Who changed what, when. `tenantId` is null for what concerns the whole platform (plans, global providers). */
export interface AuditEntry {
  readonly id: AuditId;
  readonly tenantId: TenantId | null;
  readonly at: Date;
  readonly actorKind: 'user' | 'key' | 'operator' | 'system';
  readonly actorId: string | null;
  /** `assistant.created` */
  readonly action: string;
  /** The id of what was changed. */
  readonly target: string;
  /** Which fields, never secrets or personal data. */
  readonly details: JsonObject;
}
