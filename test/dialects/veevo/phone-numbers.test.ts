import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Account, CALLBACKS, freshNumber, startVeevo, type Veevo } from './harness.ts';

let api: Veevo;
let mine: Account;
let theirs: Account;
beforeAll(async () => {
  api = await startVeevo();
  mine = await api.account();
  theirs = await api.account();
});
afterAll(() => api[Symbol.asyncDispose]());

const register = (of: Account, body: unknown) => api.ask('registerPhoneNumber', { bearer: of.key, body });
const list = async (of: Account): Promise<{ id: string; phoneNumber: string }[]> =>
  (await api.ask('listPhoneNumbers', { bearer: of.key })).body.phoneNumbers;

describe('registering a number', () => {
  it('V-21 V-23 shows it as it was asked for, active, without an error address', async () => {
    const phoneNumber = freshNumber();
    const { status, body } = await register(mine, { phoneNumber, ...CALLBACKS });
    expect(status).toBe(201);
    expect(body.phoneNumber).toEqual({
      id: expect.any(String),
      phoneNumber,
      ...CALLBACKS,
      onErrorUrl: null,
      isActive: true,
      createdAt: expect.any(String),
    });
  });

  it('V-21 onErrorUrl comes back as it was given', async () => {
    const onErrorUrl = 'https://backend.example.com/calls/error?key=1';
    const body = { phoneNumber: freshNumber(), ...CALLBACKS, onErrorUrl };
    expect((await register(mine, body)).body.phoneNumber.onErrorUrl).toBe(onErrorUrl);
  });

  it.each([
    '5551234567',
    '15551234567',
    '+1555123456',
    '+155512345678',
    '+445551234567',
    '+1 555 123 4567',
    '+1555123456a',
    '+10551234567',
    '',
    'tel:+15551234567',
    15551234567,
    null,
  ])('V-19 %j is no US number in E.164: 400', async (phoneNumber) => {
    expect((await register(mine, { phoneNumber, ...CALLBACKS })).status).toBe(400);
  });

  it.each(['onCallStartUrl', 'onCallEndUrl', 'phoneNumber'])('V-21 %s is required: 400', async (field) => {
    const body: Record<string, string> = { phoneNumber: freshNumber(), ...CALLBACKS };
    delete body[field];
    expect((await register(mine, body)).status).toBe(400);
  });

  it.each(['', '{', '[]', '"x"', undefined])('V-21 the body %j is refused with 400', async (body) => {
    expect((await register(mine, body)).status).toBe(400);
  });
});

const BAD_URLS = [
  'http://backend.example.com/calls',
  'ftp://backend.example.com/calls',
  'javascript:alert(1)',
  'file:///etc/passwd',
  'https://localhost/calls',
  'https://sub.localhost/calls',
  'https://127.0.0.1/calls',
  'https://127.1/calls',
  'https://2130706433/calls',
  'https://0x7f.0.0.1/calls',
  'https://0.0.0.0/calls',
  'https://10.1.2.3/calls',
  'https://172.16.0.1/calls',
  'https://192.168.1.1/calls',
  'https://169.254.169.254/latest/meta-data',
  'https://100.64.0.1/calls',
  'https://[::1]/calls',
  'https://[::ffff:127.0.0.1]/calls',
  'https://[fe80::1]/calls',
  'https://[fd00::1]/calls',
  'https://user:pass@backend.example.com/calls',
  'https://metadata.google.internal/',
  'https://',
  'backend.example.com/calls',
  'not a url',
  '',
  `https://backend.example.com/${'x'.repeat(2_048)}`,
  7,
];

describe('callback URLs', () => {
  it.each(['onCallStartUrl', 'onCallEndUrl', 'onErrorUrl'])(
    'V-20 %s takes public HTTPS addresses only, and the number is not registered otherwise',
    async (field) => {
      const before = await list(mine);
      for (const url of BAD_URLS) {
        const { status } = await register(mine, { phoneNumber: freshNumber(), ...CALLBACKS, [field]: url });
        expect({ url, status }).toEqual({ url, status: 400 });
      }
      expect(await list(mine)).toEqual(before);
    },
  );

  it('V-20 the error says which address is meant', async () => {
    const body = { phoneNumber: freshNumber(), ...CALLBACKS, onCallEndUrl: 'https://10.0.0.1/' };
    expect((await register(mine, body)).body.error).toMatch(/^onCallEndUrl: .*public/);
  });

  it('V-20 public addresses of every kind are taken', async () => {
    for (const url of ['https://example.com', 'https://example.com:8443/a?b=c', 'https://8.8.8.8/x'])
      await api.number(mine, { onCallStartUrl: url });
  });
});

