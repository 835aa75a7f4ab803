import { Webhook } from 'standardwebhooks';
import twilio from 'twilio';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { keepingLog } from '#test/http/fixture';
import { type Account, CALLBACKS, freshNumber, PUBLIC_URL, startVeevo, type Veevo } from './harness.ts';

let api: Veevo;
let account: Account;
let number: string;
beforeAll(async () => {
  api = await startVeevo();
  account = await api.account();
  number = (await api.number(account, { onErrorUrl: 'https://backend.example.com/calls/error' })).phoneNumber;
});
afterAll(() => api[Symbol.asyncDispose]());
afterEach(() => api.platform.web.reset());

const FORM = {
  CallSid: 'CA00000000000000000000000000000001',
  AccountSid: 'AC00000000000000000000000000000001',
  From: '+19805551234',
  CallStatus: 'ringing',
  Direction: 'inbound',
  ApiVersion: '2010-04-01',
};

const ring = (to = number, on = api, form: object = {}) =>
  on.ask('receiveVoiceCall', { body: { ...FORM, To: to, ...form } });

const tokenIn = (xml: string) => /<Parameter name="token" value="([^"]+)"/.exec(xml)?.[1] ?? '';
const asked = (url: string) => api.platform.web.requests.filter((request) => request.url === url);

describe('a call to a registered number', () => {
  it('V-44 is answered without a credential, with TwiML that opens a stream for that call', async () => {
    const answer = await ring();
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/xml/);
    expect(answer.text).toContain('<Stream url="wss://voice.example.com/media/twilio">');
    const order = await api.platform.services.admission.redeem(tokenIn(answer.text));
    expect(order).toMatchObject({
      tenantId: account.id,
      carrierRef: FORM.CallSid,
      from: FORM.From,
      to: number,
      direction: 'inbound',
      type: 'phone',
    });
    expect(order.assistant.isDefault).toBe(true);
  });

  it('V-45 asks the number’s own onCallStartUrl what the assistant should be, and it is', async () => {
    api.platform.web.answer = () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ systemPrompt: 'You sell boats.', firstMessage: 'Ahoy!', metadata: { a: 1 } }),
    });
    const { text } = await ring();
    const [request] = asked(CALLBACKS.onCallStartUrl);
    expect(request).toMatchObject({ method: 'POST', headers: { 'webhook-signature': expect.any(String) } });
    expect(JSON.parse(request!.body!)).toMatchObject({
      type: 'call.started',
      data: { callSid: FORM.CallSid, from: FORM.From, to: number, direction: 'inbound' },
    });
    const order = await api.platform.services.admission.redeem(tokenIn(text));
    expect(order.assistant.persona).toMatchObject({ systemPrompt: 'You sell boats.', greeting: 'Ahoy!' });
    expect(order.metadata).toMatchObject({ a: 1 });
  });

  it('V-45 a backend that fails leaves nobody in silence: the call is answered by the default assistant', async () => {
    api.platform.web.answer = () => ({ status: 500, headers: {}, body: 'oops' });
    const { status, text } = await ring();
    expect(status).toBe(200);
    const order = await api.platform.services.admission.redeem(tokenIn(text));
    expect(order.assistant.isDefault).toBe(true);
  });

  it('V-45 a backend may reject the call: it is not answered, and counts as a call of no seconds', async () => {
    const before = (await api.ask('listUsageRecords', { bearer: account.key })).body.total;
    api.platform.web.answer = () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reject: { reason: 'busy' } }),
    });
    expect((await ring()).text).toContain('<Reject reason="busy"/>');
    const { body } = await api.ask('listUsageRecords', { bearer: account.key });
    expect(body.total).toBe(before + 1);
    expect(body.records[0]).toMatchObject({ durationSeconds: 0, costBreakdown: { totalCost: 0 } });
  });

  it('V-45 what the backend is asked is signed with the secret that the account sees', async () => {
    await ring();
    const [request] = asked(CALLBACKS.onCallStartUrl);
    const secret = async (bearer: string) => {
      const headers = { authorization: `Bearer ${bearer}` };
      return (await api.app.inject({ url: '/veevo/api/signing-secret', headers })).json().secret;
    };
    const signed = (by: string) => () => new Webhook(by).verify(request!.body!, { ...request!.headers });
    expect(signed(await secret(account.key))).not.toThrow();
    expect(signed(await secret((await api.account()).key))).toThrow();
  });

  it('V-44 the log of deliveries shows that the backend was asked, without the secrets of its address', async () => {
    const own = await api.account();
    const url = 'https://hooks.example.com/start?key=hidden';
    const { phoneNumber } = await api.number(own, { onCallStartUrl: url });
    await ring(phoneNumber);
    const response = await api.app.inject({
      url: '/veevo/api/deliveries',
      headers: { authorization: `Bearer ${own.key}` },
    });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ total: 1, limit: 50, offset: 0 });
    expect(response.json().deliveries[0]).toMatchObject({
      event: 'call.started',
      host: 'hooks.example.com',
      attempt: 1,
      status: 204,
      failure: null,
    });
    expect(response.body).not.toContain('hidden');
    const stranger = await api.app.inject({
      url: '/veevo/api/deliveries',
      headers: { authorization: `Bearer ${account.key}` },
    });
    expect(stranger.body).not.toContain('hooks.example.com');
  });
});

