import type { MicroUsd } from '#kernel/money';

export type ModelCategory = 'llm' | 'tts' | 'stt';

export const MODEL_CATEGORIES: readonly ModelCategory[] = ['llm', 'tts', 'stt'];

export interface PlanLimits {
  readonly maxAgents: number;
  readonly maxConcurrentCalls: number;
  readonly maxCallDurationSec: number;
  readonly maxMonthlyMinutes: number;
}

export interface PlanFeatures {
  readonly customProviders: boolean;
  readonly maxCustomProviders: number;
  /** Whether calls go on, at the overage rate, once the minutes of the month are used up. */
  readonly overage: boolean;
}

/** Allowed models of global providers, each `providerKey/modelId`. */
export type PlanModels = Readonly<Record<ModelCategory, readonly string[]>>;

export interface PlanPricing {
  readonly monthlyMicros: MicroUsd;
  readonly annualMicros: MicroUsd;
  readonly maxDiscountPercent: number;
  readonly includedMinutes: number;
  readonly overageMicrosPerMinute: MicroUsd;
}

/** What a tenant may use and what it pays. `public` and not `custom`: shown on a pricing page. */
export interface Plan {
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly public: boolean;
  readonly custom: boolean;
  readonly limits: PlanLimits;
  readonly features: PlanFeatures;
  readonly models: PlanModels;
  readonly pricing: PlanPricing;
  /** Orders plans from the smallest up. */
  readonly rank: number;
}

/** Whether the plan lists a model of a global provider. */
export function planAllows(plan: Plan, category: ModelCategory, model: ModelName): boolean {
  return plan.models[category].includes(`${model.providerKey}/${model.modelId}`);
}

export interface ModelName {
  readonly providerKey: string;
  readonly modelId: string;
}
