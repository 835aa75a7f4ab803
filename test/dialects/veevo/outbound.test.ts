import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DomainError } from '#kernel/errors';
import { keepingLog } from '#test/http/fixture';
import { type Account, CALLBACKS, startVeevo, type Veevo } from './harness.ts';

const SECRET = 'the_customers_own_auth_token';
const TO = '+15559876543';

const log = keepingLog();
let api: Veevo;
let account: Account;
let from: string;
beforeAll(async () => {
  api = await startVeevo({ log });
  account = await api.account();
  from = (await api.number(account)).phoneNumber;
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => {
  api.platform.telephony.dialed.length = 0;
});

const order = (change: object = {}) => ({
  to: TO,
  from,
  ...CALLBACKS,
  twilioAccountSid: 'AC00000000000000000000000000000001',
  twilioAuthToken: SECRET,
  ...change,
});
const call = (body: unknown, of = account, headers: Record<string, string> = {}) =>
  api.ask('startOutboundCall', { bearer: of.key, body, headers });
const usage = async (of: Account) => (await api.ask('listUsageRecords', { bearer: of.key })).body;

describe('starting a call', () => {
  it('V-31 answers 201 with what the carrier said, after it was dialed on the customer’s own account', async () => {
    const { status, body } = await call(order());
    expect(status).toBe(201);
    expect(body).toMatchObject({ callSid: expect.stringMatching(/^CA[0-9a-f]{32}$/), status: 'queued' });
    expect(api.platform.telephony.dialed).toHaveLength(1);
    expect(api.platform.telephony.dialed[0]).toMatchObject({
      to: TO,
      from,
      account: { accountSid: 'AC00000000000000000000000000000001', authToken: SECRET },
      timeoutSec: 30,
      machineDetection: null,
    });
  });

  it.each(['Enable', 'DetectMessageEnd'])(
    'V-29 machineDetection %s is asked of the carrier',
    async (word) => {
      expect((await call(order({ machineDetection: word }))).status).toBe(201);
      expect(api.platform.telephony.dialed[0]).toMatchObject({ machineDetection: word });
    },
  );

  it.each([5, 120])('V-29 it rings for as long as asked: %i s', async (timeout) => {
    expect((await call(order({ timeout }))).status).toBe(201);
    expect(api.platform.telephony.dialed[0]).toMatchObject({ timeoutSec: timeout });
  });

  it('V-30 metadata of any shape is taken and stays with the call', async () => {
    const metadata = { customerId: 'cust_123', deep: { list: [1, null, 'x'] } };
    const { body } = await call(order({ metadata }));
    const { scope } = await api.platform.services.accounts.byKey(account.key);
    const stored = await api.platform.services.calls.get(scope, body.callId);
    expect(stored).toMatchObject({ metadata, direction: 'outbound', from, to: TO, status: 'active' });
  });

  it('V-45 the call is told to the addresses of the request, not to those of the number', async () => {
    const onCallStartUrl = 'https://other.example.com/start';
    const onErrorUrl = 'https://other.example.com/error';
    const { body } = await call(order({ onCallStartUrl, onErrorUrl }));
    const { scope } = await api.platform.services.accounts.byKey(account.key);
    const { callbacks } = await api.platform.services.calls.get(scope, body.callId);
    expect(callbacks).toEqual({
      startUrl: onCallStartUrl,
      endUrl: CALLBACKS.onCallEndUrl,
      errorUrl: onErrorUrl,
    });
  });

  it('V-U5 the callee may be in another country', async () => {
    expect((await call(order({ to: '+442071838750' }))).status).toBe(201);
  });

  it('a repeat with its Idempotency-Key calls nobody twice', async () => {
    const headers = { 'idempotency-key': 'call-once' };
    const [first, second] = [await call(order(), account, headers), await call(order(), account, headers)];
    expect(second.body).toEqual(first.body);
    expect(api.platform.telephony.dialed).toHaveLength(1);
  });
});

describe('whose number it is called from', () => {
  it('V-27 V-42 another account’s, nobody’s and one that was removed give 403, and nobody is called', async () => {
    const theirs = (await api.number(await api.account())).phoneNumber;
    const removed = await api.number(account);
    await api.ask('removePhoneNumber', { bearer: account.key, id: removed.id });
    for (const number of [theirs, '+15550009999', removed.phoneNumber])
      expect((await call(order({ from: number }))).status).toBe(403);
    expect(api.platform.telephony.dialed).toEqual([]);
  });
});

describe('orders that are refused', () => {
  const REQUIRED = ['to', 'from', 'onCallStartUrl', 'onCallEndUrl', 'twilioAccountSid', 'twilioAuthToken'];
  it.each(REQUIRED)('V-28 %s is required: 400', async (field) => {
    const body: Record<string, unknown> = order();
    delete body[field];
    expect((await call(body)).status).toBe(400);
    expect(api.platform.telephony.dialed).toEqual([]);
  });

  it.each([
    { to: '5559876543' },
    { to: '+1555987654x' },
    { from: 'not a number' },
    { twilioAccountSid: 'XX1' },
    { twilioAccountSid: 'AC/../Accounts' },
    { twilioAuthToken: '' },
    { twilioAuthToken: 'two\nlines' },
    { machineDetection: 'enable' },
    { machineDetection: 'Disable' },
    { machineDetection: true },
    { timeout: 4 },
    { timeout: 121 },
    { timeout: 30.5 },
    { timeout: '30' },
    { metadata: 'text' },
    { metadata: [1] },
    { metadata: { long: 'x'.repeat(20_000) } },
  ])('V-28 V-29 V-30 %j gives 400', async (change) => {
    expect((await call(order(change))).status).toBe(400);
    expect(api.platform.telephony.dialed).toEqual([]);
  });

  it.each(['onCallStartUrl', 'onCallEndUrl', 'onErrorUrl'])(
    'V-20 %s takes public HTTPS addresses only',
    async (field) => {
      const bad = [
        'http://a.example.com/',
        'https://localhost/',
        'https://10.0.0.1/',
        'https://[::1]/',
        'x',
        '',
      ];
      for (const url of bad) expect((await call(order({ [field]: url }))).status, url).toBe(400);
      expect((await call(order({ [field]: 'https://127.0.0.1/' }))).body.error).toMatch(
        new RegExp(`^${field}: `),
      );
      expect(api.platform.telephony.dialed).toEqual([]);
    },
  );
});

describe('a carrier that refuses', () => {
  it('is told as it said it, without the secret, and the call counts as one that failed', async () => {
    const own = await api.account();
    const { phoneNumber } = await api.number(own);
    for (const [thrown, status] of [
      [new DomainError('invalid', 'The carrier refused: the number cannot be called.'), 400],
      [new DomainError('upstream', 'The carrier did not answer.'), 500],
      [new DomainError('internal', 'Something went wrong.', { internal: 'password hunter2' }), 500],
    ] as const) {
      api.platform.telephony.failure = thrown;
      const answer = await call(order({ from: phoneNumber }), own);
      expect(answer.status).toBe(status);
      expect(answer.text).not.toMatch(/hunter2|auth_token/);
    }
    const { records, total } = await usage(own);
    expect(total).toBe(3);
    expect(records[0]).toMatchObject({ durationSeconds: 0, costBreakdown: { totalCost: 0 } });
  });

  it('the customer’s token is in no answer, no log and no column', async () => {
    const { text } = await call(order());
    expect(text).not.toContain(SECRET);
    expect(JSON.stringify(log.lines)).not.toContain(SECRET);
    expect(await api.platform.holds(SECRET)).toBe(false);
  });
});
