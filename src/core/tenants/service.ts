import type { MemberView } from '#core/members/member';
import type { Plan } from '#core/plans/plan';
import type { Tenant } from '#core/tenants/tenant';
import type { Scope } from '#kernel/scope';

export interface Tenants {
  get(scope: Scope): Promise<{ tenant: Tenant; plan: Plan }>;
  /** Throws `invalid` (`name`, `timezone`) and `forbidden`. */
  update(scope: Scope, change: { name?: string; timezone?: string }): Promise<Tenant>;
  members(scope: Scope): Promise<MemberView[]>;
  /** Whether anyone has signed up yet. */
  setupCompleted(): Promise<boolean>;
}
