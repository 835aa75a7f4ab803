import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { twilioSignatures } from '#adapters/carrier/twilio/signature';
import { veevo } from '#dialects/veevo/index';
import { voicex } from '#dialects/voicex/index';
import { systemClock } from '#kernel/clock';
import { silentLog } from '#kernel/log';
import { type TestPlatform, testPlatform } from '#test/dialects/platform';
import { fixtureApp } from '#test/http/fixture';

const PUBLIC_URL = 'https://voice.example.com';
const PASSWORD = 'min_8_chars';

let platform: TestPlatform;
let app: Awaited<ReturnType<typeof fixtureApp>>;
beforeAll(async () => {
  platform = await testPlatform();
  const { services, blobs } = platform;
  const signatures = twilioSignatures(null);
  const shared = { services, signatures, hasRoom: () => true, publicUrl: PUBLIC_URL };
  app = await fixtureApp({
    dialects: [veevo({ ...shared, log: silentLog }), voicex({ ...shared, blobs, clock: systemClock })],
    idempotency: services.idempotency,
  });
});
afterAll(async () => {
  await app.close();
  await platform.close();
});

interface Ask {
  bearer?: string;
  key?: string;
  body?: unknown;
}

async function send(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, given: Ask = {}) {
  const response = await app.inject({
    method,
    url: path,
    headers: {
      ...(given.bearer !== undefined && { authorization: `Bearer ${given.bearer}` }),
      ...(given.key !== undefined && { 'x-api-key': given.key }),
    },
    ...(given.body !== undefined && { payload: given.body as object }),
  });
  return { status: response.statusCode, body: response.json() };
}

const inVeevo = (method: 'GET' | 'POST' | 'DELETE', path: string, given?: Ask) =>
  send(method, `/veevo/api${path}`, given);
const inVoicex = (method: 'GET' | 'POST' | 'PATCH', path: string, given?: Ask) =>
  send(method, `/voicex/api${path}`, given);

let count = 0;
const freshEmail = () => `one${++count}@two-doors.example`;

const organization = (email: string) => ({ name: 'Ann', email, password: PASSWORD, orgName: 'Two Doors' });

/** A tenant that signed up through Voicex and may act, with a JWT of either dialect. */
async function voicexTenant(plan = 'pro') {
  const email = freshEmail();
  const up = await inVoicex('POST', '/auth/signup', { body: organization(email) });
  const id: string = up.body.organization._id;
  await platform.services.oversight.updateTenant(id, { status: 'active', plan });
  const into = await inVeevo('POST', '/auth/login', { body: { email, password: PASSWORD } });
  return { id, email, voicexToken: String(up.body.token), veevoToken: String(into.body.token) };
}

/** A tenant that registered with veevo, and pays. */
async function veevoTenant(companyName?: string) {
  const email = freshEmail();
  const { body } = await inVeevo('POST', '/auth/register', {
    body: { email, password: PASSWORD, ...(companyName !== undefined && { companyName }) },
  });
  await platform.services.oversight.updateTenant(body.account.id, { status: 'active' });
  return { id: String(body.account.id), email, key: String(body.apiKey), token: String(body.token) };
}

