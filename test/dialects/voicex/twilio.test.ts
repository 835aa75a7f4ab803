import twilio from 'twilio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepingLog } from '#test/http/fixture';
import { makeAgent, makeKey, type Org, PUBLIC_URL, startVoicex, type Voicex } from './harness.ts';

const FORM = {
  CallSid: 'CA00000000000000000000000000000001',
  AccountSid: 'AC00000000000000000000000000000001',
  From: '+15559876543',
  To: '+15551234567',
  CallStatus: 'ringing',
  Direction: 'inbound',
  ApiVersion: '2010-04-01',
};
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const log = keepingLog();
let api: Voicex;
let org: Org;
let key: string;
beforeAll(async () => {
  api = await startVoicex({ log });
  org = await api.org();
  key = (await makeKey(api, org)).rawKey;
});
afterAll(() => api[Symbol.asyncDispose]());

const ring = (query: Record<string, string>, body: Record<string, string> = FORM, on = api) =>
  on.ask('receiveVoiceCall', { query, body, headers: form });

const tokenIn = (xml: string) => /<Parameter name="token" value="([^"]+)"/.exec(xml)?.[1] ?? '';

describe('the voice webhook', () => {
  it('X-45 answers TwiML that starts a Media Stream with a token of its own, and never shows the key', async () => {
    const answer = await ring({ api_key: key });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/xml/);
    expect(answer.text).toContain('<Stream url="wss://voice.example.com/media/twilio">');
    expect(answer.text).toContain(`<Connect action="${PUBLIC_URL}/media/twilio/after">`);
    expect(answer.text).not.toContain(key);
    const order = await api.platform.services.admission.redeem(tokenIn(answer.text));
    expect(order).toMatchObject({
      tenantId: org.tenantId,
      carrierRef: FORM.CallSid,
      from: FORM.From,
      to: FORM.To,
      type: 'phone',
      direction: 'inbound',
    });
  });

  it('X-45 a token opens one socket only', async () => {
    const token = tokenIn((await ring({ api_key: key })).text);
    await api.platform.services.admission.redeem(token);
    await expect(api.platform.services.admission.redeem(token)).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('X-45 X-U6 the number decides who answers, then agentId, then the newest active agent', async () => {
    const { services } = api.platform;
    const mine = await api.org();
    const mineKey = (await makeKey(api, mine)).rawKey;
    const answering = async (query: Record<string, string>, to: string) => {
      const { text } = await ring({ api_key: mineKey, ...query }, { ...FORM, To: to });
      return (await services.admission.redeem(tokenIn(text))).assistant.id as string;
    };
    const scope = (await services.accounts.byToken(mine.token)).scope;
    expect(await answering({}, '+15550000001')).toBe((await services.assistants.getDefault(scope)).id);
    const first = String((await makeAgent(api, mine))._id);
    const second = String((await makeAgent(api, mine))._id);
    expect(await answering({}, '+15550000001')).toBe(second);
    expect(await answering({ agentId: first }, '+15550000001')).toBe(first);
    await services.numbers.add(scope, { e164: '+15550000002', assistantId: second });
    expect(await answering({ agentId: first }, '+15550000002')).toBe(second);
  });

  it.each([
    ['no key', {}],
    ['an empty key', { api_key: '' }],
    ['a garbled key', { api_key: 'garbled' }],
    ['an unknown key', { api_key: `vx_${'a'.repeat(48)}` }],
  ])('X-46 %s gives 401, in the error body', async (_what, query) => {
    const answer = await ring(query as Record<string, string>);
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ error: expect.any(String) });
  });

  it('X-46 a revoked key, a key in the header and a JWT give 401; so does a bad form without a key', async () => {
    const revoked = await makeKey(api, org);
    await api.ask('revokeApiKey', { token: org.token, id: revoked.id });
    expect((await ring({ api_key: revoked.rawKey })).status).toBe(401);
    expect((await ring({ api_key: org.token })).status).toBe(401);
    const inHeader = await api.ask('receiveVoiceCall', { key, token: org.token, body: FORM, headers: form });
    expect(inHeader.status).toBe(401);
    expect((await ring({}, {})).status).toBe(401);
  });

  it.each(['CallSid', 'From', 'To'])('without %s it answers 400', async (field) => {
    const { [field as 'To']: _left, ...rest } = FORM;
    const answer = await ring({ api_key: key }, rest);
    expect(answer.status).toBe(400);
    expect(answer.body.error).toContain(field);
  });

  it('JSON, which Twilio never sends, answers 400', async () => {
    const answer = await api.ask('receiveVoiceCall', { query: { api_key: key }, body: FORM });
    expect(answer.status).toBe(400);
  });

  it('X-05 X-27 another organization’s agent, or an unknown one, gives 404', async () => {
    const other = await api.org();
    const theirs = String((await makeAgent(api, other))._id);
    for (const agentId of [theirs, 'asst_none'])
      expect((await ring({ api_key: key, agentId })).status).toBe(404);
  });

  it('X-06 a pending organization gives 403', async () => {
    const pending = await api.signUp();
    const { secret } = await api.platform.services.oversight.issueKey(pending.tenantId, { form: 'vx' });
    expect((await ring({ api_key: secret })).status).toBe(403);
  });

  it('a full server tells the caller politely, and gives no token away', async () => {
    api.room.left = false;
    try {
      const { app } = api;
      const url = `/voicex/api/twilio/voice?api_key=${key}`;
      const payload = new URLSearchParams(FORM).toString();
      const answer = await app.inject({ method: 'POST', url, headers: form, payload });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-type']).toMatch(/^text\/xml/);
      expect(answer.body).toMatch(/<Say[^>]*>.+<\/Say><Hangup\/>/);
      expect(answer.body).not.toContain('Stream');
      const refused = await app.inject({
        method: 'POST',
        url: '/voicex/api/twilio/voice',
        headers: form,
        payload,
      });
      expect(refused.statusCode).toBe(401);
    } finally {
      api.room.left = true;
    }
  });

  it('an organization with as many calls as its plan allows tells the caller politely', async () => {
    const free = await api.org('free');
    const freeKey = (await makeKey(api, free)).rawKey;
    const { maxConcurrentCalls } = (await api.ask('getPlan', { token: free.token })).body.limits;
    for (let i = 0; i < maxConcurrentCalls; i++)
      await api.platform.storeCall(free.tenantId, { status: 'active' });
    const payload = new URLSearchParams(FORM).toString();
    const url = `/voicex/api/twilio/voice?api_key=${freeKey}`;
    const answer = await api.app.inject({ method: 'POST', url, headers: form, payload });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toMatch(/<Say[^>]*>.+<\/Say><Hangup\/>/);
  });

  it('the key is in no log line', async () => {
    await ring({ api_key: key });
    await ring({ api_key: key }, {});
    expect(log.lines.some((line) => line.fields.route === '/voicex/api/twilio/voice')).toBe(true);
    expect(JSON.stringify(log.lines)).not.toContain(key);
  });
});

