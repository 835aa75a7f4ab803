import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobName } from '#core/jobs';
import { makeScope } from '#kernel/scope';
import { operator } from '#operator/index';
import { type TestPlatform, testPlatform } from '#test/dialects/platform';
import { fixtureApp } from './fixture.ts';

const KEY = 'the-operators-key';
let platform: TestPlatform;
let app: FastifyInstance;
const ran: (JobName | null)[] = [];
const placed = ['+15550001', '+15550002'].map((to) => ({
  ...{ to, from: '+15551234567', callSid: `CA${to}`, status: 'completed' },
  mediaUrl: null,
  at: new Date('2026-05-12T15:00:00Z'),
}));
const callOutbox = { placed: (to?: string) => placed.filter((call) => to === undefined || call.to === to) };
beforeAll(async () => {
  platform = await testPlatform();
  const jobs = { runDue: async (name: JobName | null) => ran.push(name) };
  const { services } = platform;
  app = await fixtureApp({ operator: operator({ services, adminApiKey: KEY, jobs, callOutbox }) });
});
afterAll(async () => {
  await app.close();
  await platform.close();
});

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT';

async function ask(method: Method, path: string, body?: object, key: string | null = KEY) {
  const response = await app.inject({
    method,
    url: `/admin${path}`,
    headers: key === null ? {} : { 'x-admin-key': key },
    ...(body && { payload: body }),
  });
  return { status: response.statusCode, body: response.json(), text: response.body };
}

let people = 0;
async function signUp(orgName = 'Acme') {
  const email = `owner${++people}@example.org`;
  const { access } = await platform.services.accounts.signUp({
    name: 'Owner',
    email,
    password: '12345678',
    orgName,
  });
  return { id: access.tenant.id, email };
}

describe('the operator’s key', () => {
  it.each([
    ['GET', '/tenants'],
    ['GET', '/plans'],
    ['GET', '/audit'],
    ['GET', '/providers'],
    ['POST', '/jobs/run'],
    ['PUT', '/users/a@b.co'],
  ] as const)('%s %s answers 401 without it or with a wrong one', async (method, path) => {
    for (const key of [null, '', 'wrong', `${KEY}x`, KEY.slice(0, -1)]) {
      const answer = await ask(method, path, undefined, key);
      expect({ key, status: answer.status, body: answer.body }).toEqual({
        key,
        status: 401,
        body: { error: expect.any(String) },
      });
    }
  });

  it('what is not there answers 404, sandboxes that have no port among it', async () => {
    for (const path of ['/outbox/mail', '/outbox/sms', '/nothing'])
      expect((await ask('GET', path)).status).toBe(404);
  });
});