describe('the log of deliveries', () => {
  const deliveries = async (query: string, bearer: string) => {
    const headers = { authorization: `Bearer ${bearer}` };
    const response = await api.app.inject({ url: `/veevo/api/deliveries${query}`, headers });
    return { status: response.statusCode, body: response.json() };
  };

  it('is read page by page, newest first, or for one call by its id or SID', async () => {
    const own = await api.account();
    const { phoneNumber } = await api.number(own);
    const sids = [1, 2, 3].map((n) => `CA${String(n).padStart(32, 'a')}`);
    api.platform.web.answer = () => ({ status: 200, headers: {}, body: '{"reject": true}' });
    for (const CallSid of sids) await ring(phoneNumber, api, { CallSid });
    const { body } = await deliveries('?limit=2', own.key);
    expect(body).toMatchObject({ total: 3, limit: 2, offset: 0 });
    const rest = (await deliveries('?limit=2&offset=2', own.key)).body;
    const all = [...body.deliveries, ...rest.deliveries];
    expect(all).toHaveLength(3);
    const times = all.map(({ startedAt }) => Date.parse(startedAt));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    for (const call of [sids[1], all[1].callId])
      expect((await deliveries(`?call=${call}`, own.key)).body).toMatchObject({
        total: 1,
        deliveries: [all[1]],
      });
    expect((await deliveries(`?call=${sids[1]}`, account.key)).body.total).toBe(0);
  });

  it.each(['?limit=0', '?limit=101', '?offset=-1', '?call='])('V-43 %s gives 400', async (query) => {
    expect((await deliveries(query, account.key)).status).toBe(400);
  });
});

describe('a call that cannot be taken', () => {
  it('V-44 to a number that nobody has: the caller hears so', async () => {
    const { status, text } = await ring(freshNumber());
    expect(status).toBe(200);
    expect(text).toMatch(/<Say[^>]*>[^<]*not in service[^<]*<\/Say><Hangup\/>/);
  });

  it('V-27 V-44 to a number that was removed', async () => {
    const { id, phoneNumber } = await api.number(account);
    await api.ask('removePhoneNumber', { bearer: account.key, id });
    expect((await ring(phoneNumber)).text).not.toContain('<Stream');
  });

  it.each(['inactive', 'suspended', 'pending'] as const)(
    'V-39 V-40 V-44 of an account that is %s: rejected, and its backend is not asked',
    async (status) => {
      const own = await api.account();
      const { phoneNumber } = await api.number(own);
      await api.setStatus(own, status);
      expect((await ring(phoneNumber)).text).toContain('<Reject');
      expect(asked(CALLBACKS.onCallStartUrl)).toEqual([]);
    },
  );

  it('V-44 on a full server: the caller hears so', async () => {
    api.room.left = false;
    const { status, text } = await ring();
    api.room.left = true;
    expect(status).toBe(200);
    expect(text).toMatch(/<Say[^>]*>[^<]+<\/Say><Hangup\/>/);
  });

  it('V-44 with a fault of ours: words for the caller, a line in the log, never a 5xx', async () => {
    const log = keepingLog();
    await using broken = await startVeevo({ log });
    const own = await broken.account();
    const { phoneNumber } = await broken.number(own);
    await broken.platform.breakDatabase();
    const { status, text } = await ring(phoneNumber, broken);
    expect(status).toBe(200);
    expect(text).toMatch(/<Say[^>]*>[^<]+<\/Say><Hangup\/>/);
  });
});

describe('a request that is no call', () => {
  it.each([
    ['no CallSid', { CallSid: '' }],
    ['a foreign CallSid', { CallSid: 'XY1' }],
    ['no From', { From: '' }],
    ['no To', { To: '' }],
  ])('V-43 V-44 with %s gives 400', async (_what, form) => {
    expect((await ring(number, api, form)).status).toBe(400);
  });

  it('V-43 JSON in place of a form gives 400', async () => {
    const headers = { 'content-type': 'application/json' };
    const answer = await api.ask('receiveVoiceCall', { body: JSON.stringify(FORM), headers });
    expect(answer.status).toBe(400);
  });
});

describe('signatures and hosts', () => {
  const authToken = 'the token of the account at Twilio';

  it('V-44 with a token configured, Twilio’s own signature is needed', async () => {
    await using signed = await startVeevo({ twilioAuthToken: authToken });
    const own = await signed.account();
    const form = { ...FORM, To: (await signed.number(own)).phoneNumber };
    const post = (signature?: string) =>
      signed.ask('receiveVoiceCall', {
        body: form,
        headers: signature === undefined ? {} : { 'x-twilio-signature': signature },
      });
    const right = twilio.getExpectedTwilioSignature(authToken, `${PUBLIC_URL}/veevo/voice`, form);
    const foreign = twilio.getExpectedTwilioSignature('another', `${PUBLIC_URL}/veevo/voice`, form);
    expect((await post(right)).text).toContain('<Stream');
    for (const wrong of [undefined, '', 'garbled', foreign]) expect((await post(wrong)).status).toBe(403);
  });

  it('a Host of its own serves the API at its root, and signatures are made over its address', async () => {
    const hosts = [{ dialect: 'veevo', host: 'engine.example.com', port: null }];
    await using signed = await startVeevo({ twilioAuthToken: authToken, hosts });
    const own = await signed.account();
    const form = { ...FORM, To: (await signed.number(own)).phoneNumber };
    const headers = { host: 'engine.example.com', authorization: `Bearer ${own.key}` };
    expect((await signed.app.inject({ url: '/api/account', headers })).json().account.id).toBe(own.id);
    const signature = twilio.getExpectedTwilioSignature(authToken, 'https://engine.example.com/voice', form);
    const answer = await signed.app.inject({
      method: 'POST',
      url: '/voice',
      headers: {
        host: 'engine.example.com',
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': signature,
      },
      payload: new URLSearchParams(form).toString(),
    });
    expect(answer.body).toContain('<Stream');
  });
});
