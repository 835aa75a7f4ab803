import type { CheckoutView, PaymentDesk, PortalView } from '#core/sandbox/payment-desk';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import type { JsonObject } from '#kernel/json';
import type { Log } from '#kernel/log';
import { type Kept, sandboxId } from './objects.ts';
import { change, find, keep, list, lock, type SandboxStore, type SandboxTx } from './store.ts';
import {
  invoiceForm,
  paymentMethodForm,
  sessionForm,
  subscriptionForm,
  type VendorEvent,
  vendorEvent,
} from './vendor-events.ts';

interface DeskOptions {
  store: SandboxStore;
  deliverEvent(eventId: string): Promise<void>;
  clock: Clock;
  log: Log;
}

const CENT_MICROS = 10_000;
const MANY = 200;

/** What a customer does on the sandbox's pages. Each deed and the events that tell of it are one transaction. */
export class SandboxDesk implements PaymentDesk {
  readonly #options: DeskOptions;

  constructor(options: DeskOptions) {
    this.#options = options;
  }

  checkout(ref: string): Promise<CheckoutView> {
    return this.#options.store.read(async (repos) => {
      const session = await find(repos, 'payments.session', ref);
      if (!session) throw noPage();
      const customer = await find(repos, 'payments.customer', session.body.customerRef);
      const status =
        session.body.status === 'open' && this.#isOver(session.body) ? 'expired' : session.body.status;
      return { ...session.body, status, customerName: customer?.body.name ?? '' };
    });
  }

  async pay(ref: string): Promise<{ successUrl: string }> {
    const session = await this.#act(async (tx, at) => {
      const before = await lock(tx, 'payments.session', ref);
      if (!before) throw noPage();
      if (before.body.status === 'complete') return { result: before, events: [] };
      if (this.#isOver(before.body)) throw tooLate();
      const result = await change(tx, before, { status: 'complete' });
      return { result, events: await this.#subscribe(tx, result, at) };
    });
    return { successUrl: session.body.successUrl };
  }

  async #subscribe(tx: SandboxTx, session: Kept<'payments.session'>, at: Date): Promise<VendorEvent[]> {
    const { customerRef, planName, monthlyMicros, perMinuteMicros } = session.body;
    const customer = await this.#customer(tx, customerRef);
    const paymentMethod = customer.body.paymentMethod ?? sandboxId('pm');
    await change(tx, customer, { paymentMethod });
    const id = sandboxId('sub');
    const terms = { customerRef, planName, monthlyMicros, perMinuteMicros };
    const body = { ...terms, status: 'active', sinceMs: at.getTime() } as const;
    await keep(tx, 'payments.subscription', { id, body, at });
    const kind = 'payments.subscription';
    const subscription: Kept<'payments.subscription'> = { id, kind, body, createdAt: at };
    const invoice = await this.#invoice(tx, { subscription, seconds: 0, isPaid: true, at });
    return [
      { type: 'payment_method.attached', object: paymentMethodForm(paymentMethod, customerRef) },
      { type: 'customer.subscription.created', object: subscriptionForm(subscription, paymentMethod) },
      { type: 'invoice.paid', object: invoiceForm(invoice) },
      { type: 'checkout.session.completed', object: sessionForm(session, id) },
    ];
  }

  portal(id: string): Promise<PortalView> {
    return this.#options.store.read(async (repos) => {
      const portal = await find(repos, 'payments.portal', id);
      if (!portal || this.#isOver(portal.body)) throw noPage();
      const where = { customerRef: portal.body.customerRef };
      const customer = await find(repos, 'payments.customer', where.customerRef);
      if (!customer) throw noPage();
      const [subscription] = await list(repos, 'payments.subscription', { where, limit: 1 });
      const invoices = await list(repos, 'payments.invoice', { where, limit: MANY });
      const sessions = await list(repos, 'payments.session', {
        where: { ...where, status: 'open' },
        limit: 1,
      });
      const { name, email, paymentMethod, meteredSeconds, invoicedSeconds } = customer.body;
      return {
        customerName: name,
        email,
        returnUrl: portal.body.returnUrl,
        hasPaymentMethod: paymentMethod !== null,
        subscription: subscription?.body ?? null,
        openSeconds: meteredSeconds - invoicedSeconds,
        meteredSeconds,
        invoices: invoices.map(({ body }) => ({
          number: body.number,
          at: new Date(body.atMs),
          totalCents: body.baseCents + body.meteredCents,
          status: body.status,
        })),
        checkoutRef: sessions.find(({ body }) => !this.#isOver(body))?.id ?? null,
      };
    });
  }

  cancel(portalId: string): Promise<void> {
    return this.#atPortal(portalId, async (tx, { customer, subscription }) => {
      if (!subscription || subscription.body.status === 'canceled') return [];
      const canceled = await change(tx, subscription, { status: 'canceled' });
      const object = subscriptionForm(canceled, customer.body.paymentMethod);
      return [{ type: 'customer.subscription.deleted', object }];
    });
  }

  removePaymentMethod(portalId: string): Promise<void> {
    return this.#atPortal(portalId, async (tx, { customer }) => {
      const { paymentMethod } = customer.body;
      if (paymentMethod === null) return [];
      await change(tx, customer, { paymentMethod: null });
      const object = paymentMethodForm(paymentMethod, null);
      return [{ type: 'payment_method.detached', object, previous: { customer: customer.id } }];
    });
  }

  addPaymentMethod(portalId: string): Promise<void> {
    return this.#atPortal(portalId, async (tx, { customer, subscription }) => {
      if (customer.body.paymentMethod !== null) return [];
      const paymentMethod = sandboxId('pm');
      await change(tx, customer, { paymentMethod });
      const events: VendorEvent[] = [
        { type: 'payment_method.attached', object: paymentMethodForm(paymentMethod, customer.id) },
      ];
      const where = { customerRef: customer.id, status: 'open' } as const;
      for (const open of await list(tx, 'payments.invoice', { where, limit: MANY })) {
        const paid = await change(tx, open, { status: 'paid' });
        events.push({ type: 'invoice.paid', object: invoiceForm(paid) });
      }
      if (subscription?.body.status !== 'past_due') return events;
      const active = await change(tx, subscription, { status: 'active' });
      const object = subscriptionForm(active, paymentMethod);
      return [...events, { type: 'customer.subscription.updated', object, previous: { status: 'past_due' } }];
    });
  }

  closeMonth(portalId: string): Promise<void> {
    return this.#atPortal(portalId, async (tx, { customer, subscription, at }) => {
      if (!subscription || subscription.body.status === 'canceled') return [];
      const { paymentMethod, meteredSeconds, invoicedSeconds } = customer.body;
      const isPaid = paymentMethod !== null;
      const seconds = meteredSeconds - invoicedSeconds;
      const invoice = await this.#invoice(tx, { subscription, seconds, isPaid, at });
      await change(tx, customer, { invoicedSeconds: meteredSeconds });
      if (isPaid) return [{ type: 'invoice.paid', object: invoiceForm(invoice) }];
      const late = await change(tx, subscription, { status: 'past_due' });
      return [
        { type: 'invoice.payment_failed', object: invoiceForm(invoice) },
        { type: 'customer.subscription.updated', object: subscriptionForm(late, null) },
      ];
    });
  }

  async #invoice(
    tx: SandboxTx,
    order: { subscription: Kept<'payments.subscription'>; seconds: number; isPaid: boolean; at: Date },
  ): Promise<Kept<'payments.invoice'>> {
    const { subscription, seconds, isPaid, at } = order;
    const { customerRef, monthlyMicros, perMinuteMicros } = subscription.body;
    const id = sandboxId('in');
    const body = {
      customerRef,
      subscriptionRef: subscription.id,
      number: `SB-${id.slice(-8).toUpperCase()}`,
      baseCents: Math.round(monthlyMicros / CENT_MICROS),
      meteredCents: Math.round((seconds * perMinuteMicros) / 60 / CENT_MICROS),
      seconds,
      status: isPaid ? 'paid' : 'open',
      atMs: at.getTime(),
    } as const;
    await keep(tx, 'payments.invoice', { id, body, at });
    return { id, kind: 'payments.invoice', body, createdAt: at };
  }

  async #atPortal(
    portalId: string,
    deed: (tx: SandboxTx, found: Found) => Promise<VendorEvent[]>,
  ): Promise<void> {
    await this.#act(async (tx, at) => {
      const portal = await find(tx, 'payments.portal', portalId);
      if (!portal || this.#isOver(portal.body)) throw noPage();
      const customer = await this.#customer(tx, portal.body.customerRef);
      const where = { customerRef: customer.id };
      const [subscription = null] = await list(tx, 'payments.subscription', { where, limit: 1 });
      return { result: null, events: await deed(tx, { customer, subscription, at }) };
    });
  }

  /** Held until the transaction ends: what one customer does is done one after the other. */
  async #customer(tx: SandboxTx, ref: string): Promise<Kept<'payments.customer'>> {
    const customer = await lock(tx, 'payments.customer', ref);
    if (!customer) throw noPage();
    return customer;
  }

  async #act<T>(
    deed: (tx: SandboxTx, at: Date) => Promise<{ result: T; events: VendorEvent[] }>,
  ): Promise<T> {
    const { store, clock, log, deliverEvent } = this.#options;
    const at = new Date(clock.nowMs());
    const { result, eventIds } = await store.write(async (tx) => {
      const done = await deed(tx, at);
      const ids: string[] = [];
      for (const event of done.events) ids.push(await this.#tell(tx, vendorEvent(event, at), at));
      return { result: done.result, eventIds: ids };
    });
    for (const eventId of eventIds) {
      // The job that was stored with the event brings it again.
      await deliverEvent(eventId).catch((error: unknown) =>
        log.warn({ err: error, eventId }, 'sandbox payment event not delivered yet'),
      );
    }
    return result;
  }

  async #tell(tx: SandboxTx, event: JsonObject & { id: string }, at: Date): Promise<string> {
    await keep(tx, 'payments.event', { id: event.id, body: { event, deliveredAtMs: null }, at });
    await tx.enqueue('sandbox-payment-event', { eventId: event.id }, { key: event.id });
    return event.id;
  }

  #isOver({ expiresAtMs }: { expiresAtMs: number }): boolean {
    return expiresAtMs <= this.#options.clock.nowMs();
  }
}

interface Found {
  customer: Kept<'payments.customer'>;
  /** The last one. */
  subscription: Kept<'payments.subscription'> | null;
  at: Date;
}

const noPage = () => new DomainError('not_found', 'There is no such page, or its time is up.');
const tooLate = () => new DomainError('precondition', 'The time to pay is up. Ask for a new checkout.');
