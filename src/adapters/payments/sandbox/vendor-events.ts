import type { JsonObject } from '#kernel/json';
import { type Kept, sandboxId } from './objects.ts';

/** Price ids on the lines of the sandbox's invoices. */
export const BASE_PRICE = 'price_sandbox_base';
export const METERED_PRICE = 'price_sandbox_metered';

/** The version whose forms these are. */
const API_VERSION = '2026-10-28.endive';

const seconds = (ms: number) => Math.floor(ms / 1_000);

export interface VendorEvent {
  type: string;
  object: JsonObject;
  previous?: JsonObject;
}

/** An event in the vendor's own JSON form (Stripe, "The Event object"). */
export function vendorEvent({ type, object, previous }: VendorEvent, at: Date): JsonObject & { id: string } {
  return {
    id: sandboxId('evt'),
    object: 'event',
    api_version: API_VERSION,
    created: seconds(at.getTime()),
    type,
    data: { object, ...(previous && { previous_attributes: previous }) },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
  };
}

export function sessionForm(
  { id, body, createdAt }: Kept<'payments.session'>,
  subscription: string,
): JsonObject {
  const { checkoutId, customerRef: customer, successUrl, cancelUrl, monthlyMicros, expiresAtMs } = body;
  return {
    id,
    object: 'checkout.session',
    mode: 'subscription',
    status: 'complete',
    payment_status: 'paid',
    client_reference_id: checkoutId,
    metadata: { checkoutId },
    customer,
    subscription,
    currency: 'usd',
    amount_total: Math.round(monthlyMicros / 10_000),
    success_url: successUrl,
    cancel_url: cancelUrl,
    created: seconds(createdAt.getTime()),
    expires_at: seconds(expiresAtMs),
    livemode: false,
  };
}

export function subscriptionForm(
  { id, body }: Kept<'payments.subscription'>,
  paymentMethod: string | null,
): JsonObject {
  const item = (price: string) => ({ id: `si_${price}`, object: 'subscription_item', price: { id: price } });
  return {
    id,
    object: 'subscription',
    customer: body.customerRef,
    status: body.status,
    default_payment_method: paymentMethod,
    cancel_at_period_end: false,
    created: seconds(body.sinceMs),
    currency: 'usd',
    items: {
      object: 'list',
      data: [item(BASE_PRICE), ...(body.perMinuteMicros > 0 ? [item(METERED_PRICE)] : [])],
      has_more: false,
    },
    livemode: false,
  };
}

export function invoiceForm({ id, body }: Kept<'payments.invoice'>): JsonObject {
  const { baseCents, meteredCents } = body;
  const total = baseCents + meteredCents;
  const line = (price: string, amount: number, quantity: number) => ({
    id: `il_${price}`,
    object: 'line_item',
    amount,
    currency: 'usd',
    quantity,
    pricing: { type: 'price_details', price_details: { price, product: 'prod_sandbox' } },
  });
  return {
    id,
    object: 'invoice',
    number: body.number,
    customer: body.customerRef,
    status: body.status,
    currency: 'usd',
    total,
    amount_due: total,
    amount_paid: body.status === 'paid' ? total : 0,
    parent: { type: 'subscription_details', subscription_details: { subscription: body.subscriptionRef } },
    lines: {
      object: 'list',
      data: [
        line(BASE_PRICE, baseCents, 1),
        ...(body.seconds > 0 ? [line(METERED_PRICE, meteredCents, body.seconds)] : []),
      ],
      has_more: false,
    },
    created: seconds(body.atMs),
    livemode: false,
  };
}

export function paymentMethodForm(id: string, customer: string | null): JsonObject {
  const card = { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2034 };
  return { id, object: 'payment_method', type: 'card', card, customer, livemode: false };
}
