import type { PlanPricing } from '#core/plans/plan';
import type { MicroUsd } from '#kernel/money';

/** The time of a call that is paid for: whole seconds, a begun one counted. */
export function billedSeconds(durationMs: number): number {
  return Math.max(0, Math.ceil(durationMs / 1_000));
}

/** Whether each second costs, from the first one on. */
export function isMetered({ includedMinutes, overageMicrosPerMinute }: PlanPricing): boolean {
  return includedMinutes === 0 && overageMicrosPerMinute > 0;
}

/** What a call of so many billed seconds costs, to the nearest micro-dollar; 0 on plans that include minutes. */
export function chargeMicros(seconds: number, pricing: PlanPricing): MicroUsd {
  return isMetered(pricing) ? Math.round((seconds * pricing.overageMicrosPerMinute) / 60) : 0;
}
