import Stripe from 'stripe';
import type { PaymentEvent, SignedRequest, SubscriptionStatus } from '#core/ports';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { isJsonObject, type Json, type JsonObject } from '#kernel/json';
import { MICROS_PER_USD, type MicroUsd } from '#kernel/money';

export interface EventReaderOptions {
  /** `whsec_…` of the endpoint. */
  secret: string;
  /** Price whose invoice lines are for metered use. */
  meteredPrice: string;
  clock: Clock;
}

const MICROS_PER_CENT = MICROS_PER_USD / 100;
/** How old a signature may be (Stripe, "Webhooks: verify signatures"). */
const TOLERANCE_SEC = 300;

/**
 * A webhook of Stripe's in our words; null for an event of no interest. Its form follows the API version of the
 * endpoint, so that both the forms of before 2025 and those of today are read. Throws `forbidden` for a signature that
 * is missing, wrong or older than 5 minutes, and `invalid` for a signed event that lacks what its type has.
 */
export function readStripeEvent(request: SignedRequest, options: EventReaderOptions): PaymentEvent | null {
  const event = verified(request, options);
  const created = event.created;
  if (typeof created !== 'number') throw malformed(event);
  const common = { id: text(event, event.id), at: new Date(created * 1_000) };
  const told = READERS[text(event, event.type)]?.(new Told(event), options);
  return told ? { ...common, ...told } : null;
}

function verified(request: SignedRequest, { secret, clock }: EventReaderOptions): JsonObject {
  const signature = request.headers['stripe-signature'] ?? '';
  const body = Buffer.from(request.rawBody);
  try {
    const event: unknown = Stripe.webhooks.constructEvent(
      body,
      signature,
      secret,
      TOLERANCE_SEC,
      undefined,
      clock.nowMs(),
    );
    if (isJsonObject(event) && event.object === 'event') return event;
  } catch (error) {
    // The package's words repeat the header and the body.
    throw new DomainError('forbidden', 'The signature of this webhook is missing, wrong or too old.', {
      internal: `webhook refused: ${error instanceof Error ? error.name : 'unknown'}`,
    });
  }
  throw new DomainError('invalid', 'The body is no event.');
}

type Content<E = PaymentEvent> = E extends PaymentEvent ? Omit<E, 'id' | 'at'> : never;

type Reader = (told: Told, options: EventReaderOptions) => Content | null;

const checkoutPaid: Reader = (told) => {
  const { object } = told;
  const paid = object.payment_status === 'paid' || object.payment_status === 'no_payment_required';
  if (object.mode !== 'subscription' || !paid || typeof object.client_reference_id !== 'string') return null;
  return {
    type: 'checkout.paid',
    checkoutId: object.client_reference_id,
    customerRef: told.ref('customer'),
    subscriptionRef: told.ref('subscription'),
  };
};

const subscriptionChanged: Reader = (told) => ({
  type: 'subscription.changed',
  customerRef: told.ref('customer'),
  subscriptionRef: told.ref('id'),
  status: STATUS[String(told.object.status)] ?? 'incomplete',
});

/** What a customer is that a means of payment belongs to, or belonged to until now. */
const paymentMethodChanged: Reader = (told) => {
  const before = isJsonObject(told.previous) ? told.previous.customer : null;
  const customerRef = refOf(told.object.customer) ?? refOf(before);
  return customerRef === null ? null : { type: 'paymentMethods.changed', customerRef };
};

const READERS: Readonly<Record<string, Reader>> = {
  'checkout.session.completed': checkoutPaid,
  'checkout.session.async_payment_succeeded': checkoutPaid,
  'checkout.session.expired': ({ object }) =>
    typeof object.client_reference_id === 'string'
      ? { type: 'checkout.expired', checkoutId: object.client_reference_id }
      : null,
  'customer.subscription.created': subscriptionChanged,
  'customer.subscription.updated': subscriptionChanged,
  'customer.subscription.paused': subscriptionChanged,
  'customer.subscription.resumed': subscriptionChanged,
  'customer.subscription.deleted': (told, options) => {
    const content = subscriptionChanged(told, options);
    return content?.type === 'subscription.changed' ? { ...content, status: 'canceled' } : content;
  },
  'invoice.paid': (told, { meteredPrice }) => {
    if (refOf(told.object.customer) === null || told.object.currency !== 'usd') return null;
    return {
      type: 'invoice.paid',
      customerRef: told.ref('customer'),
      invoiceRef: told.ref('id'),
      amountMicros: told.micros('amount_paid'),
      baseMicros: told.micros('total') - meteredMicros(told.object, meteredPrice),
    };
  },
  'invoice.payment_failed': (told) => ({
    type: 'invoice.failed',
    customerRef: told.ref('customer'),
    invoiceRef: told.ref('id'),
  }),
  'payment_method.attached': paymentMethodChanged,
  'payment_method.detached': paymentMethodChanged,
};

const STATUS: Readonly<Record<string, SubscriptionStatus>> = {
  incomplete: 'incomplete',
  incomplete_expired: 'canceled',
  trialing: 'active',
  active: 'active',
  past_due: 'past_due',
  unpaid: 'unpaid',
  paused: 'unpaid',
  canceled: 'canceled',
};

/** An event's subject, and what it was before. */
class Told {
  readonly object: JsonObject;
  readonly previous: Json | undefined;
  readonly #event: JsonObject;

  constructor(event: JsonObject) {
    this.#event = event;
    if (!isJsonObject(event.data) || !isJsonObject(event.data.object)) throw malformed(event);
    this.object = event.data.object;
    this.previous = event.data.previous_attributes;
  }

  /** The id of what a field names, whether it was expanded or not. */
  ref(field: string): string {
    return refOf(this.object[field]) ?? fail(this.#event);
  }

  micros(field: string): MicroUsd {
    const cents = this.object[field];
    return typeof cents === 'number' ? cents * MICROS_PER_CENT : fail(this.#event);
  }
}

function meteredMicros(invoice: JsonObject, meteredPrice: string): MicroUsd {
  const lines = isJsonObject(invoice.lines) && Array.isArray(invoice.lines.data) ? invoice.lines.data : [];
  const metered = lines.filter(isJsonObject).filter((line) => priceOf(line) === meteredPrice);
  const cents = metered.reduce((sum, { amount }) => sum + (typeof amount === 'number' ? amount : 0), 0);
  return cents * MICROS_PER_CENT;
}

/** Since 2025 a line names its price under `pricing`; before, as `price`. */
function priceOf(line: JsonObject): string | null {
  const { pricing } = line;
  const details = isJsonObject(pricing) ? pricing.price_details : undefined;
  return refOf(isJsonObject(details) ? details.price : line.price);
}

function refOf(value: Json | undefined): string | null {
  if (typeof value === 'string') return value;
  return isJsonObject(value) && typeof value.id === 'string' ? value.id : null;
}

function text(event: JsonObject, value: Json | undefined): string {
  return typeof value === 'string' ? value : fail(event);
}

function fail(event: JsonObject): never {
  throw malformed(event);
}

function malformed({ type }: JsonObject): DomainError {
  return new DomainError('invalid', 'The event lacks what its type has.', {
    internal: `malformed payment event of type ${String(type).slice(0, 80)}`,
  });
}
