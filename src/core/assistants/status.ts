import type { Assistant, AssistantView } from '#core/assistants/assistant';
import { MODEL_CATEGORIES, type ModelCategory, type Plan, planAllows } from '#core/plans/plan';
import { planOf } from '#core/plans/plan-of';
import type { Provider } from '#core/providers/provider';
import type { Tenant, TenantStatus } from '#core/tenants/tenant';
import type { Repos } from '#core/uow';
import { monthStart } from '#core/usage/month';
import type { ProviderId } from '#kernel/ids';

/** All that decides whether a tenant's assistants can answer. */
export interface Circumstances {
  readonly tenant: Tenant;
  readonly plan: Plan;
  readonly providers: ReadonlyMap<ProviderId, Provider>;
  /** Minutes left this month; null where the plan sets no end. */
  readonly minutesLeft: number | null;
}

type CircumstanceRepos = Pick<Repos, 'tenant' | 'plans' | 'providers' | 'usage'>;

/** Reads them within a transaction. `tenant` spares reading what the caller has locked. */
export async function circumstances(
  repos: CircumstanceRepos,
  nowMs: number,
  tenant?: Tenant,
): Promise<Circumstances> {
  const [known, providers, { minutes }] = await Promise.all([
    tenant ? planOf(repos, tenant).then((plan) => ({ tenant, plan })) : repos.tenant.withPlan(),
    repos.providers.list(),
    repos.usage.since(monthStart(nowMs)),
  ]);
  return {
    ...known,
    providers: new Map(providers.map((provider) => [provider.id, provider])),
    minutesLeft: minutesLeft(known.plan, minutes),
  };
}

function minutesLeft({ features, limits }: Plan, used: number): number | null {
  return features.overage ? null : Math.max(0, limits.maxMonthlyMinutes - used);
}

/** An assistant with its computed status. */
export function viewOf(assistant: Assistant, around: Circumstances): AssistantView {
  const pauseReason = reasonToPause(assistant, around);
  const own = assistant.thresholds.maxCallDurationSec;
  const most = around.plan.limits.maxCallDurationSec;
  return {
    ...assistant,
    status: pauseReason === null ? 'active' : 'paused',
    pauseReason,
    effectiveMaxCallDurationSec: own === null ? most : Math.min(own, most),
  };
}

const OUT_OF_USE: Record<Exclude<TenantStatus, 'active'>, string> = {
  pending: 'The organization is waiting for approval.',
  inactive: 'The account is not active yet.',
  suspended: 'The organization is suspended.',
};

/** What keeps the assistant from answering, most telling first; null when nothing does. */
function reasonToPause(assistant: Assistant, around: Circumstances): string | null {
  if (!assistant.active) return 'The agent is switched off.';
  if (around.tenant.status !== 'active') return OUT_OF_USE[around.tenant.status];
  for (const category of MODEL_CATEGORIES) {
    const reason = modelTrouble(assistant, category, around);
    if (reason) return reason;
  }
  if (around.minutesLeft === 0) return 'The minutes of this month are used up.';
  return null;
}

function modelTrouble(
  assistant: Assistant,
  category: ModelCategory,
  { plan, providers }: Circumstances,
): string | null {
  const { providerId, modelId } = assistant[category];
  const provider = providers.get(providerId);
  if (!provider) return `The ${category} provider does not exist any more.`;
  if (!provider.active) return `The ${category} provider "${provider.name}" is switched off.`;
  if (provider.source === 'global' && !planAllows(plan, category, { ...provider, modelId })) {
    return `The ${category} model ${provider.providerKey}/${modelId} is not part of the plan ${plan.name}.`;
  }
  return null;
}