describe('one person, one tenant, two doors', () => {
  it('who signed up with Voicex logs in to veevo and is the same tenant', async () => {
    const { id, email, veevoToken } = await voicexTenant();
    const { account } = (await inVeevo('GET', '/account', { bearer: veevoToken })).body;
    expect(account).toMatchObject({ id, email, companyName: 'Two Doors', status: 'ACTIVE' });
  });

  it('who registered with veevo signs in to Voicex and is the same tenant, on the plan of veevo', async () => {
    const { id, email } = await veevoTenant('Boats Ltd');
    const into = await inVoicex('POST', '/auth/signin', { body: { email, password: PASSWORD } });
    expect(into.body.organization).toMatchObject({ _id: id, name: 'Boats Ltd', status: 'active' });
    const plan = await inVoicex('GET', '/dashboard/plan', { bearer: into.body.token });
    expect(plan.body.slug).toBe('payg');
  });

  it('a JWT of either dialect opens the other', async () => {
    const { id, voicexToken, veevoToken } = await voicexTenant();
    expect((await inVeevo('GET', '/account', { bearer: voicexToken })).body.account.id).toBe(id);
    expect((await inVoicex('GET', '/dashboard/organization', { bearer: veevoToken })).body._id).toBe(id);
  });

  it('V-08 X-13 an address is in use for both, also when both are asked at once', async () => {
    const { email } = await veevoTenant();
    expect((await inVoicex('POST', '/auth/signup', { body: organization(email) })).status).toBe(409);
    const contested = freshEmail();
    const answers = await Promise.all([
      inVoicex('POST', '/auth/signup', { body: organization(contested) }),
      inVeevo('POST', '/auth/register', { body: { email: contested, password: PASSWORD } }),
      inVoicex('POST', '/auth/signup', { body: organization(contested) }),
      inVeevo('POST', '/auth/register', { body: { email: contested, password: PASSWORD } }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
  });

  it('an account that is not paid for is inactive for both, and a suspended one suspended', async () => {
    const tenant = await veevoTenant();
    const set = (status: 'inactive' | 'suspended') =>
      platform.services.oversight.updateTenant(tenant.id, { status });
    const me = async () =>
      (await inVoicex('GET', '/auth/me', { bearer: tenant.token })).body.organization.status;
    await set('inactive');
    expect((await inVoicex('GET', '/dashboard/stats', { key: tenant.key })).status).toBe(403);
    expect(await me()).toBe('inactive');
    await set('suspended');
    expect((await inVeevo('GET', '/account', { bearer: tenant.key })).status).toBe(403);
    expect(await me()).toBe('suspended');
  });

  it('V-06 X-17 a name given through Voicex is the company name from then on', async () => {
    const { key } = await veevoTenant();
    expect((await inVeevo('GET', '/account', { bearer: key })).body.account.companyName).toBeNull();
    await inVoicex('PATCH', '/dashboard/organization', { key, body: { name: 'Boats Ltd' } });
    expect((await inVeevo('GET', '/account', { bearer: key })).body.account.companyName).toBe('Boats Ltd');
  });
});

describe('what a tenant has', () => {
  it('keys of either form open both, are listed by their own dialect, and are revoked for both', async () => {
    const { id, voicexToken: bearer } = await voicexTenant();
    const vx = (await inVoicex('POST', '/dashboard/api-keys', { bearer, body: { name: 'One' } })).body;
    const rtk = (await inVeevo('POST', '/api-keys', { bearer, body: { label: 'Two' } })).body;
    for (const key of [vx.rawKey, rtk.key]) {
      expect((await inVeevo('GET', '/account', { bearer: key })).body.account.id).toBe(id);
      expect((await inVoicex('GET', '/dashboard/organization', { key })).body._id).toBe(id);
    }
    const listed = await inVoicex('GET', '/dashboard/api-keys', { bearer });
    expect(listed.body.map((key: { _id: string }) => key._id)).toEqual([vx._id]);
    const shown = (await inVeevo('GET', '/api-keys', { bearer })).body.apiKeys;
    expect(shown.map((key: { id: string }) => key.id)).toEqual([rtk.id]);
    await inVeevo('DELETE', `/api-keys/${rtk.id}`, { bearer });
    expect((await inVoicex('GET', '/dashboard/organization', { key: rtk.key })).status).toBe(401);
  });

  it('V-33 the same calls, with the same numbers, are in both lists', async () => {
    const tenant = await veevoTenant();
    const ids = [
      await platform.storeCall(tenant.id, { status: 'completed', detailed: true }),
      await platform.storeCall(tenant.id, { status: 'failed' }),
      await platform.storeCall(tenant.id, { status: 'completed', from: '+15550001111' }),
    ].reverse();
    const calls = (await inVoicex('GET', '/dashboard/calls', { key: tenant.key })).body;
    const { records, total } = (await inVeevo('GET', '/usage', { bearer: tenant.key })).body;
    expect(calls.map((call: { _id: string }) => call._id)).toEqual(ids);
    const facts = calls.map((call: Record<string, unknown>) => ({
      id: call._id,
      callSid: call.callSid,
      callerPhone: call.from,
      calledNumber: call.to,
      createdAt: call.endedAt,
    }));
    expect(records).toMatchObject(facts);
    expect((await inVoicex('GET', '/dashboard/calls/count', { key: tenant.key })).body.count).toBe(total);
  });

  it('minutes are billed alike in both', async () => {
    const tenant = await veevoTenant();
    for (const durationMs of [1, 61_500])
      await platform.storeCall(tenant.id, { status: 'completed', durationMs });
    const { totalMinutes } = (await inVeevo('GET', '/billing/subscription', { bearer: tenant.key })).body;
    const days = (await inVoicex('GET', '/dashboard/analytics/usage', { key: tenant.key })).body;
    expect(totalMinutes).toBe((1 + 62) / 60);
    expect(days).toMatchObject([{ calls: 2, minutes: totalMinutes }]);
  });

  it('an agent made with Voicex answers the number that was registered with veevo', async () => {
    const { id, voicexToken: bearer } = await voicexTenant();
    const phoneNumber = '+15552223344';
    await inVeevo('POST', '/phone-numbers', {
      bearer,
      body: {
        phoneNumber,
        onCallStartUrl: 'https://backend.example.com/start',
        onCallEndUrl: 'https://backend.example.com/end',
      },
    });
    const providers: { _id: string; category: string; source: string }[] = (
      await inVoicex('GET', '/dashboard/providers', { bearer })
    ).body;
    const idOf = (category: string) =>
      providers.find((one) => one.category === category && one.source === 'global')!._id;
    const agent = await inVoicex('POST', '/dashboard/agents', {
      bearer,
      body: {
        name: 'Sales',
        persona: { systemPrompt: 'You sell boats.' },
        ...{ llmProviderId: idOf('llm'), llmModelId: 'concierge' },
        ...{ ttsProviderId: idOf('tts'), ttsModelId: 'rms', sttProviderId: idOf('stt') },
      },
    });
    const { payload } = await app.inject({
      method: 'POST',
      url: '/veevo/voice',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ CallSid: 'CA1', From: '+19805551234', To: phoneNumber }).toString(),
    });
    const token = /<Parameter name="token" value="([^"]+)"/.exec(payload)?.[1] ?? '';
    const order = await platform.services.admission.redeem(token);
    expect(order).toMatchObject({ tenantId: id, assistant: { id: agent.body._id, name: 'Sales' } });
  });
});
