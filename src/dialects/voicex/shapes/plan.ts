import { type Static, Type } from 'typebox';
import type { Plan } from '#core/plans/plan';
import type { FoundModel } from '#core/plans/service';
import type { Tenant } from '#core/tenants/tenant';
import { nullable } from '#http/operation';
import { usdFromMicros } from '#kernel/money';
import { Id } from '../schemas.ts';

const LimitsBody = Type.Object({
  maxAgents: Type.Integer({ examples: [10] }),
  maxConcurrentCalls: Type.Integer({ examples: [10] }),
  maxCallDurationSec: Type.Integer({ examples: [1800] }),
  maxMonthlyMinutes: Type.Integer({ examples: [2000] }),
});

const FeaturesBody = Type.Object({ customProviders: Type.Boolean(), maxCustomProviders: Type.Integer() });

const ModelNames = Type.Array(Type.String({ description: 'Provider key, slash, model id.' }));

export const PublicPlanBody = Type.Object({
  slug: Type.String({ examples: ['pro'] }),
  name: Type.String({ examples: ['Pro'] }),
  description: Type.String({ examples: ['For growing teams'] }),
  pricing: Type.Object({
    monthly: Type.Number({ description: 'US dollars a month.' }),
    annual: Type.Number({ description: 'US dollars a year.' }),
    maxDiscountPercent: Type.Number(),
  }),
  limits: LimitsBody,
  features: FeaturesBody,
});

export const PlanBody = Type.Object({
  slug: Type.String({ examples: ['pro'] }),
  name: Type.String({ examples: ['Pro'] }),
  limits: LimitsBody,
  models: Type.Object({ llm: ModelNames, tts: ModelNames, stt: ModelNames }),
  features: FeaturesBody,
});

export const OrganizationInfoBody = Type.Object({
  _id: Id,
  name: Type.String({ examples: ['Pro'] }),
  status: Type.String(),
  planSlug: Type.String({ examples: ['pro'] }),
  planName: Type.String({ examples: ['Pro'] }),
  limits: LimitsBody,
});

export const FoundModelBody = Type.Object({
  providerId: Id,
  providerKey: Type.String({ examples: ['openai'] }),
  providerName: Type.String({ examples: ['OpenAI'] }),
  modelId: Type.String({ examples: ['gpt-4o'] }),
  label: Type.String({ examples: ['GPT-4o'] }),
  source: Type.Enum(['global', 'client']),
  allowed: Type.Boolean(),
  requiredPlan: nullable(Type.String()),
});

/** A plan as a pricing page shows it. */
export function showPublicPlan(plan: Plan): Static<typeof PublicPlanBody> {
  return {
    slug: plan.slug,
    name: plan.name,
    description: plan.description,
    pricing: {
      monthly: usdFromMicros(plan.pricing.monthlyMicros),
      annual: usdFromMicros(plan.pricing.annualMicros),
      maxDiscountPercent: plan.pricing.maxDiscountPercent,
    },
    limits: showLimits(plan),
    features: showFeatures(plan),
  };
}

/** The plan of the organization that asks. */
export function showPlan(plan: Plan): Static<typeof PlanBody> {
  const { llm, tts, stt } = plan.models;
  return {
    slug: plan.slug,
    name: plan.name,
    limits: showLimits(plan),
    models: { llm: [...llm], tts: [...tts], stt: [...stt] },
    features: showFeatures(plan),
  };
}

export function showOrganizationInfo(of: {
  tenant: Tenant;
  plan: Plan;
}): Static<typeof OrganizationInfoBody> {
  return {
    _id: of.tenant.id,
    name: of.tenant.name,
    status: of.tenant.status,
    planSlug: of.plan.slug,
    planName: of.plan.name,
    limits: showLimits(of.plan),
  };
}

export function showFoundModel(model: FoundModel): Static<typeof FoundModelBody> {
  return { ...model };
}

function showLimits({ limits }: Plan): Static<typeof LimitsBody> {
  return { ...limits };
}

function showFeatures({ features }: Plan): Static<typeof FeaturesBody> {
  return { customProviders: features.customProviders, maxCustomProviders: features.maxCustomProviders };
}
