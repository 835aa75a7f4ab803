import type { TenantId } from '#kernel/ids';

/** What the payment vendor says of a tenant. */
export interface Subscription {
  readonly tenantId: TenantId;
  /** The vendor's own ids. */
  readonly customerRef: string | null;
  readonly subscriptionRef: string | null;
  readonly status: 'incomplete' | 'active' | 'past_due' | 'canceled';
  readonly hasPaymentMethod: boolean;
  /** When the vendor said so: what it said earlier and arrives later changes nothing. */
  readonly statusAt: Date;
  readonly createdAt: Date;
}
