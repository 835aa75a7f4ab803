import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTRACT, PROTECTED } from './contract.ts';
import { type Account, CALLBACKS, freshNumber, startVeevo, type Veevo } from './harness.ts';

let api: Veevo;
let account: Account;
beforeAll(async () => {
  api = await startVeevo();
  account = await api.account();
});
afterAll(() => api[Symbol.asyncDispose]());

const number = () => ({ phoneNumber: freshNumber(), ...CALLBACKS });
const outbound = (from: string) => ({
  ...{ to: '+15559876543', from, ...CALLBACKS },
  ...{ twilioAccountSid: 'AC00000000000000000000000000000001', twilioAuthToken: 'secret' },
});

describe('an account that is not paid for', () => {
  it.each(['inactive', 'pending'] as const)(
    'V-39 (%s) gets 402 for registering numbers and for calls',
    async (status) => {
      const unpaid = await api.account();
      const { phoneNumber } = await api.number(unpaid);
      await api.setStatus(unpaid, status);
      for (const bearer of [unpaid.key, unpaid.token]) {
        expect((await api.ask('registerPhoneNumber', { bearer, body: number() })).status).toBe(402);
        expect((await api.ask('startOutboundCall', { bearer, body: outbound(phoneNumber) })).status).toBe(
          402,
        );
      }
      await api.setStatus(unpaid, 'active');
      expect((await api.ask('registerPhoneNumber', { bearer: unpaid.key, body: number() })).status).toBe(201);
    },
  );

  it('V-39 sees its account, its subscription, usage and keys all the same', async () => {
    const unpaid = await api.register();
    const open = ['getAccount', 'getSubscription', 'getCurrentUsage', 'listUsageRecords', 'listApiKeys'];
    for (const id of [...open, 'listPhoneNumbers'])
      expect((await api.ask(id, { bearer: unpaid.key })).status, id).toBe(200);
    expect((await api.ask('getAccount', { bearer: unpaid.key })).body.account.status).toBe('INACTIVE');
    expect((await api.ask('getSubscription', { bearer: unpaid.key })).body.status).toBe('INACTIVE');
  });
});

describe('a suspended account', () => {
  it('V-40 gets 403 from every operation, by key and by JWT', async () => {
    const suspended = await api.account();
    await api.setStatus(suspended, 'suspended');
    for (const { id } of PROTECTED)
      for (const bearer of [suspended.key, suspended.token])
        expect((await api.ask(id, { bearer })).status, id).toBe(403);
    await api.setStatus(suspended, 'active');
    expect((await api.ask('getAccount', { bearer: suspended.key })).status).toBe(200);
  });
});

describe('V-43 every error has the body {"error": "…"}', () => {
  const inject = async (url: string, options: object = {}) => {
    const response = await api.app.inject({
      url: `/veevo${url}`,
      headers: { authorization: `Bearer ${account.key}` },
      ...options,
    });
    return { status: response.statusCode, body: response.json() };
  };
  const refused = (status: number) => ({ status, body: { error: expect.stringMatching(/\w/) } });

  it.each(['/', '/api', '/api/nothing', '/api/account/more', '/voice/x', '/api/api-keys/a/b'])(
    'V-41 the unknown path %s: 404',
    async (url) => {
      expect(await inject(url)).toEqual(refused(404));
    },
  );

  it('V-41 a method that a path does not have: 404', async () => {
    expect(await inject('/api/account', { method: 'DELETE' })).toEqual(refused(404));
    expect(await inject('/api/phone-numbers/x', { method: 'PATCH', payload: {} })).toEqual(refused(404));
    expect(await inject('/voice')).toEqual(refused(404));
  });

  it('a broken percent sign in the address: 400', async () => {
    expect(await inject('/api/api-keys/%zz', { method: 'DELETE' })).toEqual(refused(400));
  });

  it('a media type that is not taken: 400', async () => {
    const payload = 'label=x';
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'application/xml']) {
      const headers = { authorization: `Bearer ${account.key}`, 'content-type': type };
      expect(await inject('/api/api-keys', { method: 'POST', headers, payload })).toEqual(refused(400));
    }
  });

  it('a body that is too large: 400', async () => {
    const payload = { label: 'x'.repeat(1_100_000) };
    expect(await inject('/api/api-keys', { method: 'POST', payload })).toEqual(refused(400));
  });

  it('a schema that is not met says what is missing', async () => {
    const answer = await inject('/api/phone-numbers', { method: 'POST', payload: {} });
    expect(answer).toEqual(refused(400));
    expect(answer.body.error).toMatch(/phoneNumber.*onCallStartUrl.*onCallEndUrl/);
  });

  it.each(['limit=0', 'limit=-1', 'limit=x', 'limit=1.5', 'offset=-1', 'offset=x', 'offset=99999999999'])(
    'V-32 usage?%s: 400',
    async (query) => {
      expect(await inject(`/api/usage?${query}`)).toEqual(refused(400));
    },
  );

  it('more requests than allowed: 429 with Retry-After, for that credential alone', async () => {
    await using limited = await startVeevo({ rateLimitPerMinute: 20 });
    const [first, second] = [await limited.account(), await limited.account()];
    const statuses: number[] = [];
    for (let i = 0; i < 22; i++)
      statuses.push((await limited.ask('getAccount', { bearer: first.key })).status);
    expect(statuses).toEqual([...Array(20).fill(200), 429, 429]);
    const refusal = await limited.ask('getAccount', { bearer: first.key });
    expect(Number(refusal.headers['retry-after'])).toBeGreaterThan(0);
    expect((await limited.ask('getAccount', { bearer: second.key })).status).toBe(200);
  });

  it('guessing keys is limited for the address, and a good key goes on working', async () => {
    await using limited = await startVeevo({ rateLimitPerMinute: 40 });
    const { key } = await limited.account();
    expect((await limited.ask('getAccount', { bearer: key })).status).toBe(200);
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++) {
      const bearer = `rtk_${String(i).padStart(48, '0')}`;
      statuses.push((await limited.ask('getAccount', { bearer })).status);
    }
    expect(statuses.slice(0, 20)).toEqual(Array(20).fill(401));
    expect(statuses.slice(20)).toEqual(Array(5).fill(429));
    expect((await limited.ask('getAccount', { bearer: key })).status).toBe(200);
  });

  it('a fault of ours: 500 from every operation, and it tells nothing of it', async () => {
    await using broken = await startVeevo();
    const { key, email, password } = await broken.account();
    await broken.platform.breakDatabase('tenants');
    const bodies: Record<string, object> = {
      logIn: { email, password },
      registerAccount: { email: 'somebody@else.example', password },
    };
    for (const { id } of CONTRACT.operations.values()) {
      if (id === 'receiveVoiceCall') continue;
      const answer = await broken.ask(id, { bearer: key, body: bodies[id] });
      expect({ id, status: answer.status }).toEqual({ id, status: 500 });
      expect(Object.keys(answer.body)).toEqual(['error']);
      expect(answer.text).not.toMatch(/postgres|pool|sql|select|tenants|127\.0\.0\.1|at .*\.ts/i);
    }
  });
});
