import twilio from 'twilio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pacer } from '#audio/pacer';
import { Phone } from '#cli/phone';
import { askWebhook } from '#cli/webhook-call';
import { systemClock } from '#kernel/clock';
import { type TestDatabase, testDatabase } from '#test/support/database';
import { makeDataDir, removeDataDir, startTestServer, type TestServer } from '#test/support/server';
import { eventually } from '#test/support/until';
import { startTwilio, type TwilioServer } from '#test/support/vendors/twilio-server';
import { openReceiver, type Receiver } from './receiver.ts';
import { newCallSid, storedCall, TestCall } from './telephone.ts';
import { askOperator, tenantOf } from './tenants.ts';
import { openAccount, type VeevoAccount } from './veevo-account.ts';

/** Both nodes stand behind one address. */
const PUBLIC_URL = 'https://voice.example.com';
const OURS = { accountSid: `AC${'1'.repeat(32)}`, authToken: 'the-platforms-auth-token' };

let database: TestDatabase;
let dataDirs: string[];
let nodes: TestServer[];
let twilioServer: TwilioServer;
let receiver: Receiver;
let account: VeevoAccount;

beforeAll(async () => {
  database = await testDatabase();
  receiver = await openReceiver();
  twilioServer = await startTwilio({ [OURS.accountSid]: OURS.authToken });
  dataDirs = [await makeDataDir(), await makeDataDir()];
  const env = {
    DATABASE_URL: database.connectionString,
    ENCRYPTION_KEY: 'a key that both nodes have been given',
    JWT_SECRET: 'a secret that both nodes have been given',
    CALLBACK_ALLOWLIST: receiver.host,
    PUBLIC_URL,
    TWILIO_ACCOUNT_SID: OURS.accountSid,
    TWILIO_AUTH_TOKEN: OURS.authToken,
    TWILIO_API_URL: twilioServer.apiUrl,
  };
  nodes = [];
  for (const dataDir of dataDirs) nodes.push(await startTestServer({ dataDir, env }));
  account = await openAccount(nodes[0]!, receiver.origin);
}, 180_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()));
  await receiver?.close();
  await twilioServer?.[Symbol.asyncDispose]();
  await database?.drop();
  for (const dataDir of dataDirs) await removeDataDir(dataDir);
});

const pacer = new Pacer({ clock: systemClock });

/** A request to a node, signed over the address that both share. */
const to = (node: TestServer, url: string, form: Record<string, string>) => ({
  url: url.replace(PUBLIC_URL, node.url),
  form,
  headers: { 'x-twilio-signature': twilio.getExpectedTwilioSignature(OURS.authToken, url, form) },
});

const endOf = (callSid: string) =>
  eventually(
    async () =>
      receiver.received.find(({ body }) => body.type === 'call.ended' && body.data.callSid === callSid),
    (one) => one !== undefined,
    60_000,
  );

describe('two nodes over one database', { timeout: 120_000 }, () => {
  it('a call that one has dialed is answered and spoken on the other', async () => {
    const [one, other] = nodes as [TestServer, TestServer];
    const placed = await account.ask('/api/outbound', {
      to: '+14155550123',
      from: account.from,
      onCallStartUrl: `${receiver.origin}/start`,
      onCallEndUrl: `${receiver.origin}/end`,
      twilioAccountSid: OURS.accountSid,
      twilioAuthToken: OURS.authToken,
    });
    expect(placed.status, JSON.stringify(placed.body)).toBe(201);
    const { callSid } = placed.body;
    const url = String(twilioServer.requests[0]!.form.Url);
    const order = await askWebhook(to(other, url, { CallSid: callSid, CallStatus: 'in-progress' }));
    if (order.kind !== 'stream') throw new Error(`not connected: ${JSON.stringify(order)}`);
    const call = await pickUp(other, order, callSid);
    await call.ear.until(() => call.ear.agent.length > 0, 20_000);
    await call.end.hangUp();
    // The next request of the carrier comes to the first again.
    expect(await askWebhook(to(one, order.actionUrl!, { CallSid: callSid }))).toEqual({ kind: 'hangup' });
    expect((await endOf(callSid))!.body.data).toMatchObject({
      status: 'completed',
      endReason: 'caller_hung_up',
    });
  });

  it('the calls of one that died are ended by the other, and told of', async () => {
    const [one, other] = nodes as [TestServer, TestServer];
    const { tenant } = account;
    const agentId = await tenant.makeAgent({ endedWebhookUrl: `${receiver.origin}/died` });
    const callSid = await talk(one, agentId);
    await one.kill();
    const look = () => tenantOf(other, tenant).ask('/calls?limit=1');
    expect((await look()).body[0]).toMatchObject({ callSid, status: 'active' });
    // Nobody waits for a minute: as far as the other knows, it has passed.
    const client = await database.pool.connect();
    await client.query("begin; select set_config('app.system', 'on', true)");
    await client.query("update nodes set seen_at = seen_at - interval '61 seconds'");
    await client.query('commit');
    client.release();
    await eventually(
      async () => (await askOperator(other, '/jobs/run', { body: { name: 'bury-nodes' } })).body.ran,
      (ran) => ran > 0,
    );
    const stored = await storedCall(tenantOf(other, tenant), callSid);
    expect(stored).toMatchObject({ status: 'failed', endReason: 'failed' });
    expect(stored.transcript[0]).toMatchObject({ role: 'assistant' });
    const told = await eventually(
      async () => receiver.received.filter(({ path }) => path === '/died'),
      (all) => all.length > 0,
      60_000,
    );
    expect(told.map(({ body }) => body.data.callId)).toEqual([stored._id]);
  });
});

/** A live call in which the agent has spoken. */
async function talk(node: TestServer, agentId: string): Promise<string> {
  const callSid = newCallSid();
  const url = `${PUBLIC_URL}/voicex/api/twilio/voice?api_key=${account.tenant.key}&agentId=${agentId}`;
  const form = { CallSid: callSid, From: '+14155550134', To: '+14155550100' };
  const order = await askWebhook(to(node, url, form));
  if (order.kind !== 'stream') throw new Error(`not connected: ${JSON.stringify(order)}`);
  const call = await pickUp(node, order, callSid);
  await call.opened();
  return callSid;
}

type Stream = Awaited<ReturnType<typeof askWebhook>> & { kind: 'stream' };

async function pickUp(
  node: TestServer,
  { url, parameters }: Stream,
  callSid: string,
): Promise<TestCall<Phone>> {
  const signature = twilio.getExpectedTwilioSignature(OURS.authToken, url, {});
  const headers = { 'x-twilio-signature': signature };
  const nodeUrl = url.replace(PUBLIC_URL.replace('http', 'ws'), node.url.replace('http', 'ws'));
  return new TestCall(
    await Phone.open({ url: nodeUrl, parameters, callSid, headers, clock: systemClock, pacer }),
  );
}
