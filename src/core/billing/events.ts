import { auditEntry } from '#core/audit/record';
import type { Checkout } from '#core/billing/checkout';
import { invoicePostings } from '#core/billing/ledger';
import { isLive, type Subscription, withSaid } from '#core/billing/subscription';
import { planOf } from '#core/plans/plan-of';
import type { PaymentEvent, SubscriptionStatus } from '#core/ports';
import type { SystemTx } from '#core/uow';
import type { TenantId } from '#kernel/ids';
import type { Actor } from '#kernel/scope';

/** `unknown` names a customer or a checkout that is nobody's. */
export type EventOutcome = 'applied' | 'repeated' | 'unknown';

const SYSTEM: Actor = { kind: 'system' };

/**
 * Does what follows of an event, all of it in the transaction at hand and once, however often and in whatever order
 * events arrive. One that concerns nobody known leaves no trace: it may be sent again.
 */
export async function applyEvent(tx: SystemTx, event: PaymentEvent, receivedAt: Date): Promise<EventOutcome> {
  const checkout = 'checkoutId' in event ? await tx.billing.checkout(event.checkoutId) : null;
  const tenantId =
    checkout?.tenantId ?? ('customerRef' in event ? await tx.billing.tenantOf(event.customerRef) : null);
  if (tenantId === null) return 'unknown';
  if (!(await tx.billing.claimEvent(event, receivedAt))) return 'repeated';
  await tx.forTenant(tenantId).tenant.lock();
  await new Application(tx, tenantId, event).run(checkout);
  return 'applied';
}

class Application {
  readonly #system: SystemTx;
  readonly #tenantId: TenantId;
  readonly #event: PaymentEvent;

  constructor(system: SystemTx, tenantId: TenantId, event: PaymentEvent) {
    this.#system = system;
    this.#tenantId = tenantId;
    this.#event = event;
  }

  get #tx() {
    return this.#system.forTenant(this.#tenantId);
  }

  async run(checkout: Checkout | null): Promise<void> {
    const event = this.#event;
    switch (event.type) {
      case 'checkout.paid':
        if (checkout) await this.#tx.billing.updateCheckout(checkout.id, { status: 'paid' });
        await this.#tx.billing.addCustomer(event.customerRef, event.at);
        await this.#say(event.subscriptionRef, 'active');
        // Who has just paid has something to pay with; what the vendor says of it follows.
        await this.#tx.billing.setPaymentMethod(true);
        return this.#refreshPaymentMethod();
      case 'checkout.expired':
        if (checkout?.status === 'open')
          await this.#tx.billing.updateCheckout(checkout.id, { status: 'expired' });
        return;
      case 'subscription.changed':
        return this.#say(event.subscriptionRef, event.status);
      case 'paymentMethods.changed':
        return this.#refreshPaymentMethod();
      case 'invoice.paid':
        return this.#tx.billing.post(invoicePostings({ ...event, tenantId: this.#tenantId }));
      case 'invoice.failed':
        return this.#note('invoice.failed', event.invoiceRef);
    }
  }

  async #say(subscriptionRef: string, status: SubscriptionStatus): Promise<void> {
    const before = await this.#tx.billing.subscription();
    if (!before) return;
    const after = withSaid(before, { subscriptionRef, status, at: this.#event.at });
    if (after === before) return;
    await this.#tx.billing.saveSubscription(after);
    if (after.status !== before.status) await this.#note(`subscription.${after.status}`, subscriptionRef);
    await this.#follow(before, after);
  }

  /** The tenant's own status follows the moments at which it begins, or ceases, to be served. */
  async #follow(before: Subscription, after: Subscription): Promise<void> {
    if (isLive(before) === isLive(after)) return;
    const tenant = await this.#tx.tenant.get();
    if (isLive(after)) {
      await this.#tx.billing.datesReportsFrom(this.#event.at);
      await this.#tx.enqueue('report-waiting', {}, { key: `report-waiting:${this.#tenantId}` });
      if (tenant.status === 'inactive') await this.#setStatus('active');
    } else {
      const { pricing } = await planOf(this.#tx, tenant);
      if (tenant.status === 'active' && pricing.monthlyMicros > 0) await this.#setStatus('inactive');
    }
  }

  async #setStatus(status: 'active' | 'inactive'): Promise<void> {
    await this.#system.tenants.update(this.#tenantId, { status });
    await this.#note('tenant.updated', this.#tenantId, { status });
  }

  /** Events of means of payment tell of one of them: whether there is another, only the vendor knows. */
  async #refreshPaymentMethod(): Promise<void> {
    const tenantId = this.#tenantId;
    await this.#tx.enqueue('refresh-payment-method', { tenantId }, { key: `payment-method:${tenantId}` });
  }

  async #note(action: string, target: string, details: Record<string, string> = {}): Promise<void> {
    const deed = {
      tenantId: this.#tenantId,
      action,
      target,
      details: { ...details, event: this.#event.id },
    };
    await this.#tx.audit.add(auditEntry(SYSTEM, deed, this.#event.at));
  }
}
