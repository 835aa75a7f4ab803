import type { Plan } from '#core/plans/plan';
import type { PlanRepo } from '#core/plans/repo';
import type { Tenant } from '#core/tenants/tenant';
import { DomainError } from '#kernel/errors';

/** The plan of a tenant; every tenant has one. */
export async function planOf(repos: { plans: PlanRepo }, tenant: Tenant): Promise<Plan> {
  const plan = await repos.plans.find(tenant.planSlug);
  if (plan) return plan;
  throw new DomainError('internal', 'Something went wrong on our side.', {
    internal: `tenant ${tenant.id} is on the unknown plan ${tenant.planSlug}`,
  });
}
