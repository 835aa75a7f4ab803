import { flagField, invalid, numberField, objectField, textField, wholeField } from '#core/fields';
import { withEmbedded } from '#core/plans/catalogue';
import {
  MODEL_CATEGORIES,
  type Plan,
  type PlanFeatures,
  type PlanLimits,
  type PlanPricing,
} from '#core/plans/plan';
import { MICROS_PER_USD } from '#kernel/money';

/** A plan as the operator writes it; its rank follows from the monthly price. */
export type PlanDraft = Omit<Plan, 'slug' | 'rank'>;

const MOST = 1_000_000_000;
const MOST_MICROS = 1_000_000 * MICROS_PER_USD;

/** The plan that a draft makes, with the embedded models in its lists. Throws `invalid` with the field. */
export function draftedPlan(slug: string, draft: PlanDraft): Plan {
  if (!/^[a-z0-9][a-z0-9_-]{0,63}$/.test(slug)) {
    throw invalid('slug', 'slug must be a word of small letters, digits, - and _.');
  }
  const pricing = pricingField(draft.pricing);
  return {
    slug,
    name: textField(draft.name, 'name', { max: 200 }),
    description: textField(draft.description, 'description', { max: 2_000, empty: true }),
    public: flagField(draft.public, 'public'),
    custom: flagField(draft.custom, 'custom'),
    limits: limitsField(draft.limits),
    features: featuresField(draft.features),
    models: withEmbedded(modelsField(draft.models)),
    pricing,
    rank: Math.round(pricing.monthlyMicros / MICROS_PER_USD),
  };
}

function limitsField(given: PlanLimits): PlanLimits {
  objectField(given, 'limits', 2_000);
  const whole = (key: keyof PlanLimits) => wholeField(given[key], `limits.${key}`, { min: 0, max: MOST });
  return {
    maxAgents: whole('maxAgents'),
    maxConcurrentCalls: whole('maxConcurrentCalls'),
    maxCallDurationSec: whole('maxCallDurationSec'),
    maxMonthlyMinutes: whole('maxMonthlyMinutes'),
  };
}

function featuresField(given: PlanFeatures): PlanFeatures {
  objectField(given, 'features', 2_000);
  const { customProviders, maxCustomProviders, overage } = given;
  return {
    customProviders: flagField(customProviders, 'features.customProviders'),
    maxCustomProviders: wholeField(maxCustomProviders, 'features.maxCustomProviders', { min: 0, max: MOST }),
    overage: flagField(overage, 'features.overage'),
  };
}

function modelsField(given: Plan['models']): Plan['models'] {
  objectField(given, 'models', 1_000_000);
  const lists = MODEL_CATEGORIES.map((category) => {
    const field = `models.${category}`;
    const names: unknown = given[category] ?? [];
    if (!Array.isArray(names)) throw invalid(field, `${field} must be a list.`);
    return [category, names.map((name, at) => modelName(name, `${field}[${at}]`))];
  });
  return Object.fromEntries(lists) as Plan['models'];
}

function modelName(value: unknown, field: string): string {
  const name = textField(value, field, { max: 300 });
  if (!/^[^/]+\/.+$/.test(name))
    throw invalid(field, `${field} must be a provider key, a slash and a model id.`);
  return name;
}

function pricingField(given: PlanPricing): PlanPricing {
  objectField(given, 'pricing', 2_000);
  const micros = (key: 'monthlyMicros' | 'annualMicros' | 'overageMicrosPerMinute') =>
    wholeField(given[key], `pricing.${key}`, { min: 0, max: MOST_MICROS });
  return {
    monthlyMicros: micros('monthlyMicros'),
    annualMicros: micros('annualMicros'),
    maxDiscountPercent: numberField(given.maxDiscountPercent, 'pricing.maxDiscountPercent', {
      min: 0,
      max: 100,
    }),
    includedMinutes: wholeField(given.includedMinutes, 'pricing.includedMinutes', { min: 0, max: MOST }),
    overageMicrosPerMinute: micros('overageMicrosPerMinute'),
  };
}
