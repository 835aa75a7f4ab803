import { auditEntry } from '#core/audit/record';
import { textField, timezoneField } from '#core/fields';
import type { MemberView } from '#core/members/member';
import { permit } from '#core/permission';
import type { Plan } from '#core/plans/plan';
import { planOf } from '#core/plans/plan-of';
import type { Tenant } from '#core/tenants/tenant';
import type { UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import type { Scope } from '#kernel/scope';

export interface Tenants {
  get(scope: Scope): Promise<{ tenant: Tenant; plan: Plan }>;
  /** Throws `invalid` (`name`, `timezone`) and `forbidden`. */
  update(scope: Scope, change: { name?: string; timezone?: string }): Promise<Tenant>;
  members(scope: Scope): Promise<MemberView[]>;
  /** Whether anyone has signed up yet. */
  setupCompleted(): Promise<boolean>;
}

export function makeTenants({ uow, clock }: { uow: UnitOfWork; clock: Clock }): Tenants {
  return {
    get: (scope) =>
      uow.read(scope, async (repos) => {
        const tenant = await repos.tenant.get();
        return { tenant, plan: await planOf(repos, tenant) };
      }),
    async update(scope, { name, timezone }) {
      permit(scope, 'manage');
      const change = {
        ...(name === undefined ? {} : { name: textField(name, 'name', { max: 200 }), named: true }),
        ...(timezone === undefined ? {} : { timezone: timezoneField(timezone, 'timezone') }),
      };
      return uow.write(scope, async (tx) => {
        const tenant = await tx.tenant.update(change);
        const deed = { tenantId: tenant.id, action: 'tenant.updated', target: tenant.id };
        const details = { fields: Object.keys(change).filter((field) => field !== 'named') };
        await tx.audit.add(auditEntry(scope.actor, { ...deed, details }, new Date(clock.nowMs())));
        return tenant;
      });
    },
    members: (scope) => uow.read(scope, (repos) => repos.members.list()),
    setupCompleted: () => uow.system.read((repos) => repos.tenants.any()),
  };
}
