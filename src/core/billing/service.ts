import type { BillingDeps } from '#core/billing/billing-deps';
import { Checkouts } from '#core/billing/checkouts';
import { applyEvent } from '#core/billing/events';
import type { Balances } from '#core/billing/ledger';
import { Metering } from '#core/billing/metering';
import type { JobPayloads } from '#core/jobs';
import { permit } from '#core/permission';
import { planOf } from '#core/plans/plan-of';
import type { SignedRequest } from '#core/ports';
import type { TenantStatus } from '#core/tenants/tenant';
import { DomainError } from '#kernel/errors';
import type { MicroUsd } from '#kernel/money';
import { makeScope, type Scope } from '#kernel/scope';

/** What a tenant pays, and whether it does. */
export interface SubscriptionView {
  /** The tenant's: `inactive` is who has not paid. */
  readonly status: TenantStatus;
  readonly monthlyMicros: MicroUsd;
  readonly perMinuteMicros: MicroUsd;
  readonly hasPaymentMethod: boolean;
}

/** Money: what tenants owe, what they have paid, and what follows of either. */
export interface Billing {
  /**
   * The page where the tenant takes up its plan: the open one again, a new one where its time is up. While the vendor
   * fails it is a page of ours that leads there later, so that no sign-up fails for it. Throws `forbidden` (role),
   * `precondition` (subscribed already, or nothing to pay).
   */
  startCheckout(scope: Scope): Promise<{ url: string }>;
  /** The vendor's page that an earlier checkout leads to now. Throws `not_found`, `precondition`, `upstream`. */
  resumeCheckout(checkoutId: string): Promise<{ url: string }>;
  /** The vendor's page of invoices and means of payment; a tenant that is no customer becomes one. Throws `forbidden`, `upstream`. */
  portal(scope: Scope): Promise<{ url: string }>;
  subscription(scope: Scope): Promise<SubscriptionView>;
  /** What each account of the tenant's books holds. */
  balances(scope: Scope): Promise<Balances>;
  /**
   * Takes in a webhook of the vendor: stored, with all its effects, when this resolves. What has been taken in before,
   * concerns nobody known or is of no interest changes nothing. Throws `forbidden` (signature).
   */
  receive(request: SignedRequest): Promise<void>;
  /** Adds a call's seconds to the vendor's meter, once. Throws what the vendor does. */
  reportUsage(order: JobPayloads['report-usage'], signal: AbortSignal): Promise<void>;
  /** Sees to it that every report that waits is tried again; how many. */
  reportWaiting(): Promise<number>;
  /** Asks the vendor whether the tenant has a means of payment. */
  refreshPaymentMethod(order: JobPayloads['refresh-payment-method'], signal: AbortSignal): Promise<void>;
}

/** Money over storage and the vendor of payments. */
export function makeBilling(deps: BillingDeps): Billing {
  return new BillingService(deps);
}

class BillingService implements Billing {
  readonly #deps: BillingDeps;
  readonly #checkouts: Checkouts;
  readonly #metering: Metering;

  constructor(deps: BillingDeps) {
    this.#deps = deps;
    this.#checkouts = new Checkouts(deps);
    this.#metering = new Metering(deps);
  }

  async startCheckout(scope: Scope): Promise<{ url: string }> {
    permit(scope, 'manage');
    return this.#checkouts.start(scope);
  }

  resumeCheckout(checkoutId: string): Promise<{ url: string }> {
    return this.#checkouts.resume(checkoutId);
  }

  async portal(scope: Scope): Promise<{ url: string }> {
    permit(scope, 'manage');
    return this.#checkouts.portal(scope);
  }

  subscription(scope: Scope): Promise<SubscriptionView> {
    return this.#deps.uow.read(scope, async (repos) => {
      const tenant = await repos.tenant.get();
      const { pricing } = await planOf(repos, tenant);
      return {
        status: tenant.status,
        monthlyMicros: pricing.monthlyMicros,
        perMinuteMicros: pricing.overageMicrosPerMinute,
        hasPaymentMethod: (await repos.billing.subscription())?.hasPaymentMethod ?? false,
      };
    });
  }

  balances(scope: Scope): Promise<Balances> {
    return this.#deps.uow.read(scope, (repos) => repos.billing.balances());
  }

  async receive(request: SignedRequest): Promise<void> {
    const { payments, uow, clock, log } = this.#deps;
    const event = payments.readWebhook(request);
    if (!event) return;
    const outcome = await uow.system.write((tx) => applyEvent(tx, event, new Date(clock.nowMs())));
    const fields = { eventId: event.id, type: event.type, outcome };
    if (outcome === 'unknown') log.warn(fields, 'a payment event concerns nobody known');
    else log.info(fields, 'payment event');
  }

  reportUsage(order: JobPayloads['report-usage'], signal: AbortSignal): Promise<void> {
    return this.#metering.report(order, signal);
  }

  reportWaiting(): Promise<number> {
    return this.#metering.reportWaiting();
  }

  async refreshPaymentMethod(
    { tenantId }: JobPayloads['refresh-payment-method'],
    signal: AbortSignal,
  ): Promise<void> {
    const { uow, payments } = this.#deps;
    const scope = makeScope(tenantId, { kind: 'system' }, 'owner');
    const customerRef = (await uow.read(scope, (repos) => repos.billing.subscription()))?.customerRef;
    if (!customerRef) throw new DomainError('not_found', 'The organization is no customer.');
    const has = await payments.hasPaymentMethod(customerRef, signal);
    await uow.write(scope, (tx) => tx.billing.setPaymentMethod(has));
  }
}
