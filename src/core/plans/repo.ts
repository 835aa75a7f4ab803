import type { Plan } from '#core/plans/plan';

/** Plans, which belong to no tenant. */
export interface PlanRepo {
  find(slug: string): Promise<Plan | null>;
  /** By rank, smallest first. */
  list(): Promise<Plan[]>;
}

export interface PlanDirectory extends PlanRepo {
  /** Creates or replaces. */
  put(plan: Plan): Promise<void>;
  /** Adds those whose slug is free and leaves the others as they are. */
  seed(plans: readonly Plan[]): Promise<void>;
}