describe('signatures, once an auth token is configured', () => {
  const AUTH_TOKEN = '12345678901234567890123456789012';
  let signed: Voicex;
  let signedKey: string;
  beforeAll(async () => {
    signed = await startVoicex({
      twilioAuthToken: AUTH_TOKEN,
      hosts: [{ dialect: 'voicex', host: 'vx.example.com', port: null }],
    });
    const tenant = await signed.org();
    signedKey = (await makeKey(signed, tenant)).rawKey;
  });
  afterAll(() => signed[Symbol.asyncDispose]());

  const sign = (url: string, body: Record<string, string | string[]>) => ({
    'x-twilio-signature': twilio.getExpectedTwilioSignature(AUTH_TOKEN, url, body),
  });
  const address = () => `${PUBLIC_URL}/voicex/api/twilio/voice?api_key=${signedKey}`;
  const send = (headers: Record<string, string>, body: Record<string, string> = FORM) =>
    signed.ask('receiveVoiceCall', { query: { api_key: signedKey }, body, headers: { ...form, ...headers } });

  it('a right one is let in, whatever Host a proxy made of it', async () => {
    expect((await send(sign(address(), FORM))).status).toBe(200);
    expect((await send({ ...sign(address(), FORM), host: '10.0.0.7:3000' })).status).toBe(200);
  });

  it('a missing one, a foreign one, and one over other fields or another address give 403', async () => {
    const foreign = twilio.getExpectedTwilioSignature('another token', address(), FORM);
    for (const headers of [
      {},
      { 'x-twilio-signature': '' },
      { 'x-twilio-signature': 'bm9uc2Vuc2U=' },
      { 'x-twilio-signature': foreign },
      sign(address(), { ...FORM, To: '+19005550000' }),
      sign(address().replace('voice.example', 'evil.example'), FORM),
    ])
      expect((await send(headers as Record<string, string>)).status).toBe(403);
  });

  it('fields sent twice are signed with both values', async () => {
    const body = { ...FORM, Digits: ['1', '2'] };
    const payload = `${new URLSearchParams(FORM).toString()}&Digits=1&Digits=2`;
    const answer = await signed.app.inject({
      method: 'POST',
      url: `/voicex/api/twilio/voice?api_key=${signedKey}`,
      headers: { ...form, ...sign(address(), body) },
      payload,
    });
    expect(answer.statusCode).toBe(200);
  });

  it('on the dialect’s own Host the address is that Host’s', async () => {
    const url = `https://vx.example.com/api/twilio/voice?api_key=${signedKey}`;
    const answer = await signed.app.inject({
      method: 'POST',
      url: `/api/twilio/voice?api_key=${signedKey}`,
      headers: { ...form, host: 'vx.example.com', ...sign(url, FORM) },
      payload: new URLSearchParams(FORM).toString(),
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain('<Stream');
  });
});
