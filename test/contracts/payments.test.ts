import Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { METERED_PRICE } from '#adapters/payments/sandbox/vendor-events';
import { stripePayments } from '#adapters/payments/stripe/stripe-payments';
import type { Payments, SignedRequest } from '#core/ports';
import { newId } from '#kernel/ids';
import { openPlatform, type Platform } from '#test/core/platform';
import { ManualClock } from '#test/support/manual-clock';
import { STRIPE_KEY, type StripeServer, startStripe } from '#test/support/vendors/stripe-server';
import { CONTRACT, newCustomer, orderFor, type PaymentVendor } from './payments.ts';

const WEBHOOK_SECRET = 'whsec_of_the_contract';
const signal = new AbortController().signal;

let p: Platform;
let clock: ManualClock;
let server: StripeServer;
let sandbox: PaymentVendor;
let stripe: PaymentVendor;

beforeAll(async () => {
  p = await openPlatform();
  clock = new ManualClock({ startMs: Date.UTC(2026, 4, 12, 15) });
  server = await startStripe(() => clock.nowMs());
  sandbox = sandboxVendor();
  stripe = stripeVendor();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await p.close();
});
beforeEach(() => {
  server.mode = 'ok';
  server.requests.length = 0;
});

function signed(event: object, { secret, nowMs }: { secret: string; nowMs: number }): SignedRequest {
  const payload = JSON.stringify(event);
  const timestamp = Math.floor(nowMs / 1_000);
  const header = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
  const rawBody = Buffer.from(payload);
  const url = 'https://patchbay.example/webhooks/stripe';
  return { method: 'POST', url, headers: { 'stripe-signature': header }, rawBody, form: {} };
}

function sandboxVendor(): PaymentVendor {
  const { payments } = p;
  return {
    payments,
    nowMs: () => p.clock.nowMs(),
    advance: (ms) => p.clock.advance(ms),
    signed: (event) => signed(event, { secret: payments.webhookSecret, nowMs: p.clock.nowMs() }),
    meteredPrice: METERED_PRICE,
    async meteredSeconds(customerRef) {
      return (await payments.desk.portal(await portalOf(customerRef))).meteredSeconds;
    },
    addCard: async (customerRef) => payments.desk.addPaymentMethod(await portalOf(customerRef)),
  };
}

async function portalOf(customerRef: string): Promise<string> {
  const { url } = await p.payments.portal({ customerRef, returnUrl: 'https://patchbay.example/' }, signal);
  return url.slice(url.lastIndexOf('/') + 1);
}

function stripeVendor(): PaymentVendor {
  const payments = stripePayments({
    secretKey: STRIPE_KEY,
    webhookSecret: WEBHOOK_SECRET,
    basePrice: 'price_base',
    meteredPrice: 'price_metered',
    meter: 'call_seconds',
    apiUrl: server.url,
    clock,
  });
  return {
    payments,
    nowMs: () => clock.nowMs(),
    advance: (ms) => clock.advance(ms),
    signed: (event) => signed(event, { secret: WEBHOOK_SECRET, nowMs: clock.nowMs() }),
    meteredPrice: 'price_metered',
    meteredSeconds: async (customerRef) => server.meteredSeconds(customerRef),
    addCard: async (customerRef) => void server.cards.add(customerRef),
  };
}

describe('payments contract: the sandbox', () => {
  it.each(CONTRACT)('$name', ({ run }) => run(sandbox));
});

describe('payments contract: Stripe', () => {
  it.each(CONTRACT)('$name', ({ run }) => run(stripe));
});

describe('payments contract: a double that is broken is found out', () => {
  const broken: Record<string, [fault: (good: PaymentVendor) => Partial<Payments>, foundBy: RegExp]> = {
    'makes a page each time': [
      ({ payments }) => ({
        checkout: (order, abort) => payments.checkout({ ...order, checkoutId: newId('chk') }, abort),
      }),
      /^a checkout has one page/,
    ],
    'counts repetitions': [
      ({ payments }) => ({
        reportSeconds: (report, abort) =>
          payments.reportSeconds({ ...report, identifier: newId('call') }, abort),
      }),
      /^seconds count once/,
    ],
    'never has a card': [() => ({ hasPaymentMethod: async () => false }), /^whether there is a card/],
    'opens a portal for anybody': [
      () => ({ portal: async () => ({ url: 'https://patchbay.example/portal' }) }),
      /^the portal opens for a customer/,
    ],
    'believes anything': [
      ({ payments, signed: sign }) => ({
        readWebhook: ({ rawBody }) => payments.readWebhook(sign(JSON.parse(Buffer.from(rawBody).toString()))),
      }),
      /^a webhook with no signature/,
    ],
    'hears nothing': [() => ({ readWebhook: () => null }), /^each event of interest/],
    'does what was called off': [
      ({ payments }) => ({ reportSeconds: (report) => payments.reportSeconds(report, signal) }),
      /^an aborted question/,
    ],
  };

  it.each(Object.entries(broken))('that %s', async (_name, [fault, foundBy]) => {
    const vendor = { ...sandbox, payments: { ...sandbox.payments, ...fault(sandbox) } };
    const check = CONTRACT.find(({ name }) => foundBy.test(name))!;
    await expect(check.run(vendor)).rejects.toThrow();
  });
});

