import { Type } from 'typebox';
import { type RouteModule, scopeOf } from '#http/dialect';
import { operation } from '#http/operation';
import type { VeevoDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { SubscriptionBody, showSubscription } from '../shapes/subscription.ts';

const TAG = 'Billing';

const openBillingPortal = {
  ...operation('openBillingPortal', TAG, 'Get a link to the billing portal'),
  response: {
    200: Type.Object({ url: Type.String({ format: 'uri' }) }),
    ...failures(401, 402, 403),
  },
};

const openCheckout = {
  ...operation('openCheckout', TAG, 'Get a link to where the account is paid for, should the first be lost'),
  response: {
    200: Type.Object({ url: Type.String({ format: 'uri' }) }),
    ...failures(400, 401, 403),
  },
};

const getSubscription = {
  ...operation('getSubscription', TAG, 'Show subscription state, prices and totals'),
  response: { 200: SubscriptionBody, ...failures(401, 403) },
};

/** The vendor's pages, and what the subscription is. */
export const billingRoutes =
  ({ services: { billing, usage } }: VeevoDeps): RouteModule =>
  (app) => {
    const config = { idempotent: true };
    app.post('/api/billing/portal', { config, schema: openBillingPortal }, async (request) => {
      const { url } = await billing.portal(scopeOf(request));
      return { url };
    });

    app.post('/api/billing/checkout', { config, schema: openCheckout }, async (request) => {
      const { url } = await billing.startCheckout(scopeOf(request));
      return { url };
    });

    app.get('/api/billing/subscription', { schema: getSubscription }, async (request) => {
      const scope = scopeOf(request);
      return showSubscription(await billing.subscription(scope), await usage.totals(scope));
    });
  };