describe('tenants', () => {
  it('are listed newest first, found by name and owner, and paged', async () => {
    const made = [];
    for (const name of ['Alpha Dental', 'Beta Dental', 'Gamma Law']) made.push(await signUp(name));
    const first = await ask('GET', '/tenants?limit=2');
    expect(first.status).toBe(200);
    expect(first.body.items.map((t: { name: string }) => t.name)).toEqual(['Gamma Law', 'Beta Dental']);
    expect(first.body.items[0]).toEqual({
      id: made[2]!.id,
      name: 'Gamma Law',
      status: 'pending',
      plan: 'free',
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      owner: { email: made[2]!.email },
    });
    const next = await ask('GET', `/tenants?limit=2&after=${encodeURIComponent(first.body.next)}`);
    expect(next.body.items.map((t: { name: string }) => t.name)).toContain('Alpha Dental');
    const byName = await ask('GET', '/tenants?query=dental');
    expect(byName.body.items).toHaveLength(2);
    expect(byName.body.next).toBeNull();
    const byOwner = await ask('GET', `/tenants?query=${made[0]!.email.toUpperCase()}`);
    expect(byOwner.body.items.map((t: { id: string }) => t.id)).toEqual([made[0]!.id]);
    for (const query of ['limit=0', 'limit=x', 'limit=201', 'after=garbage'])
      expect((await ask('GET', `/tenants?${query}`)).status).toBe(400);
  });

  it('are shown with their members', async () => {
    const { id, email } = await signUp();
    const { body } = await ask('GET', `/tenants/${id}`);
    expect(body).toMatchObject({ id, owner: { email }, members: [{ name: 'Owner', email, role: 'owner' }] });
    expect((await ask('GET', '/tenants/ten_none')).status).toBe(404);
    expect((await ask('GET', '/tenants/%00')).status).toBe(400);
  });

  it('get a status and a plan', async () => {
    const { id } = await signUp();
    const changed = await ask('PATCH', `/tenants/${id}`, { status: 'active', plan: 'pro' });
    expect(changed.body).toMatchObject({ id, status: 'active', plan: 'pro' });
    expect((await ask('PATCH', `/tenants/${id}`, { status: 'gone' })).status).toBe(400);
    expect((await ask('PATCH', `/tenants/${id}`, { plan: 'no-such-plan' })).status).toBe(400);
    expect((await ask('PATCH', '/tenants/ten_none', { status: 'active' })).status).toBe(404);
    expect((await ask('GET', `/tenants/${id}`)).body).toMatchObject({ status: 'active', plan: 'pro' });
  });

  it('get keys of any form, which work', async () => {
    const { id } = await signUp();
    const forms = { rtk: /^rtk_/, vx: /^vx_[0-9a-f]{48}$/, va: /^va_/ };
    for (const [form, pattern] of Object.entries(forms)) {
      const { status, body } = await ask('POST', `/tenants/${id}/api-keys`, { form, label: 'Tests' });
      expect(status).toBe(201);
      expect(body.key).toMatch(pattern);
      expect((await platform.services.accounts.byKey(body.key)).tenant.id).toBe(id);
    }
    expect((await ask('POST', `/tenants/${id}/api-keys`)).body.key).toMatch(/^va_/);
    expect((await ask('POST', `/tenants/${id}/api-keys`, { form: 'zz' })).status).toBe(400);
    expect((await ask('POST', '/tenants/ten_none/api-keys', {})).status).toBe(404);
  });
});

describe('users', () => {
  it('become superusers, and have to change their password', async () => {
    const { email } = await signUp();
    const made = await ask('PUT', `/users/${encodeURIComponent(email)}`, { superuser: true });
    expect(made.body).toMatchObject({ email, superuser: true });
    const told = await ask('PUT', `/users/${encodeURIComponent(email)}`, { passwordChangeRequired: true });
    expect(told.body).toMatchObject({ email, superuser: true, passwordChangeRequired: true });
    expect((await ask('PUT', '/users/nobody@example.org', { superuser: true })).status).toBe(404);
    expect((await ask('PUT', `/users/${email}`, { superuser: 'yes' })).status).toBe(400);
  });
});

