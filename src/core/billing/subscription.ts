import type { SubscriptionStatus } from '#core/ports';
import type { TenantId } from '#kernel/ids';

/** What the vendor last said of one subscription. */
export interface SubscriptionState {
  readonly status: SubscriptionStatus;
  /** The vendor's time of it, ms since 1970. */
  readonly atMs: number;
}

/** What the payment vendor says of a tenant. */
export interface Subscription {
  readonly tenantId: TenantId;
  /** The vendor's own ids. The subscription is the one that counts, of all in `states`; null before the first. */
  readonly customerRef: string | null;
  readonly subscriptionRef: string | null;
  readonly status: SubscriptionStatus;
  readonly hasPaymentMethod: boolean;
  /** When the vendor said so. */
  readonly statusAt: Date;
  /** By the vendor's id of the subscription: whoever cancels one and takes another has had two. */
  readonly states: Readonly<Record<string, SubscriptionState>>;
  readonly createdAt: Date;
}

/** Of two that the vendor tells of the same moment, the higher one is the later. */
const RANK: Record<SubscriptionStatus, number> = {
  incomplete: 0,
  unpaid: 1,
  past_due: 2,
  active: 3,
  canceled: 4,
};

/** Which of several subscriptions counts. */
const WORTH: Record<SubscriptionStatus, number> = {
  canceled: 0,
  incomplete: 1,
  unpaid: 2,
  past_due: 3,
  active: 4,
};

/** Whether the tenant is served: a payment that is late is waited for. */
export function isLive({ status }: Pick<Subscription, 'status'>): boolean {
  return status === 'active' || status === 'past_due';
}

/**
 * Takes in what the vendor says of one subscription. The outcome depends on all that was said, in whatever order, and
 * saying it again changes nothing; the same object comes back where nothing changes. A canceled subscription stays so.
 */
export function withSaid(
  now: Subscription,
  said: { subscriptionRef: string; status: SubscriptionStatus; at: Date },
): Subscription {
  const before = now.states[said.subscriptionRef];
  const after = { status: said.status, atMs: said.at.getTime() };
  if (before && !supersedes(after, before)) return now;
  const states = { ...now.states, [said.subscriptionRef]: after };
  const [subscriptionRef, { status, atMs }] = Object.entries(states).reduce((a, b) => (counts(b, a) ? b : a));
  return { ...now, subscriptionRef, status, statusAt: new Date(atMs), states };
}

function supersedes(after: SubscriptionState, before: SubscriptionState): boolean {
  if ((after.status === 'canceled') !== (before.status === 'canceled')) return after.status === 'canceled';
  if (after.atMs !== before.atMs) return after.atMs > before.atMs;
  return RANK[after.status] > RANK[before.status];
}

type Entry = readonly [ref: string, state: SubscriptionState];

function counts([aRef, a]: Entry, [bRef, b]: Entry): boolean {
  if (a.status !== b.status) return WORTH[a.status] > WORTH[b.status];
  return a.atMs === b.atMs ? aRef > bRef : a.atMs > b.atMs;
}
