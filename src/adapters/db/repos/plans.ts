import { asc, eq } from 'drizzle-orm';
import type { Plan } from '#core/plans/plan';
import type { PlanDirectory, PlanRepo } from '#core/plans/repo';
import { plans } from '../tables/tenants.ts';
import { type Session, single } from './session.ts';

export function planRepo(session: Session): PlanRepo {
  return {
    find: async (slug) => single<Plan>(await session.select().from(plans).where(eq(plans.slug, slug))),
    list: (): Promise<Plan[]> => session.select().from(plans).orderBy(asc(plans.rank), asc(plans.slug)),
  };
}

export function planDirectory(session: Session): PlanDirectory {
  return {
    ...planRepo(session),
    async put(plan) {
      const { slug, ...rest } = plan;
      await session.insert(plans).values(plan).onConflictDoUpdate({ target: plans.slug, set: rest });
    },
    async seed(seeds) {
      await session
        .insert(plans)
        .values([...seeds])
        .onConflictDoNothing({ target: plans.slug });
    },
  };
}
