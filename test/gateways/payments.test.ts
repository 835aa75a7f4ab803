import type { FastifyInstance } from 'fastify';
import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkoutPages } from '#gateways/payments/checkout-pages';
import { PAYMENT_WEBHOOK_PATH, paymentWebhook } from '#gateways/payments/payment-webhook';
import { sandboxPages } from '#gateways/payments/sandbox-pages';
import type { Scope } from '#kernel/scope';
import { openPlatform, type Platform } from '#test/core/platform';
import { fixtureApp, keepingLog } from '#test/http/fixture';

const PUBLIC_URL = 'https://patchbay.example';

let p: Platform;
let app: FastifyInstance;
const log = keepingLog();

beforeAll(async () => {
  p = await openPlatform();
  app = await fixtureApp({
    extraPlugins: [
      paymentWebhook({ billing: p.billing, publicUrl: PUBLIC_URL, log }),
      checkoutPages({ billing: p.billing, log }),
      sandboxPages({ desk: p.payments.desk, log }),
    ],
  });
});
afterAll(async () => {
  await app.close();
  await p.close();
});

/** A tenant that has not paid, and the path of its checkout. */
async function unpaid(): Promise<{ scope: Scope; path: string }> {
  const { scope } = await p.tenant('payg');
  await p.oversight.updateTenant(scope.tenantId, { status: 'inactive' });
  return { scope, path: pathOf((await p.billing.startCheckout(scope)).url) };
}

const pathOf = (url: string) => {
  expect(url.startsWith(PUBLIC_URL)).toBe(true);
  return url.slice(PUBLIC_URL.length);
};
const statusOf = async (scope: Scope) => (await p.billing.subscription(scope)).status;
const get = (url: string) => app.inject({ url });
const post = (url: string) => app.inject({ method: 'POST', url });

describe('the checkout page of the sandbox', () => {
  it('shows the amount and a button, pays, and leads to the page of success', async () => {
    const { scope, path } = await unpaid();
    const page = await get(path);
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.body).toContain('$5.00');
    expect(page.body).toContain('$0.05');
    expect(page.body).toMatch(new RegExp(`<form method="post" action="${path}"><button[^>]*>Pay `));
    expect(page.body).toContain('Sandbox');
    expect(await statusOf(scope)).toBe('inactive');
    const paid = await post(path);
    expect([paid.statusCode, paid.headers.location]).toEqual([303, `${PUBLIC_URL}/checkout/done`]);
    expect(await statusOf(scope)).toBe('active');
    expect((await get('/checkout/done')).body).toContain('Thank you');
    expect((await get(path)).body).toContain('This has been paid');
    expect((await post(path)).statusCode).toBe(303);
    expect(await p.billing.balances(scope)).toMatchObject({ cash: 5_000_000 });
  });

  it.each(['application/x-www-form-urlencoded', 'application/json', 'multipart/form-data; boundary=x'])(
    'pays whatever %s the button sends',
    async (type) => {
      const { scope, path } = await unpaid();
      const headers = { 'content-type': type };
      const paid = await app.inject({ method: 'POST', url: path, payload: '{"broken', headers });
      expect(paid.statusCode).toBe(303);
      expect(await statusOf(scope)).toBe('active');
    },
  );

  it('runs no script, is shown in no frame, and shows names as text', async () => {
    const { scope } = await p.tenant('payg');
    await p.tenants.update(scope, { name: '<script>alert("1")</script>' });
    const page = await get(pathOf((await p.billing.startCheckout(scope)).url));
    expect(page.body).not.toContain('<script');
    expect(page.body).toContain('&#60;script&#62;alert(&#34;1&#34;)');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe-inline');
    expect(page.headers['referrer-policy']).toBe('no-referrer');
    expect(page.headers['cache-control']).toBe('no-store');
  });

  it('is gone when its time is up, and was never there for another address', async () => {
    const { scope, path } = await unpaid();
    p.clock.advance(86_400_001);
    for (const answer of [await get(path), await post(path)]) {
      expect(answer.statusCode).toBe(410);
      expect(answer.body).toContain('time to pay is up');
    }
    expect(await statusOf(scope)).toBe('inactive');
    for (const url of ['/sandbox/checkout/cs_sandbox_none', '/sandbox/portal/bps_sandbox_none']) {
      expect((await get(url)).statusCode).toBe(404);
    }
    expect((await post('/sandbox/checkout/cs_sandbox_none')).statusCode).toBe(404);
    expect((await post('/sandbox/portal/bps_sandbox_none/cancel')).statusCode).toBe(404);
  });

  it("is nowhere where payments are the real vendor's", async () => {
    const { path } = await unpaid();
    const plugins = [checkoutPages({ billing: p.billing, log })];
    const real = await fixtureApp({ extraPlugins: plugins });
    expect((await real.inject({ url: path })).statusCode).toBe(404);
    expect((await real.inject({ method: 'POST', url: path })).statusCode).toBe(404);
    await real.close();
  });
});

