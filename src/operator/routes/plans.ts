import { type Static, Type } from 'typebox';
import type { Plan } from '#core/plans/plan';
import type { PlanDraft, Plans } from '#core/plans/service';
import type { RouteModule } from '#http/dialect';
import { microsFromUsd, usdFromMicros } from '#kernel/money';

const Count = Type.Integer({ minimum: 0 });
const Price = Type.Number({ minimum: 0, maximum: 1_000_000 });
const Models = Type.Array(Type.String({ pattern: '^[^/]+/.+$' }));

const PlanBody = Type.Object({
  name: Type.String({ minLength: 1 }),
  description: Type.String(),
  public: Type.Boolean(),
  custom: Type.Boolean(),
  limits: Type.Object({
    maxAgents: Count,
    maxConcurrentCalls: Count,
    maxCallDurationSec: Count,
    maxMonthlyMinutes: Count,
  }),
  features: Type.Object({
    customProviders: Type.Boolean(),
    maxCustomProviders: Count,
    overage: Type.Optional(Type.Boolean()),
  }),
  models: Type.Object({ llm: Models, tts: Models, stt: Models }),
  pricing: Type.Object({
    monthly: Price,
    annual: Price,
    maxDiscountPercent: Type.Number({ minimum: 0, maximum: 100 }),
    includedMinutes: Type.Optional(Count),
    overagePerMinute: Type.Optional(Price),
  }),
});

const Slug = Type.Object({ slug: Type.String({ pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' }) });

/** The plan catalogue; prices are in US dollars. */
export const planRoutes =
  (plans: Plans): RouteModule =>
  (app) => {
    app.get('/plans', async () => ({ items: (await plans.list()).map(showPlan) }));

    app.put('/plans/:slug', { schema: { params: Slug, body: PlanBody } }, async (request) =>
      showPlan(await plans.put(request.params.slug, readPlan(request.body))),
    );
  };

function readPlan(body: Static<typeof PlanBody>): PlanDraft {
  const { pricing, name, description, custom, limits, features, models } = body;
  return {
    name,
    description,
    public: body.public,
    custom,
    limits,
    features: { ...features, overage: features.overage ?? false },
    models,
    pricing: {
      monthlyMicros: microsFromUsd(pricing.monthly),
      annualMicros: microsFromUsd(pricing.annual),
      maxDiscountPercent: pricing.maxDiscountPercent,
      includedMinutes: pricing.includedMinutes ?? 0,
      overageMicrosPerMinute: microsFromUsd(pricing.overagePerMinute ?? 0),
    },
  };
}

function showPlan(plan: Plan) {
  const { slug, name, description, custom, limits, features, models, pricing } = plan;
  return {
    slug,
    name,
    description,
    public: plan.public,
    custom,
    limits,
    features,
    models,
    pricing: {
      monthly: usdFromMicros(pricing.monthlyMicros),
      annual: usdFromMicros(pricing.annualMicros),
      maxDiscountPercent: pricing.maxDiscountPercent,
      includedMinutes: pricing.includedMinutes,
      overagePerMinute: usdFromMicros(pricing.overageMicrosPerMinute),
    },
  };
}
