import { auditEntry } from '#core/audit/record';
import { flagField, invalid, notFound, wholeField, wordField } from '#core/fields';
import type { IssuedKey, KeyForm } from '#core/keys/key';
import { issueKey } from '#core/keys/service';
import type { MemberView } from '#core/members/member';
import type { TenantSummary } from '#core/tenants/repo';
import { TENANT_STATUSES, type TenantStatus } from '#core/tenants/tenant';
import type { UnitOfWork } from '#core/uow';
import type { User } from '#core/users/user';
import type { Clock } from '#kernel/clock';
import { isId, type TenantId } from '#kernel/ids';
import type { CursorPage } from '#kernel/page';
import type { Actor } from '#kernel/scope';

/** What whoever runs the server does to tenants and users. The caller has been checked to be the operator. */
export interface Oversight {
  /** Newest first; `limit` 1 to 200, 50 when left out. Throws `invalid` for an `after` that no answer gave. */
  tenants(filter: { query?: string; limit?: number; after?: string }): Promise<CursorPage<TenantSummary>>;
  /** Throws `not_found`. */
  tenant(id: string): Promise<TenantSummary & { members: MemberView[] }>;
  /** Throws `not_found`, or `invalid` (`status`, `plan`) for an unknown value. */
  updateTenant(id: string, change: { status?: TenantStatus; plan?: string }): Promise<TenantSummary>;
  /** `form` is `va` when left out. Throws `not_found`, `invalid`. */
  issueKey(tenantId: string, order: { label?: string; form?: KeyForm }): Promise<IssuedKey>;
  /** Throws `not_found`. */
  updateUser(email: string, change: { superuser?: boolean; passwordChangeRequired?: boolean }): Promise<User>;
}

const OPERATOR: Actor = { kind: 'operator' };

export function makeOversight({ uow, clock }: { uow: UnitOfWork; clock: Clock }): Oversight {
  const now = () => new Date(clock.nowMs());
  return {
    async tenants({ query = '', limit = 50, after }) {
      if (after !== undefined && !isId('ten', after))
        throw invalid('after', 'after is no page of this list.');
      const page = {
        query: query.trim(),
        limit: wholeField(limit, 'limit', { min: 1, max: 200 }),
        after: after ?? null,
      };
      return uow.system.read((repos) => repos.tenants.list(page));
    },
    tenant: (id) =>
      uow.system.read(async (repos) => {
        const summary = await repos.tenants.find(tenantId(id));
        if (!summary) throw notFound('Tenant');
        return { ...summary, members: await repos.members.ofTenant(summary.tenant.id) };
      }),
    async updateTenant(id, { status, plan }) {
      const change = {
        ...(status === undefined ? {} : { status: wordField(status, 'status', TENANT_STATUSES) }),
        ...(plan === undefined ? {} : { planSlug: plan }),
      };
      return uow.system.write(async (tx) => {
        if (plan !== undefined && !(await tx.plans.find(plan))) throw invalid('plan', 'plan names no plan.');
        if (!(await tx.tenants.update(tenantId(id), change))) throw notFound('Tenant');
        const deed = { tenantId: tenantId(id), action: 'tenant.updated', target: id, details: change };
        await tx.audit.add(auditEntry(OPERATOR, deed, now()));
        return (await tx.tenants.find(tenantId(id)))!;
      });
    },
    async issueKey(id, { label, form = 'va' }) {
      return uow.system.write(async (tx) => {
        const summary = await tx.tenants.find(tenantId(id));
        if (!summary) throw notFound('Tenant');
        const order = { tenantId: summary.tenant.id, actor: OPERATOR, form, label };
        return issueKey(tx.forTenant(summary.tenant.id), order, now());
      });
    },
    async updateUser(email, change) {
      const checked = userChange(change);
      return uow.system.write(async (tx) => {
        const before = await tx.users.findByEmail(email);
        const user =
          before && Object.keys(checked).length > 0 ? await tx.users.update(before.id, checked) : before;
        if (!user) throw notFound('User');
        const deed = { tenantId: null, action: 'user.updated', target: user.id, details: checked };
        await tx.audit.add(auditEntry(OPERATOR, deed, now()));
        return user;
      });
    },
  };
}

function userChange({ superuser, passwordChangeRequired }: Parameters<Oversight['updateUser']>[1]) {
  const flag = (name: string, value: unknown) =>
    value === undefined ? {} : { [name]: flagField(value, name) };
  return { ...flag('superuser', superuser), ...flag('passwordChangeRequired', passwordChangeRequired) };
}

function tenantId(id: string): TenantId {
  if (isId('ten', id)) return id;
  throw notFound('Tenant');
}
