import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Payments, SignedRequest } from '#core/ports';
import { DomainError } from '#kernel/errors';
import { makeScope } from '#kernel/scope';
import { billingSteps, refOf, subscriptionEvent, type Told } from '#test/core/billing-steps';
import { openPlatform, type Platform } from '#test/core/platform';

let p: Platform;
beforeAll(async () => {
  p = await openPlatform();
});
afterAll(() => p.close());

const { unpaid, paid, statusOf, customerOf, webhook } = billingSteps(() => p);
const signal = new AbortController().signal;

/** Everything that an event may change. */
const state = () =>
  p.rows(`select (select json_agg(t order by id) from (select id, status from tenants) t) as tenants,
          (select json_agg(s order by tenant_id) from subscriptions s) as subscriptions,
          (select json_agg(c order by id) from checkouts c) as checkouts,
          (select count(*) from payment_events) as events, (select count(*) from ledger_entries) as postings,
          (select count(*) from audit_entries) as audit`);

describe('a checkout', () => {
  it('V-03 makes an inactive account active once it is paid, and says so in the audit log', async () => {
    const scope = await unpaid();
    expect(await p.billing.subscription(scope)).toEqual({
      status: 'inactive',
      monthlyMicros: 5_000_000,
      perMinuteMicros: 50_000,
      hasPaymentMethod: false,
    });
    const { url } = await p.billing.startCheckout(scope);
    expect(url).toMatch(/^https:\/\/patchbay\.example\/sandbox\/checkout\/cs_sandbox_\w+$/);
    expect(await statusOf(scope)).toBe('inactive');
    expect(await p.payments.desk.pay(refOf(url))).toEqual({
      successUrl: 'https://patchbay.example/checkout/done',
    });
    expect(await p.billing.subscription(scope)).toMatchObject({ status: 'active', hasPaymentMethod: true });
    const audit = await p.rows<{ action: string }>(
      "select action from audit_entries where tenant_id = $1 and actor_kind = 'system' order by id",
      [scope.tenantId],
    );
    expect(audit.map(({ action }) => action)).toEqual(['subscription.active', 'tenant.updated']);
    expect(await p.billing.balances(scope)).toMatchObject({
      cash: 5_000_000,
      receivable: 0,
      subscription: -5_000_000,
    });
  });

  it('charges once, however often and at once it is paid', async () => {
    const scope = await unpaid();
    const ref = refOf((await p.billing.startCheckout(scope)).url);
    await Promise.all([1, 2, 3].map(() => p.payments.desk.pay(ref)));
    await p.payments.desk.pay(ref);
    expect(await p.billing.balances(scope)).toMatchObject({ cash: 5_000_000 });
  });

  it('is given again while it is open, and replaced when its time is up', async () => {
    const scope = await unpaid();
    const urls = await Promise.all([1, 2, 3].map(async () => (await p.billing.startCheckout(scope)).url));
    expect(new Set(urls).size).toBe(1);
    p.clock.advance(86_400_000);
    const later = await p.billing.startCheckout(scope);
    expect(later.url).not.toBe(urls[0]);
    await expect(p.payments.desk.pay(refOf(urls[0]!))).rejects.toMatchObject({ code: 'precondition' });
    await p.payments.desk.pay(refOf(later.url));
    expect(await statusOf(scope)).toBe('active');
    await expect(p.billing.startCheckout(scope)).rejects.toMatchObject({ code: 'precondition' });
  });

  it('is for those who manage the account, and for plans that cost', async () => {
    const scope = await unpaid();
    const member = makeScope(scope.tenantId, scope.actor, 'member');
    await expect(p.billing.startCheckout(member)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(p.billing.portal(member)).rejects.toMatchObject({ code: 'forbidden' });
    const free = (await p.tenant('free')).scope;
    await expect(p.billing.startCheckout(free)).rejects.toMatchObject({ code: 'precondition' });
    await expect(p.billing.resumeCheckout('chk_none')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('that the vendor cannot open leads to it later, so that nobody is turned away', async () => {
    const scope = await unpaid();
    let isDown = true;
    const payments: Payments = {
      ...p.payments,
      checkout: async (order, abort) => {
        if (isDown) throw new DomainError('upstream', 'out of reach');
        return p.payments.checkout(order, abort);
      },
    };
    const { billing } = p.with({ payments });
    const { url } = await billing.startCheckout(scope);
    expect(url).toMatch(/^https:\/\/patchbay\.example\/checkout\/chk_\w+$/);
    const id = refOf(url);
    await expect(billing.resumeCheckout(id)).rejects.toMatchObject({ code: 'upstream' });
    isDown = false;
    const page = await billing.resumeCheckout(id);
    expect(page.url).toContain('/sandbox/checkout/');
    await p.payments.desk.pay(refOf(page.url));
    expect(await statusOf(scope)).toBe('active');
    await expect(billing.resumeCheckout(id)).rejects.toMatchObject({ code: 'precondition' });
  });

  it('does not lift a suspension, nor stand in for an approval', async () => {
    for (const status of ['suspended', 'pending'] as const) {
      const scope = await unpaid();
      const { url } = await p.billing.startCheckout(scope);
      await p.oversight.updateTenant(scope.tenantId, { status });
      await p.payments.desk.pay(refOf(url));
      expect(await statusOf(scope)).toBe(status);
    }
  });
});

describe('the portal', () => {
  it('V-37 opens for everybody, also before anything was paid', async () => {
    const scope = await unpaid();
    const { url } = await p.billing.portal(scope);
    expect(url).toMatch(/\/sandbox\/portal\/bps_sandbox_\w+$/);
    const view = await p.payments.desk.portal(refOf(url));
    expect(view).toMatchObject({
      hasPaymentMethod: false,
      subscription: null,
      invoices: [],
      checkoutRef: null,
    });
    const checkout = await p.billing.startCheckout(scope);
    expect(await p.payments.desk.portal(refOf(url))).toMatchObject({ checkoutRef: refOf(checkout.url) });
    p.clock.advance(3_600_000);
    await expect(p.payments.desk.portal(refOf(url))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('cancels: the account is inactive then, and active again by paying anew', async () => {
    const scope = await paid();
    const portal = refOf((await p.billing.portal(scope)).url);
    p.clock.advance(5_000);
    await p.payments.desk.cancel(portal);
    await p.payments.desk.cancel(portal);
    expect(await statusOf(scope)).toBe('inactive');
    p.clock.advance(5_000);
    const again = await p.billing.startCheckout(scope);
    await p.payments.desk.pay(refOf(again.url));
    expect(await statusOf(scope)).toBe('active');
    expect(await p.billing.balances(scope)).toMatchObject({ cash: 10_000_000 });
  });

  it('knows whether there is a card; without one a month stays unpaid and the account active', async () => {
    const scope = await paid();
    const portal = refOf((await p.billing.portal(scope)).url);
    const refresh = () => p.billing.refreshPaymentMethod({ tenantId: scope.tenantId }, signal);
    await p.payments.desk.removePaymentMethod(portal);
    await refresh();
    expect(await p.billing.subscription(scope)).toMatchObject({ hasPaymentMethod: false });
    p.clock.advance(5_000);
    await p.payments.desk.closeMonth(portal);
    expect(await statusOf(scope)).toBe('active');
    expect((await p.payments.desk.portal(portal)).subscription).toMatchObject({ status: 'past_due' });
    expect(await p.billing.balances(scope)).toMatchObject({ cash: 5_000_000 });
    p.clock.advance(5_000);
    await p.payments.desk.addPaymentMethod(portal);
    await refresh();
    expect(await p.billing.subscription(scope)).toMatchObject({ hasPaymentMethod: true });
    expect(await p.billing.balances(scope)).toMatchObject({ cash: 10_000_000, receivable: 0 });
  });
});

describe('an event of the vendor', () => {
  it('without a right signature changes nothing', async () => {
    const scope = await paid();
    const told = subscriptionEvent(await customerOf(scope), 'sub_x', 'canceled', 9_999_999_999);
    const good = webhook(told);
    const before = await state();
    const old = { ...good, headers: { 'stripe-signature': webhook(told).headers['stripe-signature'] } };
    const forged: SignedRequest[] = [
      webhook(told, 'whsec_of_somebody_else'),
      { ...good, headers: {} },
      { ...good, headers: { 'stripe-signature': 't=1,v1=00' } },
      { ...good, rawBody: Buffer.concat([good.rawBody, Buffer.from(' ')]) },
    ];
    for (const request of forged) {
      await expect(p.billing.receive(request)).rejects.toMatchObject({ code: 'forbidden' });
    }
    p.clock.advance(301_000);
    await expect(p.billing.receive(old)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await state()).toEqual(before);
  });

  it('of nobody known, or of no interest, is taken and changes nothing', async () => {
    const before = await state();
    const nobody: Told[] = [
      subscriptionEvent('cus_nobody', 'sub_nobody', 'active', 1),
      {
        type: 'invoice.paid',
        object: { id: 'in_1', customer: 'cus_nobody', currency: 'usd', total: 5, amount_paid: 5 },
      },
      {
        type: 'checkout.session.completed',
        object: {
          mode: 'subscription',
          payment_status: 'paid',
          client_reference_id: 'chk_nobody',
          customer: 'cus_nobody',
          subscription: 'sub_nobody',
        },
      },
      { type: 'checkout.session.expired', object: { client_reference_id: 'chk_nobody' } },
      { type: 'charge.refunded', object: { id: 'ch_1' } },
    ];
    for (const told of nobody) await p.billing.receive(webhook(told));
    expect(await state()).toEqual(before);
    // It was not marked as dealt with: once it concerns somebody, it may be sent again.
    expect(await p.rows("select id from payment_events where type = 'charge.refunded'")).toEqual([]);
  });

  it('that arrives again, or several times at once, counts once', async () => {
    const scope = await paid();
    const customer = await customerOf(scope);
    const invoice = { id: 'in_once', customer, currency: 'usd', total: 700, amount_paid: 700 };
    const told: Told = { id: 'evt_once', type: 'invoice.paid', object: invoice };
    await Promise.all(Array.from({ length: 5 }, () => p.billing.receive(webhook(told))));
    await p.billing.receive(webhook(told));
    expect(await p.billing.balances(scope)).toMatchObject({ cash: 12_000_000, subscription: -12_000_000 });
    const failed: Told = { id: 'evt_failed', type: 'invoice.payment_failed', object: invoice };
    await Promise.all(Array.from({ length: 5 }, () => p.billing.receive(webhook(failed))));
    await p.billing.receive(webhook(failed));
    const noted = await p.rows(
      "select 1 from audit_entries where action = 'invoice.failed' and tenant_id = $1",
      [scope.tenantId],
    );
    expect(noted).toHaveLength(1);
    // The same invoice told by another event is the same money.
    await p.billing.receive(webhook({ ...told, id: 'evt_twice' }));
    expect(await p.billing.balances(scope)).toMatchObject({ cash: 12_000_000 });
  });

  it('that is older than what is known, or of the same second, does not revive a canceled subscription', async () => {
    const scope = await unpaid();
    await p.billing.portal(scope);
    const customer = await customerOf(scope);
    const at = Math.floor(p.clock.nowMs() / 1_000);
    const say = (status: string, created: number) =>
      p.billing.receive(webhook(subscriptionEvent(customer, 'sub_order', status, created)));
    await say('canceled', at);
    await say('active', at - 10);
    await say('active', at);
    expect(await statusOf(scope)).toBe('inactive');
    await say('active', at + 10);
    expect(await statusOf(scope)).toBe('inactive');
    // Another subscription is another matter, even one from before the end of the first.
    await p.billing.receive(webhook(subscriptionEvent(customer, 'sub_next', 'active', at - 1)));
    expect(await statusOf(scope)).toBe('active');
  });

  it('of the payment that comes after those of what was paid for finds them done', async () => {
    const scope = await unpaid();
    const { url } = await p.billing.startCheckout(scope);
    const [checkout] = await p.rows<{ id: string }>('select id from checkouts where ref = $1', [refOf(url)]);
    const customer = await customerOf(scope);
    const at = Math.floor(p.clock.nowMs() / 1_000);
    await p.billing.receive(webhook(subscriptionEvent(customer, 'sub_late', 'active', at)));
    expect(await statusOf(scope)).toBe('active');
    await p.billing.receive(webhook(subscriptionEvent(customer, 'sub_late', 'canceled', at + 100)));
    const session = {
      mode: 'subscription',
      payment_status: 'paid',
      client_reference_id: checkout!.id,
      customer,
      subscription: 'sub_late',
    };
    await p.billing.receive(webhook({ type: 'checkout.session.completed', created: at, object: session }));
    expect(await statusOf(scope)).toBe('inactive');
    expect(await p.rows('select status from checkouts where id = $1', [checkout!.id])).toEqual([
      { status: 'paid' },
    ]);
  });

  it('of a late payment is waited for; of one given up makes the account inactive', async () => {
    const scope = await paid();
    const customer = await customerOf(scope);
    const at = Math.floor(p.clock.nowMs() / 1_000);
    const [{ ref }] = (await p.rows<{ ref: string }>(
      'select subscription_ref as ref from subscriptions where tenant_id = $1',
      [scope.tenantId],
    )) as [{ ref: string }];
    const say = (status: string, after: number) =>
      p.billing.receive(webhook(subscriptionEvent(customer, ref, status, at + after)));
    await say('past_due', 10);
    expect(await statusOf(scope)).toBe('active');
    await say('unpaid', 20);
    expect(await statusOf(scope)).toBe('inactive');
    await say('active', 30);
    expect(await statusOf(scope)).toBe('active');
    await p.oversight.updateTenant(scope.tenantId, { status: 'suspended' });
    await say('unpaid', 40);
    await say('active', 50);
    expect(await statusOf(scope)).toBe('suspended');
  });

  it('leaves no half behind where storing it fails', async () => {
    const scope = await unpaid();
    const { url } = await p.billing.startCheckout(scope);
    await p.pool.query('alter table ledger_entries rename to ledger_elsewhere');
    await p.payments.desk
      .pay(refOf(url))
      .finally(() => p.pool.query('alter table ledger_elsewhere rename to ledger_entries'));
    const waiting = await p.rows<{ id: string; type: string }>(
      "select id, body->'event'->>'type' as type from sandbox_objects where kind = 'payments.event' and body->>'deliveredAtMs' is null",
    );
    expect(waiting.map(({ type }) => type)).toEqual(['invoice.paid']);
    expect(await p.rows('select id from payment_events where id = $1', [waiting[0]!.id])).toEqual([]);
    await p.payments.deliverEvent(waiting[0]!.id);
    await p.payments.deliverEvent(waiting[0]!.id);
    expect(await p.billing.balances(scope)).toMatchObject({ cash: 5_000_000, receivable: 0 });
  });
});
