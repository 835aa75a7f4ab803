import { type Static, Type } from 'typebox';
import type { TenantStatus } from '#core/tenants/tenant';
import type { UsageTotals } from '#core/usage/usage';
import { AccountStatus, showStatus } from './account.ts';
import { type Prices, priceFields, showPrices } from './usage.ts';

export const SubscriptionBody = Type.Object({
  status: AccountStatus,
  ...priceFields,
  totalCalls: Type.Integer(),
  totalMinutes: Type.Number(),
  hasPaymentMethod: Type.Boolean(),
});

export function showSubscription(
  subscription: Prices & { readonly status: TenantStatus; readonly hasPaymentMethod: boolean },
  { allTime }: UsageTotals,
): Static<typeof SubscriptionBody> {
  return {
    status: showStatus(subscription.status),
    ...showPrices(subscription),
    totalCalls: allTime.calls,
    totalMinutes: allTime.minutes,
    hasPaymentMethod: subscription.hasPaymentMethod,
  };
}
