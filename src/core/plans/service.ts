import { auditEntry } from '#core/audit/record';
import { wholeField, wordField } from '#core/fields';
import { LARGEST_PLAN, PLAN_CATALOGUE, withEmbedded } from '#core/plans/catalogue';
import { draftedPlan, type PlanDraft } from '#core/plans/draft';
import { MODEL_CATEGORIES, type ModelCategory, type Plan, planAllows } from '#core/plans/plan';
import { planOf } from '#core/plans/plan-of';
import type { Provider } from '#core/providers/provider';
import type { UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import type { ProviderId } from '#kernel/ids';
import type { OffsetPage } from '#kernel/page';
import type { Scope } from '#kernel/scope';

export type { PlanDraft };

/** One model of one provider, as a tenant finds it. */
export interface FoundModel {
  readonly providerId: ProviderId;
  readonly providerKey: string;
  readonly providerName: string;
  readonly modelId: string;
  readonly label: string;
  readonly source: 'global' | 'client';
  readonly allowed: boolean;
  /** The smallest plan that lists the model; null when it is allowed. */
  readonly requiredPlan: string | null;
}

export interface Plans {
  /** Plans that are public and not custom, smallest first. */
  listPublic(): Promise<Plan[]>;
  /** All of them, for the operator. */
  list(): Promise<Plan[]>;
  /** The tenant's plan. */
  ofTenant(scope: Scope): Promise<Plan>;
  /** Creates or replaces; the embedded models always belong. Throws `invalid` with the field. */
  put(slug: string, draft: PlanDraft): Promise<Plan>;
  /**
   * Models of all active providers, the usable ones first, then by provider and label; `skip` from 0, `limit` 1 to 1000.
   * Throws `invalid` (`category`, `skip`, `limit`).
   */
  searchModels(
    scope: Scope,
    search: { category: ModelCategory; query: string; skip: number; limit: number },
  ): Promise<OffsetPage<FoundModel>>;
  /** Adds the plans that come with the software, where they are missing. */
  seed(): Promise<void>;
}

export interface PlanDeps {
  readonly uow: UnitOfWork;
  readonly clock: Clock;
}

export function makePlans({ uow, clock }: PlanDeps): Plans {
  const all = () => uow.system.read((repos) => repos.plans.list());
  return {
    list: all,
    listPublic: async () => (await all()).filter((plan) => plan.public && !plan.custom),
    ofTenant: (scope) => uow.ask(scope, async (repos) => (await repos.tenant.withPlan()).plan),
    async put(slug, draft) {
      const plan = draftedPlan(slug, draft);
      await uow.system.write(async (tx) => {
        await tx.plans.put(plan);
        const deed = { tenantId: null, action: 'plan.put', target: slug };
        await tx.audit.add(auditEntry({ kind: 'operator' }, deed, new Date(clock.nowMs())));
      });
      return plan;
    },
    async searchModels(scope, search) {
      const category = wordField(search.category, 'category', MODEL_CATEGORIES);
      const skip = wholeField(search.skip, 'skip', { min: 0, max: 1_000_000 });
      const limit = wholeField(search.limit, 'limit', { min: 1, max: 1_000 });
      const found = await uow.read(scope, async (repos) => ({
        plan: await planOf(repos, await repos.tenant.get()),
        plans: await repos.plans.list(),
        providers: await repos.providers.list({ category }),
      }));
      const matches = matchingModels(found, search.query);
      return { items: matches.slice(skip, skip + limit), total: matches.length };
    },
    seed: () =>
      uow.system.write(async (tx) => {
        await tx.plans.seed(PLAN_CATALOGUE);
        // A later version may embed models that plans stored by an earlier one do not list.
        for (const plan of await tx.plans.list()) {
          const models = withEmbedded(plan.models);
          const lacks = MODEL_CATEGORIES.some((c) => models[c].length > plan.models[c].length);
          if (lacks) await tx.plans.put({ ...plan, models });
        }
      }),
  };
}

interface Shelf {
  plan: Plan;
  plans: readonly Plan[];
  providers: readonly Provider[];
}

function matchingModels({ plan, plans, providers }: Shelf, query: string): FoundModel[] {
  const wanted = query.trim().toLowerCase();
  const found = providers
    .filter(({ active }) => active)
    .flatMap((provider) =>
      provider.models
        .filter(({ modelId, label }) => `${modelId}\n${label}`.toLowerCase().includes(wanted))
        .map((model): FoundModel => {
          const name = { providerKey: provider.providerKey, modelId: model.modelId };
          const allowed = provider.source === 'client' || planAllows(plan, provider.category, name);
          return {
            providerId: provider.id,
            providerKey: provider.providerKey,
            providerName: provider.name,
            modelId: model.modelId,
            label: model.label,
            source: provider.source,
            allowed,
            requiredPlan: allowed ? null : smallestWith(plans, provider.category, name),
          };
        }),
    );
  return found.sort(
    (a, b) =>
      Number(b.allowed) - Number(a.allowed) ||
      a.providerName.localeCompare(b.providerName) ||
      a.label.localeCompare(b.label) ||
      (a.providerId < b.providerId ? -1 : 1),
  );
}

/** Plans anyone can get come first; `plans` are in order of size. */
function smallestWith(
  plans: readonly Plan[],
  category: ModelCategory,
  name: Parameters<typeof planAllows>[2],
): string {
  const having = plans.filter((plan) => planAllows(plan, category, name));
  return (having.find((plan) => plan.public && !plan.custom) ?? having[0])?.slug ?? LARGEST_PLAN;
}
