import { auditEntry } from '#core/audit/record';
import { wholeField, wordField } from '#core/fields';
import { PLAN_CATALOGUE, withEmbedded } from '#core/plans/catalogue';
import { draftedPlan, type PlanDraft } from '#core/plans/draft';
import { cursorAfter, type FoundModel, matchingModels, modelsAfter } from '#core/plans/model-search';
import { MODEL_CATEGORIES, type ModelCategory, type Plan } from '#core/plans/plan';
import type { UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import type { OffsetPage } from '#kernel/page';
import type { Scope } from '#kernel/scope';

export type { FoundModel, PlanDraft };

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
   * `after` is an earlier answer's `next`, which stays good while models are added; `skip` counts from there. Throws
   * `invalid` (`category`, `skip`, `limit`, `after`).
   */
  searchModels(
    scope: Scope,
    search: { category: ModelCategory; query: string; skip: number; limit: number; after?: string },
  ): Promise<OffsetPage<FoundModel> & { next: string | null }>;
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
        plan: (await repos.tenant.withPlan()).plan,
        plans: await repos.plans.list(),
        providers: await repos.providers.list({ category }),
      }));
      const matches = matchingModels(found, search.query);
      const from = search.after === undefined ? matches : modelsAfter(matches, search.after);
      const items = from.slice(skip, skip + limit);
      const isLast = skip + items.length >= from.length;
      return { items, total: matches.length, next: isLast ? null : cursorAfter(items.at(-1)!) };
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
