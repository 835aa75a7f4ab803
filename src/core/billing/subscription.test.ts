import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SubscriptionStatus } from '#core/ports';
import type { TenantId } from '#kernel/ids';
import { type Subscription, withSaid } from './subscription.ts';

const NEW: Subscription = {
  tenantId: 'ten_1' as TenantId,
  customerRef: 'cus_1',
  subscriptionRef: null,
  status: 'incomplete',
  hasPaymentMethod: false,
  statusAt: new Date(0),
  states: {},
  createdAt: new Date(0),
};

type Said = [subscriptionRef: string, status: SubscriptionStatus, atSec: number];

const having = (...said: readonly Said[]): Subscription =>
  said.reduce(
    (now, [subscriptionRef, status, atSec]) =>
      withSaid(now, { subscriptionRef, status, at: new Date(atSec * 1_000) }),
    NEW,
  );

const told = (...said: readonly Said[]) => {
  const { subscriptionRef, status } = having(...said);
  return [subscriptionRef, status];
};

describe('what is said of a subscription', () => {
  it('counts by its time, not by when it arrives', () => {
    expect(told(['a', 'past_due', 20], ['a', 'active', 10])).toEqual(['a', 'past_due']);
    expect(told(['a', 'incomplete', 20], ['a', 'active', 20])).toEqual(['a', 'active']);
    expect(told(['a', 'active', 20], ['a', 'incomplete', 20])).toEqual(['a', 'active']);
  });

  it('ends it for good', () => {
    expect(told(['a', 'canceled', 20], ['a', 'active', 20])).toEqual(['a', 'canceled']);
    expect(told(['a', 'canceled', 20], ['a', 'active', 30])).toEqual(['a', 'canceled']);
    expect(told(['a', 'active', 30], ['a', 'canceled', 20])).toEqual(['a', 'canceled']);
  });

  it('ends no other: who takes a new one while the old one runs out is served', () => {
    expect(told(['a', 'past_due', 10], ['a', 'canceled', 50], ['b', 'active', 40])).toEqual(['b', 'active']);
    expect(told(['b', 'active', 40], ['a', 'canceled', 50])).toEqual(['b', 'active']);
    expect(told(['b', 'incomplete', 60], ['a', 'active', 50])).toEqual(['a', 'active']);
  });

  it('leaves the same object where it changes nothing', () => {
    const now = having(['a', 'active', 10]);
    expect(withSaid(now, { subscriptionRef: 'a', status: 'active', at: new Date(10_000) })).toBe(now);
  });

  it('comes to the same in whatever order and however often it arrives', () => {
    const said = fc.tuple(
      fc.constantFrom('a', 'b', 'c'),
      fc.constantFrom<SubscriptionStatus>('incomplete', 'active', 'past_due', 'unpaid', 'canceled'),
      fc.integer({ min: 0, max: 4 }),
    );
    const shuffled = fc
      .array(said, { minLength: 1, maxLength: 8 })
      .chain((all) =>
        fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })),
      );
    fc.assert(
      fc.property(shuffled, ([all, again]) => {
        const [one, other] = [having(...all), having(...again)];
        // The order of keys is nobody's concern.
        expect(other).toEqual(one);
      }),
      { numRuns: 500 },
    );
  });
});
