import Stripe from 'stripe';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeDataDir, removeDataDir, startTestServer, type TestServer } from '#test/support/server';
import { STRIPE_KEY, type StripeServer, startStripe } from '#test/support/vendors/stripe-server';
import { ask } from './tenants.ts';

const SECRET = 'whsec_of_this_endpoint';

let dataDir: string;
let vendor: StripeServer;
let server: TestServer;

beforeAll(async () => {
  vendor = await startStripe(() => Date.now());
  dataDir = await makeDataDir();
  const env = {
    STRIPE_SECRET_KEY: STRIPE_KEY,
    STRIPE_WEBHOOK_SECRET: SECRET,
    STRIPE_METERED_PRICE: 'price_metered',
    STRIPE_METER: 'call_seconds',
    STRIPE_API_URL: vendor.url,
    LOG_LEVEL: 'debug',
  };
  server = await startTestServer({ dataDir, env });
});
afterAll(async () => {
  await server?.kill();
  await vendor[Symbol.asyncDispose]();
  await removeDataDir(dataDir);
});

const register = (email: string) =>
  ask(server, '/veevo/api/auth/register', { body: { email, password: 'min8chars' } });

it('an account at Stripe replaces the sandbox, and what Stripe tells is believed', async () => {
  const { body } = await register('jo@company.example');
  expect(body.checkoutUrl).toMatch(/^https:\/\/checkout\.stripe\.com\//);
  const bearer = { authorization: `Bearer ${body.apiKey}` };
  const session = vendor.requests.find(({ path }) => path === '/v1/checkout/sessions')!.fields;
  expect(session['line_items[0][price_data][unit_amount]']).toBe('500');

  const object = {
    mode: 'subscription',
    payment_status: 'paid',
    client_reference_id: session.client_reference_id,
    customer: session.customer,
    subscription: 'sub_1',
  };
  const created = Math.floor(Date.now() / 1_000);
  const event = {
    id: 'evt_1',
    object: 'event',
    created,
    type: 'checkout.session.completed',
    data: { object },
  };
  const payload = JSON.stringify(event);
  const tell = async (secret: string) => {
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret });
    const headers = { 'stripe-signature': signature, 'content-type': 'application/json' };
    return (await fetch(`${server.url}/webhooks/stripe`, { method: 'POST', body: payload, headers })).status;
  };
  const status = async () =>
    (await ask(server, '/veevo/api/account', { headers: bearer })).body.account.status;
  expect(await tell('whsec_of_another')).toBe(403);
  expect(await status()).toBe('INACTIVE');
  expect(await tell(SECRET)).toBe(200);
  expect(await tell(SECRET)).toBe(200);
  expect(await status()).toBe('ACTIVE');
  const portal = await ask(server, '/veevo/api/billing/portal', { method: 'POST', headers: bearer });
  expect(portal.body.url).toMatch(/^https:\/\/billing\.stripe\.com\//);
  expect((await ask(server, '/sandbox/checkout/cs_sandbox_1')).status).toBe(404);
});

it('Stripe out of reach turns nobody away: the payment page is found later', async () => {
  vendor.mode = 'down';
  const { status, body } = await register('al@company.example');
  expect(status).toBe(201);
  expect(body.checkoutUrl).toMatch(/\/checkout\/chk_\w+$/);
  const open = () => fetch(body.checkoutUrl, { redirect: 'manual' });
  const down = await open();
  expect(down.status).toBe(502);
  expect(await down.text()).toContain('out of reach');
  vendor.mode = 'ok';
  const found = await open();
  expect(found.status).toBe(303);
  expect(found.headers.get('location')).toMatch(/^https:\/\/checkout\.stripe\.com\//);
  expect(server.printed.join('')).not.toContain(STRIPE_KEY);
  expect(server.printed.join('')).not.toContain(SECRET);
});
