import { once } from 'node:events';
import Fastify, { type FastifyInstance } from 'fastify';
import twilio from 'twilio';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { twilioSignatures } from '#adapters/carrier/twilio/signature';
import { Pacer } from '#audio/pacer';
import { readTwiml } from '#cli/webhook-call';
import { NO_CALLBACKS } from '#core/callbacks/callbacks';
import type { CarrierAccount } from '#core/ports';
import type { Services } from '#core/services';
import { carrierWebhooks } from '#gateways/carrier-webhooks/carrier-webhooks';
import { createDialedMedia } from '#gateways/twilio-media/twilio-media';
import { systemClock } from '#kernel/clock';
import { silentLog } from '#kernel/log';
import type { Scope } from '#kernel/scope';
import { openPlatform, type Platform } from '#test/core/platform';
import { FakeLauncher, openMediaServer } from '#test/gateways/media-server';
import { memoryTransfers } from '#test/support/transfers';

const PUBLIC_URL = 'https://voice.example.com';
const OUR_TOKEN = 'the platform token';
const THEIRS: CarrierAccount = { accountSid: `AC${'2'.repeat(32)}`, authToken: 'the-tenants-token' };
const FROM = '+15551234567';

let p: Platform;
let services: Services;
let app: FastifyInstance;
let scope: Scope;
let hasRoom: boolean;
const transfers = memoryTransfers();

beforeAll(async () => {
  p = await openPlatform();
  const telephony = { ...p.telephony.deps, signatures: twilioSignatures(OUR_TOKEN) };
  services = p.with({ telephony, publicUrl: PUBLIC_URL });
  ({ scope } = await p.tenant('payg'));
  await services.numbers.add(scope, { e164: FROM });
  app = Fastify();
  app.decorateRequest('rawBody', null);
  const { dialing } = services;
  const shared = { transfers, publicUrl: PUBLIC_URL, log: silentLog };
  const { hasBegun } = services.calls;
  await app.register(carrierWebhooks({ ...shared, dialing, hasBegun, hasRoom: () => hasRoom }));
});
beforeEach(() => {
  hasRoom = true;
});
afterAll(async () => {
  await app.close();
  await p.close();
});

/** An ordered call with its addresses, asked as its carrier would. */
async function dialed(account: CarrierAccount | null) {
  const { callId, callSid } = await services.dialing.call(scope, {
    to: '+15559876543',
    from: FROM,
    callbacks: NO_CALLBACKS,
    metadata: {},
    account,
    machineDetection: null,
    timeoutSec: 30,
  });
  const { answerUrl, statusUrl } = p.telephony.dialed.at(-1)!;
  const post = async (url: string, form: Record<string, string>, token = account?.authToken ?? OUR_TOKEN) => {
    const fields = { CallSid: callSid, ...form };
    return app.inject({
      method: 'POST',
      url: new URL(url).pathname,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': twilio.getExpectedTwilioSignature(token, url, fields),
      },
      payload: new URLSearchParams(fields).toString(),
    });
  };
  const afterUrl = answerUrl.replace(/voice$/, 'after');
  const call = () => services.calls.get(scope, callId);
  return { callId, callSid, answerUrl, statusUrl, afterUrl, post, call };
}

