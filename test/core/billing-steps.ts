import Stripe from 'stripe';
import type { SignedRequest } from '#core/ports';
import type { Scope } from '#kernel/scope';
import type { Platform } from '#test/core/platform';

/** The last part of a page's address. */
export const refOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

export interface Told {
  id?: string;
  type: string;
  /** Seconds since 1970; now when left out. */
  created?: number;
  object: object;
  previous?: object;
}

export const subscriptionEvent = (customer: string, id: string, status: string, created: number): Told => ({
  type: status === 'canceled' ? 'customer.subscription.deleted' : 'customer.subscription.updated',
  created,
  object: { id, object: 'subscription', customer, status },
});

/** The steps of a tenant that pays, and of the vendor that tells of it. */
export function billingSteps(platform: () => Platform) {
  let eventCount = 0;
  /** A tenant on `payg` that has not paid. */
  const unpaid = async (): Promise<Scope> => {
    const { scope } = await platform().tenant('payg');
    await platform().oversight.updateTenant(scope.tenantId, { status: 'inactive' });
    return scope;
  };
  return {
    unpaid,
    async paid(): Promise<Scope> {
      const scope = await unpaid();
      const { url } = await platform().billing.startCheckout(scope);
      await platform().payments.desk.pay(refOf(url));
      return scope;
    },
    statusOf: async (scope: Scope) => (await platform().billing.subscription(scope)).status,
    async customerOf(scope: Scope): Promise<string> {
      const query = 'select customer_ref as ref from subscriptions where tenant_id = $1';
      return (await platform().rows<{ ref: string }>(query, [scope.tenantId]))[0]!.ref;
    },
    /** A webhook as the vendor sends it. */
    webhook(told: Told, secret = platform().payments.webhookSecret): SignedRequest {
      const nowSec = Math.floor(platform().clock.nowMs() / 1_000);
      const { id = `evt_test_${++eventCount}`, type, created = nowSec, object, previous } = told;
      const data = { object, ...(previous && { previous_attributes: previous }) };
      const payload = JSON.stringify({ id, object: 'event', type, created, data });
      const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: nowSec });
      return {
        method: 'POST',
        url: 'https://patchbay.example/webhooks/stripe',
        headers: { 'stripe-signature': signature },
        rawBody: Buffer.from(payload),
        form: {},
      };
    },
  };
}
