import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Account, CALLBACKS, freshNumber, PUBLIC_URL, startVeevo, type Veevo } from './harness.ts';

let api: Veevo;
beforeAll(async () => {
  api = await startVeevo();
});
afterAll(() => api[Symbol.asyncDispose]());

const idIn = (url: string) => url.slice(url.lastIndexOf('/') + 1);
const pay = (checkoutUrl: string) => api.platform.payments.desk.pay(idIn(checkoutUrl));
const statusOf = async ({ key }: Account) =>
  (await api.ask('getAccount', { bearer: key })).body.account.status;
const subscription = async ({ key }: Account) => (await api.ask('getSubscription', { bearer: key })).body;
const portal = async ({ key }: Account) => api.ask('openBillingPortal', { bearer: key });

/** Beyond the contract. */
async function checkout({ key }: Account) {
  const response = await api.app.inject({
    method: 'POST',
    url: '/veevo/api/billing/checkout',
    headers: { authorization: `Bearer ${key}` },
  });
  return { status: response.statusCode, body: response.json() };
}

describe('paying', () => {
  it('V-03 V-39 an account is ACTIVE once what its checkoutUrl asks for is paid, and can be used', async () => {
    const account = await api.register();
    expect(account.checkoutUrl.startsWith(`${PUBLIC_URL}/sandbox/checkout/`)).toBe(true);
    const view = await api.platform.payments.desk.checkout(idIn(account.checkoutUrl));
    expect(view).toMatchObject({ monthlyMicros: 5_000_000, perMinuteMicros: 50_000, status: 'open' });
    const body = { phoneNumber: freshNumber(), ...CALLBACKS };
    const register = () => api.ask('registerPhoneNumber', { bearer: account.key, body });
    expect((await register()).status).toBe(402);
    await pay(account.checkoutUrl);
    expect(await statusOf(account)).toBe('ACTIVE');
    expect((await register()).status).toBe(201);
  });

  it('V-03 paying one account’s checkout changes no other account', async () => {
    const [mine, theirs] = [await api.register(), await api.register()];
    await pay(theirs.checkoutUrl);
    expect(await statusOf(mine)).toBe('INACTIVE');
  });

  it('V-40 paying does not lift a suspension', async () => {
    const account = await api.register();
    await api.setStatus(account, 'suspended');
    await pay(account.checkoutUrl);
    expect((await api.ask('getAccount', { bearer: account.key })).status).toBe(403);
  });

  it('a lost link can be had again: the same page while it is open, none once it is paid', async () => {
    const account = await api.register();
    expect(await checkout(account)).toEqual({ status: 200, body: { url: account.checkoutUrl } });
    await pay(account.checkoutUrl);
    expect(await checkout(account)).toEqual({ status: 400, body: { error: expect.any(String) } });
  });

  it('V-39 an account that cancels is INACTIVE again, and may come back', async () => {
    const account = await api.register();
    await pay(account.checkoutUrl);
    await api.platform.payments.desk.cancel(idIn((await portal(account)).body.url));
    expect(await statusOf(account)).toBe('INACTIVE');
    const again = await checkout(account);
    expect(again.body.url).not.toBe(account.checkoutUrl);
    await pay(again.body.url);
    expect(await statusOf(account)).toBe('ACTIVE');
  });
});

describe('the portal', () => {
  it('V-37 answers a URL to open, before the account is paid for too', async () => {
    const account = await api.register();
    for (const _ of [1, 2]) {
      const { status, body } = await portal(account);
      expect(status).toBe(200);
      expect(body.url.startsWith(`${PUBLIC_URL}/sandbox/portal/`)).toBe(true);
      await pay(account.checkoutUrl);
    }
  });

  it('V-42 shows the account that asked', async () => {
    const account = await api.register();
    const { url } = (await portal(account)).body;
    expect(await api.platform.payments.desk.portal(idIn(url))).toMatchObject({ email: account.email });
  });
});

describe('the subscription', () => {
  it('V-38 of a fresh account is INACTIVE, without a payment method, at the plan’s prices', async () => {
    expect(await subscription(await api.register())).toEqual({
      status: 'INACTIVE',
      monthlyBase: 5,
      perMinuteRate: 0.05,
      totalCalls: 0,
      totalMinutes: 0,
      hasPaymentMethod: false,
    });
  });

  it('V-38 shows the account’s status and that there is a payment method', async () => {
    const account = await api.register();
    await pay(account.checkoutUrl);
    expect(await subscription(account)).toMatchObject({
      status: await statusOf(account),
      hasPaymentMethod: true,
    });
  });

  it('V-35 V-38 the prices are those of the plan, wherever they are shown', async () => {
    const account = await api.account();
    await api.platform.services.oversight.updateTenant(account.id, { plan: 'pro' });
    const prices = { monthlyBase: 499, perMinuteRate: 0.1 };
    expect(await subscription(account)).toMatchObject(prices);
    expect((await api.ask('getCurrentUsage', { bearer: account.key })).body).toMatchObject(prices);
  });
});
