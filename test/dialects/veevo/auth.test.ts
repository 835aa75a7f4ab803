import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROTECTED } from './contract.ts';
import { type Account, PUBLIC_URL, startVeevo, type Veevo } from './harness.ts';

let api: Veevo;
beforeAll(async () => {
  api = await startVeevo();
});
afterAll(() => api[Symbol.asyncDispose]());

const you = { email: 'you@company.com', password: 'min_8_chars', companyName: 'Your Company' };

describe('registering', () => {
  it('V-02 V-03 hands over an INACTIVE account, a key, a JWT, a payment link and the voice webhook', async () => {
    const { status, body } = await api.ask('registerAccount', { body: you });
    expect(status).toBe(201);
    expect(body.account).toEqual({
      id: expect.any(String),
      email: you.email,
      companyName: you.companyName,
      status: 'INACTIVE',
    });
    expect(body.apiKey).toMatch(/^rtk_[0-9a-f]{48}$/);
    expect(body.token).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(body.checkoutUrl).toMatch(/^https:\/\//);
    expect(body.engineVoiceUrl).toBe(`${PUBLIC_URL}/veevo/voice`);
  });

  it('V-03 the account becomes ACTIVE, and says so', async () => {
    const account = await api.register();
    const statusOf = async () => (await api.ask('getAccount', { bearer: account.key })).body.account.status;
    expect(await statusOf()).toBe('INACTIVE');
    await api.setStatus(account, 'active');
    expect(await statusOf()).toBe('ACTIVE');
  });

  it('V-04 no later answer contains the key', async () => {
    const account = await api.account();
    const later = [
      await api.ask('logIn', { body: { email: account.email, password: account.password } }),
      await api.ask('getAccount', { bearer: account.key }),
      await api.ask('listApiKeys', { bearer: account.key }),
      await api.ask('createApiKey', { bearer: account.key, body: {} }),
      await api.ask('getSubscription', { bearer: account.key }),
    ];
    for (const { status, text } of later) {
      expect(status).toBeLessThan(300);
      expect(text).not.toContain(account.key);
      expect(text).not.toContain(account.password);
      expect(text).not.toMatch(/argon2|hash/i);
    }
  });

  it.each(['', 'a', 'seven77'])('V-05 the password %j is too short: 400', async (password) => {
    const body = { ...you, email: `short${password.length}@company.com`, password };
    expect((await api.ask('registerAccount', { body })).status).toBe(400);
    expect((await api.ask('registerAccount', { body: { ...body, password: 'eight888' } })).status).toBe(201);
  });

  it.each([[{}], [{ companyName: '' }], [{ companyName: '  ' }]])(
    'V-06 without a company name (%j) it is null from then on',
    async (name) => {
      const email = `nameless${Math.random()}@company.com`;
      const { status, body } = await api.ask('registerAccount', {
        body: { email, password: you.password, ...name },
      });
      expect(status).toBe(201);
      expect(body.account.companyName).toBeNull();
      const shown = (await api.ask('getAccount', { bearer: body.apiKey })).body.account;
      expect(shown).toMatchObject({ companyName: null, email });
    },
  );

  it.each([
    ['no email', { password: 'min_8_chars' }],
    ['no password', { email: 'a@b.co' }],
    ['a malformed email', { email: 'not an address', password: 'min_8_chars' }],
    ['an email that is no text', { email: 5, password: 'min_8_chars' }],
    ['a company name that is no text', { ...you, email: 'x@y.co', companyName: 7 }],
    ['a list', []],
    ['malformed JSON', '{"email":'],
    ['text', '"you@company.com"'],
    ['nothing', undefined],
  ])('V-07 refuses %s with 400', async (_what, body) => {
    expect((await api.ask('registerAccount', { body })).status).toBe(400);
  });

  it('V-07 refuses a body that is not JSON', async () => {
    const headers = { 'content-type': 'text/plain' };
    expect((await api.ask('registerAccount', { body: 'email=you', headers })).status).toBe(400);
  });

  it('V-08 an email in use is refused, whatever its case, and the first account stays as it is', async () => {
    const account = await api.register();
    const again = await api.ask('registerAccount', {
      body: { email: account.email.toUpperCase(), password: 'another password', companyName: 'Other' },
    });
    expect(again.status).toBe(409);
    const into = await api.ask('logIn', { body: { email: account.email, password: account.password } });
    expect(into.status).toBe(200);
    const shown = await api.ask('getAccount', { bearer: account.key });
    expect(shown.body.account.companyName).toBe('Your Company');
  });

  it('V-08 of several registrations of one email at once exactly one wins', async () => {
    const body = { email: 'race@company.com', password: 'min_8_chars' };
    const answers = await Promise.all(Array.from({ length: 5 }, () => api.ask('registerAccount', { body })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    const [winner] = answers.filter(({ status }) => status === 201);
    expect((await api.ask('getAccount', { bearer: winner!.body.apiKey })).body.account.email).toBe(
      body.email,
    );
  });

  it('V-08 an email known from another dialect is in use', async () => {
    const { accounts } = api.platform.services;
    await accounts.signUp({ name: 'Ann', email: 'ann@x.co', password: 'min8chars', orgName: 'Ann & Co' });
    const body = { email: 'ann@x.co', password: 'min_8_chars' };
    expect((await api.ask('registerAccount', { body })).status).toBe(409);
  });
});

describe('logging in', () => {
  it('V-09 answers a JWT and no API key', async () => {
    const { email, password } = await api.register();
    const { status, body } = await api.ask('logIn', { body: { email: email.toUpperCase(), password } });
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['token']);
  });

  it('V-10 an unknown email and a wrong password look the same', async () => {
    const { email } = await api.register();
    const wrong = await api.ask('logIn', { body: { email, password: 'not the password' } });
    const unknown = await api.ask('logIn', { body: { email: 'nobody@x.co', password: 'not the password' } });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(unknown.body).toEqual(wrong.body);
  });

  it.each([{ email: 'a@b.co' }, { password: 'min_8_chars' }, {}, '{', { email: 'a@b.co', password: 1 }])(
    'V-07 %j is refused with 400',
    async (body) => {
      expect((await api.ask('logIn', { body })).status).toBe(400);
    },
  );

  it('V-10 too many wrong passwords give 429 with the time to wait', async () => {
    const { email } = await api.register();
    const attempt = () => api.ask('logIn', { body: { email, password: 'not the password' } });
    for (let i = 0; i < 10; i++) expect((await attempt()).status).toBe(401);
    const refused = await attempt();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('V-40 a suspended account cannot log in, and is told so to the right password only', async () => {
    const account = await api.account();
    await api.setStatus(account, 'suspended');
    const { email, password } = account;
    expect((await api.ask('logIn', { body: { email, password } })).status).toBe(403);
    expect((await api.ask('logIn', { body: { email, password: 'wrong' } })).status).toBe(401);
  });

  it('a user of another dialect logs in here; an organization that waits for approval is INACTIVE', async () => {
    const { accounts } = api.platform.services;
    const order = { name: 'Joe', email: 'joe@x.co', password: 'min8chars', orgName: 'Joe & Co' };
    const { access } = await accounts.signUp(order);
    const { token } = (await api.ask('logIn', { body: { email: order.email, password: order.password } }))
      .body;
    const { account } = (await api.ask('getAccount', { bearer: token })).body;
    expect(account).toMatchObject({
      id: access.tenant.id,
      email: order.email,
      companyName: 'Joe & Co',
      status: 'INACTIVE',
      _count: { phoneNumbers: 0, apiKeys: 0 },
    });
  });
});

describe('credentials', () => {
  let account: Account;
  let revoked: string;
  beforeAll(async () => {
    account = await api.account();
    const { id, key } = (await api.ask('createApiKey', { bearer: account.key, body: {} })).body;
    await api.ask('revokeApiKey', { bearer: account.key, id });
    revoked = key;
  });

  it.each(PROTECTED.map(({ id }) => id))(
    'V-01 %s answers 401 without a credential or with a bad one',
    async (operationId) => {
      const [head, claims] = account.token.split('.');
      const bad: { bearer?: string; headers?: Record<string, string> }[] = [
        {},
        { bearer: 'garbled' },
        { bearer: 'rtk_' },
        { bearer: `rtk_${'0'.repeat(48)}` },
        { bearer: revoked },
        { bearer: `${head}.${claims}.c2lnbmF0dXJlIG9mIHNvbWVib2R5IGVsc2U` },
        { bearer: 'a.b.c' },
        { headers: { authorization: account.key } },
        { headers: { authorization: 'Basic eW91OnlvdQ==' } },
        { headers: { 'x-api-key': account.key } },
      ];
      for (const credential of bad) {
        const answer = await api.ask(operationId, credential);
        expect({ credential, status: answer.status }).toEqual({ credential, status: 401 });
      }
    },
  );

  it('V-01 the credential is checked before the body', async () => {
    expect((await api.ask('registerPhoneNumber', { body: '{' })).status).toBe(401);
  });

  it.each(['key', 'token'] as const)('V-11 the %s opens every operation', async (kind) => {
    for (const { id } of PROTECTED) {
      const { status } = await api.ask(id, { bearer: account[kind], id: 'none' });
      expect([200, 201, 400, 404], `${id}: ${status}`).toContain(status);
    }
  });

  it('V-11 any live key of the account opens it, whichever dialect’s form it has', async () => {
    for (const form of ['vx', 'va', 'rtk'] as const) {
      const { secret } = await api.platform.services.oversight.issueKey(account.id, { form });
      expect((await api.ask('getAccount', { bearer: secret })).body.account.id).toBe(account.id);
    }
  });
});

describe('the account', () => {
  it('V-12 counts follow what is made and taken away; at first they are 0 and 1', async () => {
    const account = await api.account();
    const counts = async () => (await api.ask('getAccount', { bearer: account.token })).body.account._count;
    expect(await counts()).toEqual({ phoneNumbers: 0, apiKeys: 1 });
    const { id: numberId } = await api.number(account);
    const { id: keyId } = (await api.ask('createApiKey', { bearer: account.key, body: {} })).body;
    expect(await counts()).toEqual({ phoneNumbers: 1, apiKeys: 2 });
    await api.ask('removePhoneNumber', { bearer: account.key, id: numberId });
    await api.ask('revokeApiKey', { bearer: account.key, id: keyId });
    expect(await counts()).toEqual({ phoneNumbers: 0, apiKeys: 1 });
  });

  it('V-12 shows when it was made, and the same to a key as to a JWT', async () => {
    const account = await api.account();
    const byKey = (await api.ask('getAccount', { bearer: account.key })).body.account;
    expect(byKey).toEqual((await api.ask('getAccount', { bearer: account.token })).body.account);
    expect(Math.abs(Date.parse(byKey.createdAt) - Date.now())).toBeLessThan(60_000);
  });
});
