import twilio from 'twilio';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pacer } from '#audio/pacer';
import { Phone } from '#cli/phone';
import { askWebhook } from '#cli/webhook-call';
import { systemClock } from '#kernel/clock';
import { makeDataDir, removeDataDir, startTestServer, type TestServer } from '#test/support/server';
import { eventually } from '#test/support/until';
import { startTwilio, type TwilioServer } from '#test/support/vendors/twilio-server';
import { openReceiver, type Receiver } from './receiver.ts';
import { TestCall } from './telephone.ts';
import { askOperator } from './tenants.ts';
import { openAccount, type VeevoAccount } from './veevo-account.ts';

const THEIRS = { accountSid: `AC${'2'.repeat(32)}`, authToken: 'the-tenants-own-auth-token' };
const OUR_TOKEN = 'the platform’s own auth token';

let dataDir: string;
let server: TestServer;
let twilioServer: TwilioServer;
let receiver: Receiver;
let account: VeevoAccount;

beforeAll(async () => {
  dataDir = await makeDataDir();
  receiver = await openReceiver();
  twilioServer = await startTwilio({ [THEIRS.accountSid]: THEIRS.authToken });
  server = await startTestServer({
    dataDir,
    env: {
      CALLBACK_ALLOWLIST: receiver.host,
      TWILIO_ACCOUNT_SID: `AC${'1'.repeat(32)}`,
      TWILIO_AUTH_TOKEN: OUR_TOKEN,
      TWILIO_API_URL: twilioServer.apiUrl,
      LOG_LEVEL: 'debug',
    },
  });
  account = await openAccount(server, receiver.origin);
}, 150_000);
afterAll(async () => {
  await server?.stop();
  await receiver?.close();
  await twilioServer?.[Symbol.asyncDispose]();
  await removeDataDir(dataDir);
});

const place = (authToken = THEIRS.authToken) =>
  account.ask('/api/outbound', {
    to: '+14155550123',
    from: account.from,
    onCallStartUrl: `${receiver.origin}/start`,
    onCallEndUrl: `${receiver.origin}/end`,
    twilioAccountSid: THEIRS.accountSid,
    twilioAuthToken: authToken,
  });

/** A request of Twilio's, signed as the tenant's account does. */
const signed = (url: string, form: Record<string, string>) => ({
  url,
  form,
  headers: { 'x-twilio-signature': twilio.getExpectedTwilioSignature(THEIRS.authToken, url, form) },
});

describe('a call over Twilio, on the tenant’s own account', { timeout: 60_000 }, () => {
  it('is dialed, answered, spoken and ended with what that account has signed', async () => {
    const placed = await place();
    expect(placed.status, JSON.stringify(placed.body)).toBe(201);
    const { callSid } = placed.body;
    const [asked] = twilioServer.requests;
    expect(asked!.form).toMatchObject({ To: '+14155550123', From: account.from, Timeout: '30' });
    const url = String(asked!.form.Url);
    expect(url.startsWith(`${server.url}/webhooks/twilio/`)).toBe(true);
    const facts = { CallSid: callSid, AccountSid: THEIRS.accountSid };
    const order = await askWebhook(signed(url, { ...facts, CallStatus: 'in-progress' }));
    if (order.kind !== 'stream') throw new Error(`not connected: ${JSON.stringify(order)}`);
    const { headers } = signed(order.url, {});
    const { parameters } = order;
    const pacer = new Pacer({ clock: systemClock });
    const unsigned = Phone.open({ url: order.url, parameters, callSid, clock: systemClock, pacer });
    await expect(unsigned).rejects.toThrow(/403/);
    const call = new TestCall(
      await Phone.open({ url: order.url, parameters, callSid, headers, clock: systemClock, pacer }),
    );
    await call.ear.until(() => call.ear.agent.length > 0, 20_000);
    await call.end.hangUp();
    expect(await askWebhook(signed(order.actionUrl!, facts))).toEqual({ kind: 'hangup' });
    const told = { ...facts, CallStatus: 'completed', SequenceNumber: '3', CallDuration: '4' };
    const report = signed(String(asked!.form.StatusCallback), told);
    const answer = await fetch(report.url, {
      method: 'POST',
      body: new URLSearchParams(told),
      headers: report.headers,
    });
    expect(answer.status).toBe(204);
    const ended = await eventually(
      async () => receiver.received.find(({ path }) => path === '/end'),
      (one) => one !== undefined,
      50_000,
    );
    expect(ended!.body.data).toMatchObject({ callSid, status: 'completed', endReason: 'caller_hung_up' });
  });

  it('that the account does not allow is the caller’s mistake', async () => {
    const refused = await place('a-wrong-auth-token');
    expect(refused.status).toBe(400);
    expect(refused.body).toEqual({ error: expect.stringMatching(/account SID and auth token/) });
  });

  it('leaves no credential in any log, and has no outbox', async () => {
    const printed = server.printed.join('');
    expect(printed).toContain('/webhooks/twilio/:token/voice');
    for (const secret of [THEIRS.authToken, 'a-wrong-auth-token', OUR_TOKEN]) {
      expect(printed).not.toContain(secret);
      expect(printed).not.toContain(Buffer.from(`${THEIRS.accountSid}:${secret}`).toString('base64'));
    }
    const [asked] = twilioServer.requests;
    expect(printed).not.toContain(new URL(String(asked!.form.Url)).pathname.split('/')[3]);
    expect((await askOperator(server, '/outbox/calls')).status).toBe(404);
  });
});
