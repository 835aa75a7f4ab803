import { createHmac } from 'node:crypto';
import type { CheckoutOrder, Payments } from '#core/ports';
import type { PaymentDesk } from '#core/sandbox/payment-desk';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import type { Log } from '#kernel/log';
import { readStripeEvent } from '../stripe/events.ts';
import { SandboxDesk } from './desk.ts';
import { sandboxId } from './objects.ts';
import { change, find, keep, lock, type SandboxStore } from './store.ts';
import { METERED_PRICE } from './vendor-events.ts';

/** A webhook request to ourselves; the status it was answered with. */
export type Deliver = (body: string, headers: Readonly<Record<string, string>>) => Promise<number>;

export interface SandboxPaymentsOptions {
  store: SandboxStore;
  /** What the sandbox signs with, and its webhooks are checked by. */
  webhookSecret: string;
  /** What the addresses of the sandbox's pages start with. */
  publicUrl: string;
  /** Brings an event to the route that the vendor's come to. */
  deliver: Deliver;
  clock: Clock;
  log: Log;
}

/** The sandbox of payments, and what its pages do. */
export interface SandboxPayments extends Payments {
  readonly desk: PaymentDesk;
  /** Delivers an event unless it was taken before. Throws `upstream` where it is not taken. */
  deliverEvent(eventId: string): Promise<void>;
}

const DAY_MS = 86_400_000;
const PORTAL_MS = 3_600_000;

/**
 * A vendor of payments of the platform's own. What it keeps is stored; what it has to tell goes, in the vendor's own
 * form and with its signature, through the very route that the vendor's webhooks come to, and from a job as well, so
 * that nothing is lost where the process dies in between.
 */
export function sandboxPayments(options: SandboxPaymentsOptions): SandboxPayments {
  const { store, webhookSecret, publicUrl, clock } = options;
  const deliverEvent = (eventId: string) => delivered(options, eventId);
  return {
    name: 'sandbox',
    desk: new SandboxDesk({ ...options, deliverEvent }),
    deliverEvent,
    customer: ({ tenantId, name, email }, signal) => {
      signal.throwIfAborted();
      return addCustomer(options, { tenantId, name, email });
    },
    checkout: (order, signal) => {
      signal.throwIfAborted();
      return openSession(options, order);
    },
    async portal({ customerRef, returnUrl }, signal) {
      signal.throwIfAborted();
      const id = sandboxId('bps');
      const nowMs = clock.nowMs();
      await store.write(async (tx) => {
        if (!(await find(tx, 'payments.customer', customerRef))) throw noCustomer();
        const body = { customerRef, returnUrl, expiresAtMs: nowMs + PORTAL_MS };
        await keep(tx, 'payments.portal', { id, body, at: new Date(nowMs) });
      });
      return { url: `${publicUrl}/sandbox/portal/${id}` };
    },
    async hasPaymentMethod(customerRef, signal) {
      signal.throwIfAborted();
      const customer = await store.read((repos) => find(repos, 'payments.customer', customerRef));
      if (!customer) throw noCustomer();
      return customer.body.paymentMethod !== null;
    },
    reportSeconds: (report, signal) => {
      signal.throwIfAborted();
      return meter(options, report);
    },
    readWebhook: (request) =>
      readStripeEvent(request, { secret: webhookSecret, meteredPrice: METERED_PRICE, clock }),
  };
}

async function addCustomer(
  { store, clock }: SandboxPaymentsOptions,
  given: { tenantId: string; name: string; email: string | null },
): Promise<{ customerRef: string }> {
  const customerRef = sandboxId('cus');
  const body = { ...given, paymentMethod: null, meteredSeconds: 0, invoicedSeconds: 0 };
  const at = new Date(clock.nowMs());
  await store.write((tx) => keep(tx, 'payments.customer', { id: customerRef, body, at }));
  return { customerRef };
}

/** The session's id follows from the checkout's, so that asking again finds it. */
async function openSession(
  { store, clock, publicUrl }: SandboxPaymentsOptions,
  { checkoutId, tenantId: _, ...order }: CheckoutOrder,
): Promise<{ ref: string; url: string; expiresAt: Date }> {
  const ref = `cs_sandbox_${checkoutId.slice(checkoutId.indexOf('_') + 1)}`;
  const nowMs = clock.nowMs();
  const session = await store.write(async (tx) => {
    if (!(await find(tx, 'payments.customer', order.customerRef))) throw noCustomer();
    const body = { checkoutId, ...order, status: 'open', expiresAtMs: nowMs + DAY_MS } as const;
    await keep(tx, 'payments.session', { id: ref, body, at: new Date(nowMs) });
    return find(tx, 'payments.session', ref);
  });
  const url = `${publicUrl}/sandbox/checkout/${ref}`;
  return { ref, url, expiresAt: new Date(session!.body.expiresAtMs) };
}

function meter(
  { store }: SandboxPaymentsOptions,
  { customerRef, identifier, seconds, at }: Parameters<Payments['reportSeconds']>[0],
): Promise<void> {
  return store.write(async (tx) => {
    const customer = await lock(tx, 'payments.customer', customerRef);
    if (!customer) throw noCustomer();
    const event = { id: `mev_${identifier}`, body: { customerRef, seconds, atMs: at.getTime() }, at };
    if (!(await keep(tx, 'payments.meter_event', event))) return;
    await change(tx, customer, { meteredSeconds: customer.body.meteredSeconds + seconds });
  });
}

async function delivered(options: SandboxPaymentsOptions, eventId: string): Promise<void> {
  const { store, clock } = options;
  const kept = await store.read((repos) => find(repos, 'payments.event', eventId));
  if (!kept || kept.body.deliveredAtMs !== null) return;
  const body = JSON.stringify(kept.body.event);
  const status = await options.deliver(body, {
    'content-type': 'application/json; charset=utf-8',
    'stripe-signature': signature(body, options.webhookSecret, Math.floor(clock.nowMs() / 1_000)),
  });
  if (status < 200 || status > 299) {
    throw new DomainError('upstream', 'The event was not taken.', {
      internal: `a sandbox payment event was answered with ${status}`,
    });
  }
  await store.write((tx) => change(tx, kept, { deliveredAtMs: clock.nowMs() }));
}

/** As Stripe signs ("Webhooks: verify signatures manually"): HMAC-SHA256 over the time and the body. */
function signature(body: string, secret: string, atSec: number): string {
  const mac = createHmac('sha256', secret).update(`${atSec}.${body}`).digest('hex');
  return `t=${atSec},v1=${mac}`;
}

function noCustomer(): DomainError {
  return new DomainError('invalid', 'The payment service knows no such customer.');
}
