import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askWebhook } from '#cli/webhook-call';
import { type Backend, openBackend, says } from '#test/core/backend';
import { makeDataDir, removeDataDir, startTestServer, type TestServer } from '#test/support/server';
import { eventually } from '#test/support/until';
import { newCallSid, pickUp } from './telephone.ts';
import { type Ask, ask } from './tenants.ts';

const NUMBER = '+15551234567';

let dataDir: string;
let backend: Backend;
let server: TestServer;

beforeAll(async () => {
  dataDir = await makeDataDir();
  backend = await openBackend();
  server = await startTestServer({ dataDir, env: { CALLBACK_ALLOWLIST: backend.host } });
}, 150_000);
afterAll(async () => {
  await server?.stop();
  await backend.close();
  await removeDataDir(dataDir);
});

const api = (path: string, bearer: string, given: Ask = {}) =>
  ask(server, `/veevo/api${path}`, { ...given, headers: { authorization: `Bearer ${bearer}` } });

/** What the backend was told at a path, once it was. */
async function toldAt(path: string) {
  const asked = await eventually(
    async () => backend.asked.find((one) => one.path === path) ?? null,
    (one) => one !== null,
    60_000,
  );
  return { ...asked!, told: JSON.parse(asked!.body) };
}

/** As the documentation has a new customer do it, with nothing but the documented API and its URLs. */
describe('a customer’s first day', () => {
  let key: string;
  let voiceUrl: string;

  it('V-02 V-03 registers, pays on the page of its checkoutUrl, and is ACTIVE', async () => {
    const { body } = await ask(server, '/veevo/api/auth/register', {
      body: { email: 'you@company.com', password: 'min_8_chars', companyName: 'Your Company' },
    });
    key = body.apiKey;
    voiceUrl = body.engineVoiceUrl;
    const page = await fetch(body.checkoutUrl);
    expect(page.status).toBe(200);
    expect(await page.text()).toMatch(/\$5\b/);
    const paid = await fetch(body.checkoutUrl, { method: 'POST', redirect: 'manual' });
    expect(paid.status).toBe(303);
    expect((await fetch(new URL(paid.headers.get('location')!, server.url))).status).toBe(200);
    const account = await eventually(
      async () => (await api('/account', key)).body.account,
      ({ status }) => status === 'ACTIVE',
    );
    expect(account).toMatchObject({ companyName: 'Your Company', _count: { phoneNumbers: 0, apiKeys: 1 } });
    const { url } = (await api('/billing/portal', key, { method: 'POST' })).body;
    expect((await fetch(url)).status).toBe(200);
  });

  /** Both at the same time: the callee speaks with the agent for half a minute. */
  it('V-33 V-45 calls out and is called; its backend is asked and told, and both calls are billed', async () => {
    const [out, into] = [await callOut(), await beCalled()];
    const outbound = (await toldAt('/out/end')).told.data;
    expect(outbound).toMatchObject({
      callSid: out.callSid,
      direction: 'outbound',
      status: 'completed',
      metadata: { customerId: 'cust_123' },
    });
    expect(outbound.transcript.length).toBeGreaterThan(1);
    const { records, total } = (await api('/usage', key)).body;
    expect(total).toBe(2);
    for (const { callId, callSid, from, to } of [outbound, into.data]) {
      const record = records.find((one: { id: string }) => one.id === callId);
      expect(record).toMatchObject({ callSid, callerPhone: from, calledNumber: to });
      const micros = Math.round((record.durationSeconds * 50_000) / 60);
      expect(record.durationSeconds).toBeGreaterThanOrEqual(1);
      expect(record.costBreakdown.totalCost).toBe(micros / 1e6);
    }
    const seconds = records[0].durationSeconds + records[1].durationSeconds;
    const { allTime } = (await api('/usage/current', key)).body;
    expect(allTime).toEqual({ calls: 2, minutes: seconds / 60 });
    expect(backend.asked.filter((one) => one.path === '/error')).toEqual([]);
  }, 150_000);

  async function callOut(): Promise<{ callSid: string }> {
    const registered = await api('/phone-numbers', key, {
      body: {
        phoneNumber: NUMBER,
        onCallStartUrl: `${backend.origin}/start`,
        onCallEndUrl: `${backend.origin}/end`,
        onErrorUrl: `${backend.origin}/error`,
      },
    });
    expect(registered.status, JSON.stringify(registered.body)).toBe(201);
    const placed = await api('/outbound', key, {
      body: {
        to: '+15559876543',
        from: NUMBER,
        onCallStartUrl: `${backend.origin}/out/start`,
        onCallEndUrl: `${backend.origin}/out/end`,
        twilioAccountSid: 'AC00000000000000000000000000000001',
        twilioAuthToken: 'the_customers_own',
        metadata: { customerId: 'cust_123' },
      },
    });
    expect(placed.status, JSON.stringify(placed.body)).toBe(201);
    const { told } = await toldAt('/out/start');
    expect(told.data).toMatchObject({ callSid: placed.body.callSid, direction: 'outbound' });
    return placed.body;
  }

  /** The backend chooses the first words; the caller hangs up after them. */
  async function beCalled() {
    backend.replies = [says(200, { firstMessage: 'Ahoy from the harbour.', metadata: { boat: 7 } })];
    const callSid = newCallSid();
    const form = { CallSid: callSid, AccountSid: `AC${'0'.repeat(32)}`, From: '+19805551234', To: NUMBER };
    const order = await askWebhook({ url: voiceUrl, form });
    if (order.kind !== 'stream') throw new Error(`not connected: ${JSON.stringify(order)}`);
    const call = await pickUp(order, callSid);
    await call.opened();
    await call.end.hangUp();
    const { told, headers, body } = await toldAt('/end');
    const { secret } = (await api('/signing-secret', key)).body;
    expect(() => new Webhook(secret).verify(body, headers as Record<string, string>)).not.toThrow();
    expect(told.data).toMatchObject({ callSid, from: '+19805551234', to: NUMBER, metadata: { boat: 7 } });
    expect(told.data.transcript[0]).toMatchObject({ role: 'assistant', text: 'Ahoy from the harbour.' });
    return told;
  }
});
