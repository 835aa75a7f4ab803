import Stripe from 'stripe';
import type { CheckoutOrder, Payments } from '#core/ports';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { MICROS_PER_USD } from '#kernel/money';
import { readStripeEvent } from './events.ts';

export interface StripeOptions {
  secretKey: string;
  /** `whsec_…` of the webhook endpoint. */
  webhookSecret: string;
  /** Monthly base price of the metered plan; null makes one of the plan's amount for each checkout. */
  basePrice: string | null;
  /** Price for each second, over the meter. */
  meteredPrice: string;
  /** Event name of the meter. */
  meter: string;
  /** Stripe's own when null. */
  apiUrl: string | null;
  clock: Clock;
}

const TIMEOUT_MS = 15_000;
const HOUR_MS = 3_600_000;

/**
 * Stripe: Checkout for the subscription, its portal, and a billing meter of seconds. Questions that make something
 * carry idempotency keys; a report to the meter carries the identifier that the meter itself knows repetitions by.
 */
export function stripePayments(options: StripeOptions): Payments {
  const stripe = openClient(options);
  const { clock } = options;
  return {
    name: 'stripe',
    customer: ({ tenantId, name, email }, signal) =>
      ask(signal, async () => {
        // Stripe repeats an answer for a day, a failure too: the hour lets a tenant out of one.
        const idempotencyKey = `customer:${tenantId}:${Math.floor(clock.nowMs() / HOUR_MS)}`;
        const order = { name, metadata: { tenantId } };
        const { id } = await stripe.customers
          .create({ ...order, ...(email === null ? {} : { email }) }, { idempotencyKey })
          .catch((error: unknown) => {
            if (!isEmailRefused(error)) throw error;
            return stripe.customers.create(order, { idempotencyKey: `${idempotencyKey}:no-email` });
          });
        return { customerRef: id };
      }),
    checkout: (order, signal) =>
      ask(signal, async () => {
        const idempotencyKey = `checkout:${order.checkoutId}`;
        const session = await stripe.checkout.sessions.create(sessionOf(order, options), { idempotencyKey });
        if (!session.url) throw new DomainError('upstream', 'The payment page could not be opened.');
        return { ref: session.id, url: session.url, expiresAt: new Date(session.expires_at * 1_000) };
      }),
    portal: ({ customerRef, returnUrl }, signal) =>
      ask(signal, async () => {
        const order = { customer: customerRef, return_url: returnUrl };
        return { url: (await stripe.billingPortal.sessions.create(order)).url };
      }),
    hasPaymentMethod: (customerRef, signal) =>
      ask(signal, async () => {
        const { data } = await stripe.customers.listPaymentMethods(customerRef, { limit: 1 });
        return data.length > 0;
      }),
    reportSeconds: ({ customerRef, identifier, seconds, at }, signal) =>
      ask(signal, async () => {
        const payload = { stripe_customer_id: customerRef, value: String(seconds) };
        const timestamp = Math.floor(at.getTime() / 1_000);
        const event = { event_name: options.meter, payload, identifier, timestamp };
        await stripe.billing.meterEvents.create(event).catch(unlessDuplicate);
      }),
    readWebhook: (request) =>
      readStripeEvent(request, {
        secret: options.webhookSecret,
        meteredPrice: options.meteredPrice,
        clock,
      }),
  };
}

function openClient({ secretKey, apiUrl }: StripeOptions): Stripe {
  const url = apiUrl === null ? null : new URL(apiUrl);
  return new Stripe(secretKey, {
    // Each try but the last is the caller's: a job that comes again, or a person.
    maxNetworkRetries: 1,
    timeout: TIMEOUT_MS,
    telemetry: false,
    ...(url && {
      host: url.hostname,
      port: url.port || (url.protocol === 'https:' ? 443 : 80),
      protocol: url.protocol === 'http:' ? 'http' : 'https',
    }),
  });
}

function sessionOf(order: CheckoutOrder, { basePrice, meteredPrice }: StripeOptions) {
  const isMetered = order.perMinuteMicros > 0;
  const base: Stripe.Checkout.SessionCreateParams.LineItem =
    isMetered && basePrice !== null
      ? { price: basePrice, quantity: 1 }
      : {
          quantity: 1,
          price_data: {
            currency: 'usd',
            unit_amount: Math.round((order.monthlyMicros / MICROS_PER_USD) * 100),
            recurring: { interval: 'month' },
            product_data: { name: order.planName },
          },
        };
  const metadata = { checkoutId: order.checkoutId, tenantId: order.tenantId };
  return {
    mode: 'subscription',
    customer: order.customerRef,
    client_reference_id: order.checkoutId,
    metadata,
    subscription_data: { metadata },
    line_items: [base, ...(isMetered ? [{ price: meteredPrice }] : [])],
    success_url: order.successUrl,
    cancel_url: order.cancelUrl,
  } satisfies Stripe.Checkout.SessionCreateParams;
}

/** Addresses that mail reaches and Stripe takes for none: invoices then go without. */
function isEmailRefused(error: unknown): boolean {
  return error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'email_invalid';
}

/** Stripe's refusal of an identifier it has seen is what being counted once looks like. */
function unlessDuplicate(error: unknown): void {
  const isDuplicate =
    error instanceof Stripe.errors.StripeInvalidRequestError &&
    (error.code === 'duplicate_meter_event' || /already exists with identifier/i.test(error.message));
  if (!isDuplicate) throw error;
}

/** Asks; rejects when `signal` aborts, whatever the package does, and with a DomainError for what the vendor says. */
async function ask<T>(signal: AbortSignal, question: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([question(), aborted]);
  } catch (error) {
    throw error instanceof Stripe.errors.StripeError ? failureOf(error) : error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The vendor's own words may repeat what it was sent, its key included: they go nowhere. */
function failureOf(error: Stripe.errors.StripeError): DomainError {
  const { type, code, statusCode, requestId } = error;
  const internal = `stripe: ${[type, code, statusCode, requestId].filter(Boolean).join(' ')}`;
  const isRefused =
    error instanceof Stripe.errors.StripeInvalidRequestError ||
    error instanceof Stripe.errors.StripeIdempotencyError;
  return isRefused
    ? new DomainError('invalid', 'The payment service refused this.', { internal })
    : new DomainError('upstream', 'The payment service is out of reach; please try again.', { internal });
}
