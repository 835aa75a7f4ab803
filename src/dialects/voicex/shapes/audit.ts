import { type Static, Type } from 'typebox';
import type { AuditEntry } from '#core/audit/audit-entry';
import { nullable } from '#http/operation';
import { Id, OpenObject, Timestamp } from '../schemas.ts';

export const AuditBody = Type.Object({
  _id: Id,
  at: Timestamp,
  actor: Type.Object({
    kind: Type.Enum(['user', 'key', 'operator', 'system']),
    id: nullable(Type.String({ description: "The user's or the API key's; null for operator and system." })),
  }),
  action: Type.String({ examples: ['assistant.updated'] }),
  target: Type.String({ description: 'The id of what was changed.' }),
  details: OpenObject,
});

/** One entry of the audit log. */
export function showAuditEntry(entry: AuditEntry): Static<typeof AuditBody> {
  const { id, at, actorKind, actorId, action, target, details } = entry;
  return {
    _id: id,
    at: at.toISOString(),
    actor: { kind: actorKind, id: actorId },
    action,
    target,
    details,
  };
}