describe('plans', () => {
  const plan = {
    slug: 'bespoke',
    name: 'Bespoke',
    description: 'For one customer',
    public: false,
    custom: true,
    limits: { maxAgents: 7, maxConcurrentCalls: 9, maxCallDurationSec: 600, maxMonthlyMinutes: 100 },
    features: { customProviders: true, maxCustomProviders: 2 },
    models: { llm: ['openai/gpt-4o'], tts: [], stt: [] },
    pricing: { monthly: 12.5, annual: 120, maxDiscountPercent: 10 },
  };

  it('are listed, made and replaced; a tenant can be put on one', async () => {
    const slugs = (await ask('GET', '/plans')).body.items.map((p: { slug: string }) => p.slug);
    expect(slugs).toEqual(
      expect.arrayContaining(['free', 'starter', 'advanced', 'pro', 'enterprise', 'payg']),
    );
    const put = await ask('PUT', '/plans/bespoke', plan);
    expect(put.status).toBe(200);
    expect(put.body).toMatchObject({ ...plan, models: { llm: expect.arrayContaining(['openai/gpt-4o']) } });
    expect(put.body.models.llm).toContain('concierge/concierge');
    const again = await ask('PUT', '/plans/bespoke', { ...plan, name: 'Bespoke 2' });
    expect(again.body.name).toBe('Bespoke 2');
    const { id } = await signUp();
    expect((await ask('PATCH', `/tenants/${id}`, { plan: 'bespoke' })).body.plan).toBe('bespoke');
  });

  it.each([
    { name: '' },
    { limits: {} },
    { limits: { ...plan.limits, maxAgents: -1 } },
    { models: { llm: ['no slash'], tts: [], stt: [] } },
    { pricing: { ...plan.pricing, monthly: 'free' } },
  ])('%j is refused', async (change) => {
    expect((await ask('PUT', '/plans/wrong', { ...plan, ...change })).status).toBe(400);
  });

  it('a slug is lower case', async () => {
    expect((await ask('PUT', '/plans/No%20Good', plan)).status).toBe(400);
  });
});

describe('global providers', () => {
  const draft = {
    category: 'llm',
    providerKey: 'openai',
    name: 'OpenAI',
    credentials: { apiKey: 'sk-platform-secret' },
    models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
  };

  it('exist from the start without any key, and others are added and changed; credentials never show', async () => {
    const before = await ask('GET', '/providers');
    const keys = before.body.items.map((p: { providerKey: string }) => p.providerKey);
    expect(keys).toEqual(expect.arrayContaining(['moonshine', 'flite', 'concierge']));
    const made = await ask('POST', '/providers', draft);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ name: 'OpenAI', providerKey: 'openai', active: true });
    const changed = await ask('PATCH', `/providers/${made.body.id}`, {
      active: false,
      credentials: { apiKey: 'sk-second-secret' },
    });
    expect(changed.body).toMatchObject({ id: made.body.id, active: false });
    const after = await ask('GET', '/providers');
    expect(after.body.items.map((p: { id: string }) => p.id)).toContain(made.body.id);
    for (const answer of [made, changed, after]) expect(answer.text).not.toMatch(/secret|credentials/);
  });

  it('unknown ones and wrong bodies are refused', async () => {
    expect((await ask('PATCH', '/providers/prov_none', { active: false })).status).toBe(404);
    expect((await ask('POST', '/providers', { ...draft, providerKey: 'no-such-type' })).status).toBe(400);
    expect((await ask('POST', '/providers', { ...draft, category: 'vision' })).status).toBe(400);
    expect((await ask('POST', '/providers', {})).status).toBe(400);
  });
});

describe('jobs', () => {
  it('run at the operator’s word: all that is due, or one', async () => {
    ran.length = 0;
    expect((await ask('POST', '/jobs/run', {})).body).toEqual({ ran: 1 });
    expect((await ask('POST', '/jobs/run', { name: 'sweep-tickets' })).body).toEqual({ ran: 2 });
    expect((await ask('POST', '/jobs/run')).body).toEqual({ ran: 3 });
    expect(ran).toEqual([null, 'sweep-tickets', null]);
    expect((await ask('POST', '/jobs/run', { name: 'constructor' })).status).toBe(400);
    expect(ran).toHaveLength(3);
  });
});

