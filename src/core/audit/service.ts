import type { AuditEntry } from '#core/audit/audit-entry';
import type { AuditPage } from '#core/audit/repo';
import { invalid, notFound, wholeField } from '#core/fields';
import { permit } from '#core/permission';
import type { UnitOfWork } from '#core/uow';
import { isId } from '#kernel/ids';
import type { CursorPage } from '#kernel/page';
import type { Scope } from '#kernel/scope';

export interface AuditQuery {
  /** 1 to 200, 50 when left out. */
  readonly limit?: number;
  /** An earlier answer's `next`. */
  readonly after?: string;
}

/** Who changed what: written by every use case that changes something, read here, never changed. */
export interface Audit {
  /** The tenant's own log, newest first. Throws `forbidden` for roles that may not manage, and `invalid`. */
  list(scope: Scope, query?: AuditQuery): Promise<CursorPage<AuditEntry>>;
  /** For the operator: of one tenant, or of all of them and the platform itself. Throws `invalid`, `not_found`. */
  all(query?: AuditQuery & { tenantId?: string }): Promise<CursorPage<AuditEntry>>;
}

export function makeAudit({ uow }: { uow: UnitOfWork }): Audit {
  return {
    async list(scope, query = {}) {
      permit(scope, 'manage');
      const page = pageOf(query);
      return uow.ask(scope, (repos) => repos.trail.list(page));
    },
    async all({ tenantId, ...query } = {}) {
      const page = pageOf(query);
      if (tenantId !== undefined && !isId('ten', tenantId)) throw notFound('Tenant');
      return uow.system.ask((repos) => repos.trail.list({ ...page, tenantId: tenantId ?? null }));
    },
  };
}

function pageOf({ limit = 50, after }: AuditQuery): AuditPage {
  if (after !== undefined && !isId('aud', after)) throw invalid('after', 'after is no page of this list.');
  return { limit: wholeField(limit, 'limit', { min: 1, max: 200 }), after: after ?? null };
}
