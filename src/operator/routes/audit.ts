import { Type } from 'typebox';
import type { AuditEntry } from '#core/audit/audit-entry';
import type { Audit } from '#core/audit/service';
import type { RouteModule } from '#http/dialect';

const Listing = Type.Object({
  tenantId: Type.Optional(Type.String({ minLength: 1 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  after: Type.Optional(Type.String({ minLength: 1 })),
});

/** Who changed what, in one tenant or everywhere. */
export const auditRoutes =
  (audit: Audit): RouteModule =>
  (app) => {
    app.get('/audit', { schema: { querystring: Listing } }, async (request) => {
      const page = await audit.all(request.query);
      return { items: page.items.map(showEntry), next: page.next };
    });
  };

function showEntry({ id, tenantId, at, actorKind, actorId, action, target, details }: AuditEntry) {
  const actor = { kind: actorKind, id: actorId };
  return { id, tenantId, at: at.toISOString(), actor, action, target, details };
}
