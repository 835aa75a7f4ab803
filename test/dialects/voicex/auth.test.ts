import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS } from './contract.ts';
import { makeKey, type Org, startVoicex, type Voicex } from './harness.ts';

let api: Voicex;
beforeAll(async () => {
  api = await startVoicex();
});
afterAll(() => api[Symbol.asyncDispose]());

const DASHBOARD = [...OPERATIONS.values()].filter((o) => o.path.startsWith('/api/dashboard'));
const person = { name: 'Jane', email: 'jane@example.org', password: 'correct horse', orgName: 'Jane & Co' };

describe('signing up', () => {
  it('X-01 X-11 makes a pending organization with an admin, and its token works at once', async () => {
    const { status, body } = await api.ask('signUp', { body: person });
    expect(status).toBe(201);
    expect(body.user).toMatchObject({ name: 'Jane', email: 'jane@example.org', role: 'admin' });
    expect(body.organization).toMatchObject({ name: 'Jane & Co', status: 'pending' });
    const me = await api.ask('getCurrentUser', { token: body.token });
    expect(me.status).toBe(200);
    expect(me.body).toEqual({ user: body.user, organization: body.organization });
  });

  it.each(['name', 'email', 'password', 'orgName'])('X-12 without %s it answers 400', async (field) => {
    const { [field as 'name']: _left, ...rest } = { ...person, email: `no-${field}@example.org` };
    const { status, body } = await api.ask('signUp', { body: rest });
    expect(status).toBe(400);
    expect(body.error).toContain(field);
  });

  it.each([
    ['an empty name', { name: '' }],
    ['a name of spaces', { name: '   ' }],
    ['an address that is none', { email: 'nobody' }],
    ['a password that is no text', { password: 12345678 }],
    ['an organization without a name', { orgName: '' }],
  ])('X-12 %s answers 400', async (_what, change) => {
    const body = { ...person, email: 'bad@example.org', ...change };
    expect((await api.ask('signUp', { body })).status).toBe(400);
  });

  it('X-12 a password of 7 characters is refused, one of 8 is not', async () => {
    const body = { ...person, email: 'short@example.org' };
    expect((await api.ask('signUp', { body: { ...body, password: '1234567' } })).status).toBe(400);
    expect((await api.ask('signUp', { body: { ...body, password: '12345678' } })).status).toBe(201);
  });

  it('X-13 an address in use gives 409, whatever its case, and makes nothing', async () => {
    const org = await api.signUp();
    const tenants = async () => (await api.platform.services.oversight.tenants({ limit: 200 })).items.length;
    const before = await tenants();
    const body = { ...person, email: org.email.toUpperCase(), orgName: 'Second' };
    expect((await api.ask('signUp', { body })).status).toBe(409);
    expect(await tenants()).toBe(before);
  });

  it('X-13 of several sign-ups with one address at once exactly one succeeds', async () => {
    const body = { ...person, email: 'crowd@example.org' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => api.ask('signUp', { body })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  it('X-04 malformed JSON and wrong media types answer in the error body', async () => {
    const malformed = await api.ask('signUp', {
      headers: { 'content-type': 'application/json' },
      body: '{"name":',
    });
    expect(malformed.status).toBe(400);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await api.ask('signUp', { headers: form, body: person })).status).toBe(400);
    expect((await api.ask('signUp')).status).toBe(400);
  });
});

describe('signing in', () => {
  it('X-01 X-14 returns user, organization with its status, and a token that works', async () => {
    const org = await api.signUp();
    const { status, body } = await api.ask('signIn', { body: { email: org.email, password: org.password } });
    expect(status).toBe(200);
    expect(body.user._id).toBe(org.userId);
    expect(body.organization).toEqual({ _id: org.tenantId, name: 'Acme Corp', status: 'pending' });
    expect((await api.ask('getCurrentUser', { token: body.token })).status).toBe(200);
  });

  it('X-14 a wrong password and an unknown address are told the same way', async () => {
    const org = await api.signUp();
    const wrong = await api.ask('signIn', { body: { email: org.email, password: 'wrong password' } });
    const unknown = await api.ask('signIn', {
      body: { email: 'who@example.org', password: 'wrong password' },
    });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(wrong.body).toEqual(unknown.body);
  });

  it.each([{ email: 'a@b.co' }, { password: 'abcdefgh' }, {}])(
    'X-14 a missing field gives 400: %j',
    async (body) => {
      expect((await api.ask('signIn', { body })).status).toBe(400);
    },
  );

  it('X-07 too many wrong passwords give 429 with the time to wait', async () => {
    const org = await api.signUp();
    const attempt = () => api.ask('signIn', { body: { email: org.email, password: 'not the password' } });
    for (let i = 0; i < 10; i++) expect((await attempt()).status).toBe(401);
    const refused = await attempt();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('X-15 no answer holds a password or its hash', async () => {
    const password = 'very secret words';
    const up = await api.ask('signUp', { body: { ...person, email: 'secret@example.org', password } });
    const into = await api.ask('signIn', { body: { email: 'secret@example.org', password } });
    const me = await api.ask('getCurrentUser', { token: into.body.token });
    for (const answer of [up, into, me]) {
      expect(answer.text).not.toContain(password);
      expect(answer.text).not.toMatch(/argon2|hash/i);
    }
  });
});

describe('credentials', () => {
  let org: Org;
  let revoked: string;
  beforeAll(async () => {
    org = await api.org();
    const key = await makeKey(api, org);
    revoked = key.rawKey;
    await api.ask('revokeApiKey', { token: org.token, id: key.id });
  });

  it.each(DASHBOARD.map((o) => o.id))(
    'X-02 %s answers 401 without a credential or with a bad one',
    async (id) => {
      const foreign = `${org.token.split('.').slice(0, 2).join('.')}.c2lnbmF0dXJlIG9mIHNvbWVib2R5IGVsc2U`;
      const bad = [
        {},
        { token: 'garbled' },
        { token: foreign },
        { token: revoked },
        { key: 'sk_live_nothing' },
        { key: 'vx_0123' },
        { key: `vx_${'0'.repeat(48)}` },
        { key: revoked },
        { headers: { authorization: 'Basic am9objpkb2U=' } },
      ];
      for (const credential of bad) {
        const answer = await api.ask(id, credential);
        expect({ credential, status: answer.status }).toEqual({ credential, status: 401 });
      }
    },
  );

  it('X-02 GET /api/auth/me answers 401 without a credential or with a bad one', async () => {
    for (const credential of [{}, { token: 'garbled' }, { token: `${org.token}x` }])
      expect((await api.ask('getCurrentUser', credential)).status).toBe(401);
  });

  it('X-03 the dashboard takes a JWT or a key; me takes a JWT', async () => {
    const { rawKey } = await makeKey(api, org);
    expect((await api.ask('getOrganization', { token: org.token })).status).toBe(200);
    expect((await api.ask('getOrganization', { key: rawKey })).status).toBe(200);
    expect((await api.ask('getCurrentUser', { token: org.token })).status).toBe(200);
    expect((await api.ask('getCurrentUser', { key: rawKey })).status).toBe(401);
  });

  it('X-03 any live key of the tenant opens the dashboard, whatever its form', async () => {
    for (const form of ['rtk', 'va', 'vx'] as const) {
      const { secret } = await api.platform.services.oversight.issueKey(org.tenantId, { form });
      expect((await api.ask('getOrganization', { key: secret })).body._id).toBe(org.tenantId);
    }
  });

  it('X-04 X-02 the credential is checked before the body', async () => {
    const answer = await api.ask('createAgent', {
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect(answer.status).toBe(401);
  });
});

describe('a pending organization', () => {
  it.each(DASHBOARD.map((o) => o.id))('X-06 %s answers 403', async (id) => {
    const org = await api.signUp();
    expect((await api.ask(id, { token: org.token })).status).toBe(403);
  });

  it('X-06 signing in and me go on working and show the status', async () => {
    const org = await api.signUp();
    const into = await api.ask('signIn', { body: { email: org.email, password: org.password } });
    expect(into.body.organization.status).toBe('pending');
    await api.platform.services.oversight.updateTenant(org.tenantId, { status: 'suspended' });
    const me = await api.ask('getCurrentUser', { token: org.token });
    expect(me.body.organization.status).toBe('suspended');
    expect((await api.ask('getStats', { token: org.token })).status).toBe(403);
    await api.platform.services.oversight.updateTenant(org.tenantId, { status: 'active' });
    expect((await api.ask('getStats', { token: org.token })).status).toBe(200);
  });
});