describe('whose number it is', () => {
  it('V-22 another account’s number gives 409 and stays as it was', async () => {
    const number = await api.number(theirs);
    const body = {
      phoneNumber: number.phoneNumber,
      ...CALLBACKS,
      onCallStartUrl: 'https://mine.example.com/',
    };
    expect((await register(mine, body)).status).toBe(409);
    expect(await list(theirs)).toContainEqual(number);
    expect((await list(mine)).map(({ id }) => id)).not.toContain(number.id);
  });

  it('V-22 of two accounts that register one number at once exactly one wins', async () => {
    const body = { phoneNumber: freshNumber(), ...CALLBACKS };
    const answers = await Promise.all([mine, theirs, mine, theirs].map((of) => register(of, body)));
    const owners = [mine, theirs].map(async (of) =>
      (await list(of)).some(({ phoneNumber }) => phoneNumber === body.phoneNumber),
    );
    expect((await Promise.all(owners)).filter(Boolean)).toHaveLength(1);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
  });

  it('V-22 one’s own number again gets the new addresses and keeps its id', async () => {
    const number = await api.number(mine, { onErrorUrl: 'https://backend.example.com/old' });
    const onCallStartUrl = 'https://new.example.com/start';
    const again = await register(mine, { phoneNumber: number.phoneNumber, ...CALLBACKS, onCallStartUrl });
    expect(again.status).toBe(201);
    expect(again.body.phoneNumber).toEqual({ ...number, onCallStartUrl, onErrorUrl: null });
    expect((await list(mine)).filter(({ id }) => id === number.id)).toEqual([again.body.phoneNumber]);
  });

  it('V-24 V-42 the list holds one’s own numbers as registering showed them', async () => {
    const account = await api.account();
    expect(await list(account)).toEqual([]);
    const numbers = [await api.number(account), await api.number(account)];
    expect(await list(account)).toEqual(numbers);
  });

  it('V-24 numbers that came by another dialect show here once they have callbacks', async () => {
    const account = await api.account();
    const { scope } = await api.platform.services.accounts.byKey(account.key);
    const added = await api.platform.services.numbers.add(scope, { e164: freshNumber() });
    await api.platform.services.numbers.add(scope, { e164: '+442071838750' });
    expect(await list(account)).toEqual([]);
    const { body } = await register(account, { phoneNumber: added.e164, ...CALLBACKS });
    expect(body.phoneNumber.id).toBe(added.id);
    expect(await list(account)).toEqual([body.phoneNumber]);
  });
});

describe('removing a number', () => {
  it('V-25 it leaves the list, removing it again gives 404, and anyone may register it', async () => {
    const { id, phoneNumber } = await api.number(mine);
    const answer = await api.ask('removePhoneNumber', { bearer: mine.key, id });
    expect([answer.status, answer.body]).toEqual([200, { deleted: true }]);
    expect((await list(mine)).map((number) => number.id)).not.toContain(id);
    expect((await api.ask('removePhoneNumber', { bearer: mine.key, id })).status).toBe(404);
    expect((await register(theirs, { phoneNumber, ...CALLBACKS })).status).toBe(201);
  });

  it('V-26 another account’s number is refused and stays', async () => {
    const number = await api.number(theirs);
    const { status } = await api.ask('removePhoneNumber', { bearer: mine.key, id: number.id });
    expect(status).toBe(404);
    expect(await list(theirs)).toContainEqual(number);
  });

  it('V-41 an unknown id gives 404, and one that no database can hold 400', async () => {
    for (const id of ['clx123', 'num_00000000000000000000000000', '..'])
      expect((await api.ask('removePhoneNumber', { bearer: mine.key, id })).status).toBe(404);
    expect((await api.ask('removePhoneNumber', { bearer: mine.key, id: '\u0000' })).status).toBe(400);
  });

  it('V-39 an account that is not paid for any more may still see and remove its numbers', async () => {
    const account = await api.account();
    const { id } = await api.number(account);
    await api.setStatus(account, 'inactive');
    expect(await list(account)).toHaveLength(1);
    expect((await api.ask('removePhoneNumber', { bearer: account.key, id })).status).toBe(200);
  });
});