describe('ways back to a checkout', () => {
  it('lead from the page of cancelling to one that is open', async () => {
    const { scope, path } = await unpaid();
    const cancel = /href="(https:\/\/[^"]+\/checkout\/canceled[^"]+)"/.exec((await get(path)).body)![1]!;
    const again = /href="(\/checkout\/chk_\w+)"/.exec((await get(pathOf(cancel))).body)![1]!;
    expect((await get(again)).headers.location).toBe(PUBLIC_URL + path);
    p.clock.advance(86_400_000);
    const later = await get(again);
    expect(later.statusCode).toBe(303);
    expect(later.headers.location).not.toBe(PUBLIC_URL + path);
    await post(pathOf(String(later.headers.location)));
    expect(await statusOf(scope)).toBe('active');
    const done = await get(again);
    expect([done.statusCode, done.headers.location]).toEqual([200, undefined]);
    expect(done.body).toContain('Nothing to pay');
  });

  it('lead nowhere for an id that is none', async () => {
    expect((await get('/checkout/chk_none')).statusCode).toBe(404);
    const forged = await get('/checkout/canceled?checkout=%22%3E%3Cscript%3E');
    expect(forged.statusCode).toBe(200);
    expect(forged.body).not.toContain('script');
    expect((await get('/checkout/canceled?checkout=chk_1&checkout=chk_2')).statusCode).toBe(200);
  });
});

describe('the portal of the sandbox', () => {
  it('shows plan, minutes, card and invoices, and does what its buttons say', async () => {
    const { scope, path } = await unpaid();
    const portal = pathOf((await p.billing.portal(scope)).url);
    expect((await get(portal)).body).toContain('Complete the payment');
    await post(path);
    const press = async (deed: string) => {
      const pressed = await post(`${portal}/${deed}`);
      expect([pressed.statusCode, pressed.headers.location]).toEqual([303, portal]);
      return (await get(portal)).body;
    };
    expect((await get(portal)).body).toContain('A card ending in 4242');
    expect(await press('remove-card')).toContain('Add a card');
    p.clock.advance(2_000);
    expect(await press('close-month')).toContain('payment overdue');
    p.clock.advance(2_000);
    expect(await press('add-card')).toContain('active');
    p.clock.advance(2_000);
    expect(await press('cancel')).toContain('canceled');
    expect(await statusOf(scope)).toBe('inactive');
  });
});

describe('the webhook of payments', () => {
  const secret = () => p.payments.webhookSecret;

  async function deliver(event: object | string, header?: string | null) {
    const payload = typeof event === 'string' ? event : JSON.stringify(event);
    const timestamp = Math.floor(p.clock.nowMs() / 1_000);
    const signature =
      header === undefined
        ? Stripe.webhooks.generateTestHeaderString({ payload, secret: secret(), timestamp })
        : header;
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      ...(signature !== null && { 'stripe-signature': signature }),
    };
    return app.inject({ method: 'POST', url: PAYMENT_WEBHOOK_PATH, payload, headers });
  }

  /** A tenant that is a customer, and the event that makes it active. */
  async function customer() {
    const { scope } = await unpaid();
    const [row] = await p.rows<{ ref: string }>(
      'select customer_ref as ref from subscriptions where tenant_id = $1',
      [scope.tenantId],
    );
    const object = { id: `sub_${scope.tenantId}`, customer: row!.ref, status: 'active' };
    const created = Math.floor(p.clock.nowMs() / 1_000);
    const type = 'customer.subscription.updated';
    return {
      scope,
      event: { id: `evt_${scope.tenantId}`, object: 'event', type, created, data: { object } },
    };
  }

  it('answers 200 once everything is stored, and again for each repetition', async () => {
    const { scope, event } = await customer();
    const answers = await Promise.all([1, 2, 3].map(() => deliver(event)));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
    expect(await statusOf(scope)).toBe('active');
    const audit = await p.rows('select 1 from audit_entries where tenant_id = $1 and action = $2', [
      scope.tenantId,
      'subscription.active',
    ]);
    expect(audit).toHaveLength(1);
  });

  it('refuses what is not signed, and takes what is of nobody known', async () => {
    const { scope, event } = await customer();
    for (const header of [null, '', 't=1,v1=00', 'nonsense']) {
      const refused = await deliver(event, header);
      expect(refused.statusCode).toBe(403);
      expect(Object.keys(refused.json())).toEqual(['error']);
      expect(refused.body).not.toContain(secret());
    }
    expect(await statusOf(scope)).toBe('inactive');
    const foreign = {
      ...event,
      id: 'evt_foreign',
      data: { object: { id: 's', customer: 'c', status: 'active' } },
    };
    expect((await deliver(foreign)).statusCode).toBe(200);
    expect((await deliver({ ...event, data: {} })).statusCode).toBe(400);
    expect((await deliver('{"signed": "but')).statusCode).toBeGreaterThanOrEqual(400);
    expect((await deliver(`{"pad":"${'x'.repeat(1_100_000)}"}`)).statusCode).toBe(400);
    expect((await get(PAYMENT_WEBHOOK_PATH)).statusCode).toBe(404);
  });

  it('sends the vendor away to come again where storing fails, and has taken nothing', async () => {
    const { scope, event } = await customer();
    await p.pool.query('alter table audit_entries rename to audit_elsewhere');
    const failed = await deliver(event).finally(() =>
      p.pool.query('alter table audit_elsewhere rename to audit_entries'),
    );
    expect(failed.statusCode).toBe(503);
    expect(failed.body).not.toMatch(/audit|relation/);
    expect(await statusOf(scope)).toBe('inactive');
    expect((await deliver(event)).statusCode).toBe(200);
    expect(await statusOf(scope)).toBe('active');
  });
});
