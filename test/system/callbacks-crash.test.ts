import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askWebhook } from '#cli/webhook-call';
import { type Backend, documented, openBackend, type Reply, says, saysNothing } from '#test/core/backend';
import { makeDataDir, removeDataDir, startTestServer, type TestServer } from '#test/support/server';
import { eventually, until } from '#test/support/until';
import { newCallSid, pickUp, storedCall } from './telephone.ts';
import { ask, signUp, type Tenant, tenantOf } from './tenants.ts';

const NUMBER = '+15551234567';
const GREETING = 'Good morning, this is the lamp shop.';

interface Told {
  readonly path: string;
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked into by the tests
  readonly body: any;
}

let dataDir: string;
let backend: Backend;
let server: TestServer;
let tenant: Tenant;
/** What the backend replies at each path; 204 where nothing is said. */
const replies = new Map<string, Reply>();

const start = () => startTestServer({ dataDir, env: { CALLBACK_ALLOWLIST: backend.host } });

beforeAll(async () => {
  dataDir = await makeDataDir();
  backend = await openBackend();
  backend.otherwise = ({ path }) => replies.get(path) ?? says(204);
  server = await start();
  tenant = await signUp(server, 'payg');
  const registered = await ask(server, '/veevo/api/phone-numbers', {
    headers: { authorization: `Bearer ${tenant.key}` },
    body: {
      phoneNumber: NUMBER,
      onCallStartUrl: `${backend.origin}/start`,
      onCallEndUrl: `${backend.origin}/end`,
      onErrorUrl: `${backend.origin}/error`,
    },
  });
  expect(registered.status).toBe(201);
});
afterAll(async () => {
  await server?.kill();
  await backend.close();
  await removeDataDir(dataDir);
});

async function killAndStartAgain(): Promise<void> {
  await server.kill();
  server = await start();
  tenant = tenantOf(server, tenant);
}

/** Everything the backend was told of one call, in order. */
const toldOf = (callSid: string): Told[] =>
  backend.asked
    .map(({ path, headers, body }) => ({ path, id: String(headers['webhook-id']), body: JSON.parse(body) }))
    .filter(({ body }) => body.data.callSid === callSid);

const told = (callSid: string, path: string) => toldOf(callSid).filter((one) => one.path === path);

/** Twilio's webhook for a call to the number. */
function ring(callSid: string) {
  const form = { CallSid: callSid, AccountSid: `AC${'0'.repeat(32)}`, From: '+15559876543', To: NUMBER };
  return askWebhook({ url: `${server.url}/veevo/voice`, form });
}

async function call() {
  const callSid = newCallSid();
  const order = await ring(callSid);
  if (order.kind !== 'stream') throw new Error(`not connected: ${JSON.stringify(order)}`);
  return { callSid, phone: await pickUp(order, callSid) };
}

const waiting = async () => {
  const [row] = await server.rows<{ n: number }>(
    "select count(*)::int as n from graphile_worker.jobs where task_identifier in ('call-webhook', 'post-call')",
  );
  return row!.n;
};

describe('V-45 a server that is killed between the end of calls and their callbacks', {
  timeout: 180_000,
}, () => {
  const sids = { ended: '', rejected: newCallSid(), live: '' };

  it('has asked, ended and not been listened to', async () => {
    replies.set('/start', says(200, { firstMessage: GREETING, metadata: { customer: 'c_42' } }));
    replies.set('/end', saysNothing);
    const done = await call();
    sids.ended = done.callSid;
    await done.phone.opened();
    await done.phone.end.hangUp();
    await storedCall(tenant, done.callSid);
    await until(() => told(done.callSid, '/end').length > 0, 60_000);

    replies.set('/end', says(503));
    replies.set('/start', says(200, { reject: { reason: 'busy' } }));
    expect(await ring(sids.rejected)).toEqual({ kind: 'reject', reason: 'busy' });
    await storedCall(tenant, sids.rejected);

    replies.set('/start', says(503));
    const live = await call();
    sids.live = live.callSid;
    await live.phone.ear.until(() => live.phone.ear.agent.length > 0, 20_000);
    replies.set('/error', saysNothing);
    await killAndStartAgain();
  });

  it('tells of each end under one id, with all that the backend is to know, and loses none', async () => {
    replies.set('/end', says(204));
    replies.set('/error', says(204));
    await eventually(waiting, (n) => n === 0, 90_000);
    const validate = await documented('call-ended');
    for (const sid of Object.values(sids)) {
      const ends = told(sid, '/end');
      expect(new Set(ends.map(({ id }) => id)).size, sid).toBe(1);
      expect(validate(ends.at(-1)!.body), JSON.stringify(validate.errors)).toBe(true);
    }
    const [ended, rejected, live] = Object.values(sids).map((sid) => told(sid, '/end').at(-1)!.body.data);
    expect(ended).toMatchObject({
      status: 'completed',
      endReason: 'caller_hung_up',
      metadata: { customer: 'c_42' },
      transcript: [{ role: 'assistant', text: GREETING }],
      cost: { billedSec: Math.ceil(ended.durationSec) },
    });
    expect(rejected).toMatchObject({ status: 'failed', endReason: 'busy', answeredAt: null, transcript: [] });
    expect(live).toMatchObject({ status: 'failed', endReason: 'failed', metadata: {} });
    const errors = toldOf(sids.live).filter(({ path }) => path === '/error');
    const kinds = new Map(errors.map(({ id, body }) => [id, body.data.incident]));
    expect([...kinds.values()].sort()).toEqual(['call_failed', 'start_callback_failed']);
    for (const sid of [sids.ended, sids.rejected]) expect(told(sid, '/error')).toEqual([]);
  });

  it('has delivered each once, by its log, with good signatures', async () => {
    const { secret } = (await tenant.ask('/webhook-secret')).body;
    for (const { body, headers } of backend.asked)
      new Webhook(secret).verify(body, headers as Record<string, string>);
    const taken = await server.rows<{ webhook_id: string; n: number }>(
      'select webhook_id, count(*)::int as n from webhook_deliveries where status = 204 group by 1',
    );
    expect(taken.map(({ n }) => n)).toEqual(Array(5).fill(1));
  });

  it('is killed again and tells nothing more', async () => {
    const before = backend.asked.length;
    await killAndStartAgain();
    await eventually(waiting, (n) => n === 0, 60_000);
    expect(backend.asked).toHaveLength(before);
  });
});