describe('Stripe', () => {
  it('is asked for a subscription of a base and a metered price, in documented fields, with idempotency keys', async () => {
    const customerRef = await newCustomer(stripe);
    const order = orderFor(customerRef);
    await stripe.payments.checkout(order, signal);
    const [customer, checkout] = server.requests;
    expect(customer).toMatchObject({
      path: '/v1/customers',
      fields: { name: 'Acme', email: 'a@acme.example' },
    });
    expect(customer!.idempotencyKey).toMatch(/^customer:ten_/);
    expect(checkout).toMatchObject({
      path: '/v1/checkout/sessions',
      idempotencyKey: `checkout:${order.checkoutId}`,
      fields: {
        mode: 'subscription',
        customer: customerRef,
        client_reference_id: order.checkoutId,
        'line_items[0][price]': 'price_base',
        'line_items[0][quantity]': '1',
        'line_items[1][price]': 'price_metered',
        'subscription_data[metadata][tenantId]': order.tenantId,
        success_url: order.successUrl,
        cancel_url: order.cancelUrl,
      },
    });
  });

  it('that does not like an address takes the customer without it', async () => {
    const order = { tenantId: newId('ten'), name: 'Acme', email: 'no address' };
    expect((await stripe.payments.customer(order, signal)).customerRef).toMatch(/^cus_/);
    expect(server.requests.map(({ fields }) => fields.email)).toEqual(['no address', undefined]);
  });

  it('is told the seconds of a call under its id, as of the time it ended', async () => {
    const customerRef = await newCustomer(stripe);
    const at = new Date(clock.nowMs() - 5_500);
    await stripe.payments.reportSeconds({ customerRef, identifier: 'call_1', seconds: 47, at }, signal);
    expect(server.requests.at(-1)!.fields).toEqual({
      event_name: 'call_seconds',
      identifier: 'call_1',
      timestamp: String(Math.floor(at.getTime() / 1_000)),
      'payload[stripe_customer_id]': customerRef,
      'payload[value]': '47',
    });
  });

  it.each(['refused', 'rate_limited', 'down', 'lost'] as const)(
    'that is %s is an upstream error which tells nothing of the key',
    async (mode) => {
      const customerRef = await newCustomer(stripe);
      server.mode = mode;
      const report = { customerRef, identifier: newId('call'), seconds: 5, at: new Date(clock.nowMs()) };
      const failed = await stripe.payments.reportSeconds(report, signal).catch((error: unknown) => error);
      expect(failed).toMatchObject({ name: 'DomainError', code: 'upstream' });
      const told = failed as Error;
      expect(`${told.message} ${told.stack} ${JSON.stringify(told)} ${String(told.cause)}`).not.toContain(
        STRIPE_KEY,
      );
    },
  );

  it('whose answer was lost is asked again, and has counted once', async () => {
    const customerRef = await newCustomer(stripe);
    const report = { customerRef, identifier: newId('call'), seconds: 5, at: new Date(clock.nowMs()) };
    server.mode = 'lost';
    await expect(stripe.payments.reportSeconds(report, signal)).rejects.toMatchObject({ code: 'upstream' });
    server.mode = 'ok';
    await stripe.payments.reportSeconds(report, signal);
    expect(server.meteredSeconds(customerRef)).toBe(5);
  });

  it('that stalls is left alone when time is up', async () => {
    const customerRef = await newCustomer(stripe);
    server.mode = 'stalled';
    const abort = new AbortController();
    const asked = stripe.payments.hasPaymentMethod(customerRef, abort.signal);
    abort.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  });
});
