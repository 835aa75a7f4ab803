import { auditEntry } from '#core/audit/record';
import type { BillingDeps } from '#core/billing/billing-deps';
import { isMetered } from '#core/billing/charge';
import type { Checkout } from '#core/billing/checkout';
import { isLive } from '#core/billing/subscription';
import { notFound } from '#core/fields';
import type { Plan } from '#core/plans/plan';
import { planOf } from '#core/plans/plan-of';
import type { Tenant } from '#core/tenants/tenant';
import type { Tx } from '#core/uow';
import { DomainError } from '#kernel/errors';
import { isId, newId } from '#kernel/ids';
import { makeScope, type Scope } from '#kernel/scope';

/** For one question to the vendor. */
const VENDOR_MS = 20_000;
/** A page that closes sooner is not given away any more. */
const SPARE_MS = 60_000;

interface Order {
  tenant: Tenant;
  plan: Plan;
  checkout: Checkout;
}

/** Tenants on their way to the vendor's pages. */
export class Checkouts {
  readonly #deps: BillingDeps;

  constructor(deps: BillingDeps) {
    this.#deps = deps;
  }

  async start(scope: Scope): Promise<{ url: string }> {
    const order = await this.#order(scope);
    try {
      return await this.#page(scope, order);
    } catch (error) {
      if (!isVendors(error)) throw error;
      const { log, publicUrl } = this.#deps;
      log.error({ err: error, checkoutId: order.checkout.id }, 'no checkout page from the vendor');
      return { url: `${publicUrl}/checkout/${order.checkout.id}` };
    }
  }

  async resume(checkoutId: string): Promise<{ url: string }> {
    const found = isId('chk', checkoutId)
      ? await this.#deps.uow.system.read((repos) => repos.billing.checkout(checkoutId))
      : null;
    if (!found) throw notFound('Checkout');
    const scope = makeScope(found.tenantId, { kind: 'system' }, 'owner');
    return this.#page(scope, await this.#order(scope));
  }

  async portal(scope: Scope): Promise<{ url: string }> {
    const { uow, payments, publicUrl } = this.#deps;
    const tenant = await uow.read(scope, (repos) => repos.tenant.get());
    const customerRef = await this.#customer(scope, tenant);
    return payments.portal(
      { customerRef, returnUrl: `${publicUrl}/checkout/closed` },
      AbortSignal.timeout(VENDOR_MS),
    );
  }

  /** The checkout that counts, under the tenant's lock: two who ask at once are led to one page. */
  #order(scope: Scope): Promise<Order> {
    return this.#deps.uow.write(scope, async (tx) => {
      const tenant = await tx.tenant.lock();
      const plan = await planOf(tx, tenant);
      if (plan.pricing.monthlyMicros === 0 && !isMetered(plan.pricing)) {
        throw new DomainError('precondition', 'There is nothing to pay on this plan.');
      }
      const subscription = await tx.billing.subscription();
      if (subscription && isLive(subscription)) {
        throw new DomainError('precondition', 'The organization is subscribed already.');
      }
      return { tenant, plan, checkout: await this.#checkout(tx, { scope, plan }) };
    });
  }

  async #checkout(tx: Tx, { scope, plan }: { scope: Scope; plan: Plan }): Promise<Checkout> {
    const nowMs = this.#deps.clock.nowMs();
    const open = await tx.billing.openCheckout();
    const ends = open?.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    if (open && open.planSlug === plan.slug && ends > nowMs + SPARE_MS) return open;
    if (open) await tx.billing.updateCheckout(open.id, { status: 'expired' });
    const checkout: Checkout = {
      id: newId('chk'),
      tenantId: scope.tenantId,
      planSlug: plan.slug,
      ref: null,
      url: null,
      status: 'open',
      createdAt: new Date(nowMs),
      expiresAt: null,
    };
    await tx.billing.insertCheckout(checkout);
    const deed = { tenantId: scope.tenantId, action: 'checkout.started', target: checkout.id };
    await tx.audit.add(auditEntry(scope.actor, deed, checkout.createdAt));
    return checkout;
  }

  /** The vendor makes one page of one checkout, so that a crash before it is stored leaves none behind. */
  async #page(scope: Scope, { tenant, plan, checkout }: Order): Promise<{ url: string }> {
    if (checkout.url !== null) return { url: checkout.url };
    const { uow, payments, publicUrl } = this.#deps;
    const { pricing } = plan;
    try {
      const customerRef = await this.#customer(scope, tenant);
      const page = await payments.checkout(
        {
          checkoutId: checkout.id,
          tenantId: tenant.id,
          customerRef,
          planName: plan.name,
          monthlyMicros: pricing.monthlyMicros,
          perMinuteMicros: isMetered(pricing) ? pricing.overageMicrosPerMinute : 0,
          successUrl: `${publicUrl}/checkout/done`,
          cancelUrl: `${publicUrl}/checkout/canceled?checkout=${checkout.id}`,
        },
        AbortSignal.timeout(VENDOR_MS),
      );
      await uow.write(scope, (tx) => tx.billing.updateCheckout(checkout.id, page));
      return { url: page.url };
    } catch (error) {
      // A vendor that has answered with a failure may repeat that answer for as long as it is asked by the same name.
      if (isVendors(error)) await uow.write(scope, (tx) => this.#drop(tx, checkout));
      throw error;
    }
  }

  async #drop(tx: Tx, { id }: Checkout): Promise<void> {
    await tx.tenant.lock();
    const open = await tx.billing.openCheckout();
    if (open?.id === id && open.url === null) await tx.billing.updateCheckout(id, { status: 'expired' });
  }

  /** Whoever is led to the vendor is its customer by then: so each of its events names somebody we know. */
  async #customer(scope: Scope, tenant: Tenant): Promise<string> {
    const { uow, payments, clock } = this.#deps;
    const before = (await uow.read(scope, (repos) => repos.billing.subscription()))?.customerRef;
    if (before) return before;
    const known = await uow.system.read((repos) => repos.tenants.find(tenant.id));
    const order = { tenantId: tenant.id, name: tenant.name, email: known?.ownerEmail ?? null };
    const { customerRef } = await payments.customer(order, AbortSignal.timeout(VENDOR_MS));
    const stored = await uow.write(scope, (tx) =>
      tx.billing.addCustomer(customerRef, new Date(clock.nowMs())),
    );
    return stored.customerRef ?? customerRef;
  }
}

function isVendors(error: unknown): boolean {
  if (error instanceof DomainError) return error.code === 'upstream' || error.code === 'invalid';
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}