describe.each([
  ['the platform’s account', null],
  ['the tenant’s own account', THEIRS],
])('the addresses of a call on %s', (_, account) => {
  it('connect whoever answers to a stream of their own', async () => {
    const { post, answerUrl, afterUrl } = await dialed(account);
    const answer = await post(answerUrl, { CallStatus: 'in-progress' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch('text/xml');
    const token = answerUrl.split('/').at(-2);
    expect(readTwiml(answer.body)).toEqual({
      kind: 'stream',
      url: `wss://voice.example.com/media/twilio/${token}`,
      parameters: { token: expect.stringMatching(/^[\w-]{43}$/) },
      actionUrl: afterUrl,
    });
  });

  it('take reports, and answer nothing', async () => {
    const { post, statusUrl, call } = await dialed(account);
    const answer = await post(statusUrl, { CallStatus: 'busy', SequenceNumber: '2' });
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect(await call()).toMatchObject({ endReason: 'busy' });
  });

  it('dial on where the call was transferred, once', async () => {
    const { post, afterUrl, callSid } = await dialed(account);
    await transfers.put(callSid, '+15550001111');
    expect(readTwiml((await post(afterUrl, {})).body)).toEqual({ kind: 'dial', to: '+15550001111' });
    expect(readTwiml((await post(afterUrl, {})).body)).toMatchObject({ kind: 'say' });
  });

  it('hang up after a call, and say so where the stream was turned away', async () => {
    const { post, answerUrl, afterUrl } = await dialed(account);
    const order = readTwiml((await post(answerUrl, {})).body);
    if (order.kind !== 'stream') throw new Error('not connected');
    const redeemed = await services.admission.redeem(order.parameters.token!);
    const turnedAway = readTwiml((await post(afterUrl, {})).body);
    expect(turnedAway).toEqual({ kind: 'say', text: expect.stringMatching(/cannot be connected/) });
    await services.lifecycle.begin(redeemed, { nodeId: 'n', carrierRef: null });
    expect(readTwiml((await post(afterUrl, {})).body)).toEqual({ kind: 'hangup' });
  });

  it('refuse what another account has signed, and change nothing', async () => {
    const { post, answerUrl, statusUrl, afterUrl, call, callSid } = await dialed(account);
    const foreign = account === null ? THEIRS.authToken : OUR_TOKEN;
    await transfers.put(callSid, '+15550001111');
    for (const url of [answerUrl, statusUrl, afterUrl]) {
      const answer = await post(url, { CallStatus: 'failed', SequenceNumber: '9' }, foreign);
      expect(answer.statusCode).toBe(403);
    }
    expect(await call()).toMatchObject({ status: 'active' });
    expect(await transfers.take(callSid)).toBe('+15550001111');
  });

  it('are signed over every field', async () => {
    const { answerUrl, callSid } = await dialed(account);
    const token = account?.authToken ?? OUR_TOKEN;
    const answer = await app.inject({
      method: 'POST',
      url: new URL(answerUrl).pathname,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'x-twilio-signature': twilio.getExpectedTwilioSignature(token, answerUrl, { CallSid: callSid }),
      },
      payload: `CallSid=${callSid}&AnsweredBy=human`,
    });
    expect(answer.statusCode).toBe(403);
  });
});

describe('a call’s addresses', () => {
  it('are nobody else’s: an unknown token is not found', async () => {
    const { post, answerUrl } = await dialed(null);
    const unknown = answerUrl.replace(/twilio\/[\w-]+/, `twilio/${'x'.repeat(43)}`);
    for (const name of ['voice', 'status', 'after']) {
      const answer = await post(unknown.replace('voice', name), { CallStatus: 'busy' });
      expect(answer.statusCode, name).toBe(404);
    }
  });

  it('never answer with a failure where somebody listens', async () => {
    const { post, answerUrl } = await dialed(null);
    hasRoom = false;
    const full = await post(answerUrl, {});
    expect([full.statusCode, readTwiml(full.body).kind]).toEqual([200, 'say']);
    const broken = Fastify();
    broken.decorateRequest('rawBody', null);
    const fails = () => Promise.reject(new Error('the database is gone'));
    const dialing = { answer: fails, report: fails, isGenuine: fails };
    await broken.register(
      carrierWebhooks({
        ...{ dialing, transfers, hasBegun: fails, publicUrl: PUBLIC_URL, log: silentLog },
        hasRoom: () => true,
      }),
    );
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await broken.inject({
      method: 'POST',
      url: '/webhooks/twilio/x/voice',
      headers,
      payload: 'a=b',
    });
    expect([answer.statusCode, readTwiml(answer.body).kind]).toEqual([200, 'say']);
    expect(answer.body).not.toContain('database');
    await broken.close();
  });
});

describe('the media of a dialed call', () => {
  it('are taken from its own carrier alone', async () => {
    const { answerUrl } = await dialed(THEIRS);
    const token = answerUrl.split('/').at(-2)!;
    const launcher = new FakeLauncher();
    const pacer = new Pacer({ clock: systemClock });
    const gateway = createDialedMedia({
      ...{ launcher, pacer, clock: systemClock, log: silentLog, transfers, publicUrl: PUBLIC_URL },
      isGenuine: services.dialing.isGenuine.bind(services.dialing),
    });
    const server = await openMediaServer({ gateways: [gateway] });
    const open = async (path: string, authToken: string) => {
      const signed = `wss://voice.example.com/media/twilio/${path}`;
      const headers = { 'x-twilio-signature': twilio.getExpectedTwilioSignature(authToken, signed, {}) };
      const socket = new WebSocket(`${server.url}/${path}`, { headers });
      const refused = once(socket, 'unexpected-response').then(
        ([, response]) => response.statusCode as number,
      );
      const opened = once(socket, 'open').then(() => 101);
      refused.catch(() => {});
      opened.catch(() => {});
      const status = await Promise.race([refused, opened]);
      socket.on('error', () => {});
      socket.terminate();
      return status;
    };
    expect(await open(token, THEIRS.authToken)).toBe(101);
    expect(await open(token, OUR_TOKEN)).toBe(403);
    expect(await open('x'.repeat(43), THEIRS.authToken)).toBe(404);
    expect(await open(`${token}/more`, THEIRS.authToken)).toBe(404);
    await server.close();
  });
});