describe('the audit log', () => {
  it('tells who did what, of one tenant or of all, page by page', async () => {
    const { id } = await signUp();
    await ask('PATCH', `/tenants/${id}`, { status: 'active' });
    await ask('POST', `/tenants/${id}/api-keys`, { form: 'vx' });
    const { body } = await ask('GET', `/audit?tenantId=${id}`);
    const seen = body.items.map((entry: { action: string; actor: { kind: string } }) => [
      entry.action,
      entry.actor.kind,
    ]);
    expect(seen).toEqual([
      ['key.issued', 'operator'],
      ['tenant.updated', 'operator'],
      ['tenant.created', 'user'],
    ]);
    expect(body.items[1]).toMatchObject({ tenantId: id, target: id, details: { status: 'active' } });
    const first = (await ask('GET', `/audit?tenantId=${id}&limit=2`)).body;
    const rest = (await ask('GET', `/audit?tenantId=${id}&limit=2&after=${first.next}`)).body;
    expect([...first.items, ...rest.items]).toEqual(body.items);
    expect(rest.next).toBeNull();
    expect((await ask('GET', '/audit?limit=1')).body.items).toHaveLength(1);
  });

  it('refuses what names nothing', async () => {
    expect((await ask('GET', '/audit?tenantId=x')).status).toBe(404);
    expect((await ask('GET', '/audit?after=x')).status).toBe(400);
    expect((await ask('GET', '/audit?limit=0')).status).toBe(400);
    expect((await ask('GET', '/audit', undefined, null)).status).toBe(401);
  });
});

describe('trying a global provider', () => {
  it('asks its vendor with the platform’s key', async () => {
    const draft = {
      category: 'llm',
      providerKey: 'openai',
      name: 'Tried',
      credentials: { apiKey: 'sk-of-the-platform' },
      models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
    };
    const { id } = (await ask('POST', '/providers', draft)).body;
    platform.web.answer = () => ({ status: 401, headers: {}, body: 'sk-of-the-platform is wrong' });
    const { status, body, text } = await ask('POST', `/providers/${id}/test`);
    expect([status, body.ok, body.outcome]).toEqual([200, false, 'refused']);
    expect(text).not.toContain('sk-of-the-platform');
    expect(platform.web.requests.at(-1)!.headers.authorization).toBe('Bearer sk-of-the-platform');
    expect((await ask('POST', '/providers/prov_none/test')).status).toBe(404);
    platform.web.reset();
  });
});

describe('the outbox of calls', () => {
  it('shows what the sandbox carrier was asked for, of one number too', async () => {
    const all = await ask('GET', '/outbox/calls');
    expect(all.body.items.map(({ to }: { to: string }) => to)).toEqual(['+15550001', '+15550002']);
    expect(all.body.items[0]).toEqual({ ...placed[0], at: '2026-05-12T15:00:00.000Z' });
    for (const to of ['%2B15550002', '+15550002'])
      expect((await ask('GET', `/outbox/calls?to=${to}`)).body.items).toHaveLength(1);
    expect((await ask('GET', '/outbox/calls', undefined, null)).status).toBe(401);
  });

  it('is not there where calls are a real carrier’s', async () => {
    const { services } = platform;
    const jobs = { runDue: async () => 0 };
    const real = await fixtureApp({
      operator: operator({ services, adminApiKey: KEY, jobs, callOutbox: null }),
    });
    const answer = await real.inject({ url: '/admin/outbox/calls', headers: { 'x-admin-key': KEY } });
    expect(answer.statusCode).toBe(404);
    await real.close();
  });
});

describe('the books of a tenant', () => {
  it('say what it owes and what it has paid, in dollars', async () => {
    const { services, payments } = platform;
    const { id } = await signUp();
    await ask('PATCH', `/tenants/${id}`, { plan: 'payg' });
    const scope = makeScope(id, { kind: 'system' }, 'owner');
    const { url } = await services.billing.startCheckout(scope);
    await payments.desk.pay(url.slice(url.lastIndexOf('/') + 1));
    const { status, body } = await ask('GET', `/tenants/${id}/balances`);
    expect(status).toBe(200);
    const nothing = { receivable: 0, usage: 0, vendor_costs: 0, vendors: 0 };
    expect(body).toEqual({ balances: { ...nothing, cash: 5, subscription: -5 } });
    expect((await ask('GET', '/tenants/ten_none/balances')).status).toBe(404);
  });
});
