import type { ModelCategory, Plan } from '#core/plans/plan';
import type { ProviderId } from '#kernel/ids';
import type { OffsetPage } from '#kernel/page';
import type { Scope } from '#kernel/scope';

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

/** A plan as the operator writes it; rank follows from the monthly price. */
export type PlanDraft = Omit<Plan, 'slug' | 'rank'>;

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
   * Models of all active providers, the usable ones first, then by provider and label; `skip` from 0, `limit` 1 to 100.
   * Throws `invalid` (`category`, `skip`, `limit`).
   */
  searchModels(
    scope: Scope,
    search: { category: ModelCategory; query: string; skip: number; limit: number },
  ): Promise<OffsetPage<FoundModel>>;
  /** Adds the plans that come with the software, where they are missing. */
  seed(): Promise<void>;
}
