import type { CheckoutId, TenantId } from '#kernel/ids';

/** One visit to the payment vendor's page, where a tenant takes up a plan. */
export interface Checkout {
  readonly id: CheckoutId;
  readonly tenantId: TenantId;
  readonly planSlug: string;
  /** The vendor's own id of it; null until the vendor has answered. */
  readonly ref: string | null;
  readonly url: string | null;
  readonly status: 'open' | 'paid' | 'expired';
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}
