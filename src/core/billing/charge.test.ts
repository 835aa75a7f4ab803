import { describe, expect, it } from 'vitest';
import { PLAN_CATALOGUE } from '#core/plans/catalogue';
import { billedSeconds, chargeMicros, isMetered } from './charge.ts';

const pricing = (slug: string) => PLAN_CATALOGUE.find((plan) => plan.slug === slug)!.pricing;

describe('billed time', () => {
  it.each([
    [0, 0],
    [-5, 0],
    [1, 1],
    [1_000, 1],
    [1_001, 2],
    [59_999.4, 60],
    [3_600_000, 3_600],
  ])('of %d ms is %d s', (durationMs, seconds) => {
    expect(billedSeconds(durationMs)).toBe(seconds);
  });

  it.each([
    [0, 0],
    [1, 833],
    [47, 39_167],
    [60, 50_000],
    [3_600, 3_000_000],
  ])('of %d s costs %d micro-dollars by the minute', (seconds, micros) => {
    expect(chargeMicros(seconds, pricing('payg'))).toBe(micros);
  });

  it('costs nothing of its own where minutes are included', () => {
    expect(PLAN_CATALOGUE.filter((plan) => isMetered(plan.pricing)).map(({ slug }) => slug)).toEqual([
      'payg',
    ]);
    expect(chargeMicros(60, pricing('pro'))).toBe(0);
  });
});
