import type { AuditEntry } from '#core/audit/audit-entry';
import { newId, type TenantId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import type { Actor } from '#kernel/scope';

/** What happened, apart from when and by whom. */
export interface Deed {
  readonly tenantId: TenantId | null;
  readonly action: string;
  readonly target: string;
  readonly details?: JsonObject;
}

/** The audit log's entry of a deed. */
export function auditEntry(actor: Actor, deed: Deed, at: Date): AuditEntry {
  const actorId = actor.kind === 'user' ? actor.userId : actor.kind === 'key' ? actor.keyId : null;
  return { id: newId('aud'), at, actorKind: actor.kind, actorId, details: {}, ...deed };
}

/** An entry's details: which fields an edit names, never their values. */
export function changedFields(edit: object): JsonObject {
  return { fields: Object.entries(edit).flatMap(([name, value]) => (value === undefined ? [] : name)) };
}
