import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CallerVoice, openCallerVoice } from '#cli/caller-voice';
import { askWebhook } from '#cli/webhook-call';
import { wordErrors } from '#test/speech/word-errors';
import { makeDataDir, removeDataDir, startTestServer, type TestServer } from '#test/support/server';
import { eventually, until } from '#test/support/until';
import { textsOf } from './kept-call.ts';
import { type Listener, openListener } from './listener.ts';
import { openReceiver, type Receiver } from './receiver.ts';
import { dial, newCallSid, type PhoneCall, pickUp, ring, type StoredCall, storedCall } from './telephone.ts';
import { signUp, type Tenant, tenantOf } from './tenants.ts';

const FAREWELL = 'I am sorry, I have to end this call now. Please call again in a moment. Goodbye.';

let receiver: Receiver;
let listener: Listener;
let voice: CallerVoice;
let dataDir: string;
let server: TestServer;
let tenant: Tenant;

beforeAll(async () => {
  [receiver, listener, voice] = await Promise.all([openReceiver(), openListener(), openCallerVoice('awb')]);
});
afterAll(async () => {
  await Promise.all([receiver.close(), listener.close(), voice.close()]);
});
beforeEach(async () => {
  dataDir = await makeDataDir();
});
afterEach(async () => {
  await server?.stop();
  await removeDataDir(dataDir);
});

async function start(drainSec: number): Promise<void> {
  const env = { DRAIN_SEC: String(drainSec), CALLBACK_ALLOWLIST: receiver.host };
  server = await startTestServer({ dataDir, env });
}

/** A call in which the agent has said its opening. */
async function callWith(agent: object): Promise<PhoneCall> {
  tenant = await signUp(server, 'pro');
  const call = await dial(server, tenant, { agentId: await tenant.makeAgent(agent) });
  await call.opened();
  return call;
}

/** What is kept of the call, as a server shows it that is started on what the last one left. */
async function startAgainAndFind(callSid: string): Promise<StoredCall> {
  await start(1);
  tenant = tenantOf(server, tenant);
  return storedCall(tenant, callSid);
}

/** What the carrier is told when a stream has ended. */
const afterStream = (callSid: string) =>
  askWebhook({
    url: `${server.url}/media/twilio/after`,
    form: { CallSid: callSid, CallStatus: 'in-progress' },
  });

const unready = () => fetch(`${server.url}/readyz`).then(({ status }) => status);

describe('a server that is asked to stop', { timeout: 120_000 }, () => {
  it('lets a live call go on, takes no new one, says goodbye at its time and keeps everything', async () => {
    await start(9);
    const call = await callWith({
      recording: { enabled: true, announce: false },
      endedWebhookUrl: `${receiver.origin}/drained`,
    });
    const question = await voice.speak('What time do you open on Monday?');
    const callSid = newCallSid();
    const early = await ring(server, tenant.key, { callSid });
    if (early.kind !== 'stream') throw new Error('not connected');
    const askedToStopMs = call.ear.nowMs;
    server.signal('SIGTERM');
    await eventually(unready, (status) => status === 503, 1_000);
    expect(await ring(server, tenant.key)).toMatchObject({
      kind: 'say',
      text: expect.stringMatching(/can't take your call right now/),
    });
    const tooLate = await pickUp(early, callSid);
    expect(await tooLate.end.ended).toMatchObject({
      code: 1008,
      reason: expect.stringMatching(/going down/),
    });
    expect(await afterStream(callSid)).toMatchObject({
      kind: 'say',
      text: expect.stringMatching(/can't take your call right now/),
    });
    expect(await call.ask(question)).toBeLessThan(3_000);
    expect(await call.end.ended).toMatchObject({ code: 1001, by: 'server' });
    const lastedMs = call.ear.nowMs - askedToStopMs;
    expect(lastedMs).toBeGreaterThan(9_000);
    expect(lastedMs).toBeLessThan(9_000 + 15_000);
    const farewell = await listener.hear(call.heard.subarray(8 * (askedToStopMs + 9_000)), 8000);
    const { errors } = wordErrors(FAREWELL, farewell);
    expect(errors, farewell).toBeLessThanOrEqual(3);
    expect(await server.exited).toEqual({ code: 0, signal: null });

    const stored = await startAgainAndFind(call.end.callSid);
    expect(server.printed.join('')).not.toMatch(/left open/);
    expect(stored).toMatchObject({ status: 'completed', endReason: 'drained' });
    expect(textsOf(stored, 'user').join(' ')).toMatch(/open on monday/i);
    expect(textsOf(stored, 'assistant').at(-1)).toContain(FAREWELL);
    expect(stored.recordingUrl).not.toBeNull();
    await until(() => receiver.received.some(({ isTaken }) => isTaken), 30_000);
    const taken = receiver.received.filter(({ path }) => path === '/drained');
    expect(taken).toHaveLength(1);
    const { secret } = (await tenant.ask('/webhook-secret')).body;
    new Webhook(secret).verify(taken[0]!.rawBody, taken[0]!.headers as Record<string, string>);
    expect(taken[0]!.body.data).toMatchObject({
      callId: stored._id,
      endReason: 'drained',
      transcript: stored.transcript,
    });
  });

  it('waits no longer than its calls last', async () => {
    await start(3_600);
    const call = await callWith({});
    server.signal('SIGTERM');
    await eventually(unready, (status) => status === 503, 1_000);
    const leftMs = performance.now();
    await call.end.hangUp();
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - leftMs).toBeLessThan(15_000);
    const stored = await startAgainAndFind(call.end.callSid);
    expect(stored).toMatchObject({ status: 'completed', endReason: 'caller_hung_up' });
  });

  it('twice ends at once, and its call is closed at the next start', async () => {
    await start(3_600);
    const call = await callWith({});
    server.signal('SIGTERM');
    await eventually(unready, (status) => status === 503, 1_000);
    const againMs = performance.now();
    server.signal('SIGTERM');
    expect(await server.exited).toEqual({ code: 1, signal: null });
    expect(performance.now() - againMs).toBeLessThan(2_000);
    await call.end.ended;
    const stored = await startAgainAndFind(call.end.callSid);
    expect(stored).toMatchObject({ status: 'failed', endReason: 'failed' });
    expect(textsOf(stored, 'assistant')).not.toEqual([]);
  });
});
