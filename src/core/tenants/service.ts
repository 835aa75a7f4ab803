import { auditEntry } from '#core/audit/record';
import { notFound, textField, timezoneField } from '#core/fields';
import type { ApiKey } from '#core/keys/key';
import type { MemberView } from '#core/members/member';
import type { PhoneNumber } from '#core/numbers/number';
import { permit } from '#core/permission';
import type { Plan } from '#core/plans/plan';
import type { Tenant } from '#core/tenants/tenant';
import type { UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import type { Scope } from '#kernel/scope';

export interface Account {
  readonly tenant: Tenant;
  /** Of the oldest owner. */
  readonly ownerEmail: string;
  readonly numbers: readonly PhoneNumber[];
  /** Live ones. */
  readonly keys: readonly ApiKey[];
}

export interface Tenants {
  get(scope: Scope): Promise<{ tenant: Tenant; plan: Plan }>;
  /** The tenant with whom it is known by and what it holds. */
  account(scope: Scope): Promise<Account>;
  /** Throws `invalid` (`name`, `timezone`) and `forbidden`. */
  update(scope: Scope, change: { name?: string; timezone?: string }): Promise<Tenant>;
  members(scope: Scope): Promise<MemberView[]>;
  /** Whether anyone has signed up yet. */
  setupCompleted(): Promise<boolean>;
}

export function makeTenants({ uow, clock }: { uow: UnitOfWork; clock: Clock }): Tenants {
  return {
    get: (scope) => uow.ask(scope, (repos) => repos.tenant.withPlan()),
    account: (scope) =>
      uow.read(scope, async (repos) => {
        const [tenant, members, numbers, keys] = await Promise.all([
          repos.tenant.get(),
          repos.members.list(),
          repos.numbers.list(),
          repos.keys.list(),
        ]);
        const owner = members.find(({ role }) => role === 'owner');
        if (!owner) throw notFound('Owner of the account');
        return { tenant, ownerEmail: owner.email, numbers, keys };
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
