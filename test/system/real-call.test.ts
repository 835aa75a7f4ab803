import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pacer } from '#audio/pacer';
import { type CallerVoice, openCallerVoice } from '#cli/caller-voice';
import { systemClock } from '#kernel/clock';
import { wordErrors } from '#test/speech/word-errors';
import { makeDataDir, removeDataDir, startTestServer, type TestServer } from '#test/support/server';
import { eventually } from '#test/support/until';
import { BrowserPhone } from './browser-phone.ts';
import { expectHeardTruth, expectRecording, textsOf } from './kept-call.ts';
import { type Listener, openListener, wordsOf } from './listener.ts';
import {
  dial,
  newCallSid,
  type PhoneCall,
  pickUp,
  ring,
  type StoredCall,
  storedCall,
  TestCall,
} from './telephone.ts';
import { ask, demoOf, signUp, type Tenant } from './tenants.ts';

const LINES = {
  hours: 'What time do you open on Monday?',
  where: 'Wait, where are you located?',
  bye: 'No thank you goodbye.',
};

let dataDir: string;
let server: TestServer;
let listener: Listener;
let voice: CallerVoice;
let tenant: Tenant;
let said: Record<keyof typeof LINES, Int16Array>;
/** Calls that run at the same time; nothing else keeps the machine busy meanwhile. */
let calls: Awaited<ReturnType<typeof holdCalls>>;

beforeAll(async () => {
  dataDir = await makeDataDir();
  [server, voice] = await Promise.all([startTestServer({ dataDir }), openCallerVoice('awb')]);
  tenant = await signUp(server, 'pro');
  said = {
    hours: await voice.speak(LINES.hours),
    where: await voice.speak(LINES.where),
    bye: await voice.speak(LINES.bye),
  };
  calls = await holdCalls();
  listener = await openListener();
}, 150_000);
afterAll(async () => {
  await server?.stop();
  await Promise.all([listener?.close(), voice?.close()]);
  await removeDataDir(dataDir);
});

async function holdCalls() {
  const [conversation, pcm16, opus, silent, long, left] = await Promise.all([
    holdConversation(),
    holdOverBrowser('pcm16'),
    holdOverBrowser('opus'),
    holdToItsEnd({}),
    holdToItsEnd({ thresholds: { maxCallDurationSec: 10 } }),
    leaveCalls(),
  ]);
  return { conversation, pcm16, opus, silent, long, left };
}

/** Asks, breaks in with another question, presses a key and says goodbye. */
async function holdConversation() {
  const agentId = await tenant.makeAgent({ recording: { enabled: true, announce: false } });
  const call = await dial(server, tenant, { agentId });
  await call.opened();
  const waits = [await call.ask(said.hours)];
  const cutReply = call.ear.agent.at(-1)!;
  await call.speaking(1_500);
  const brokeInMs = call.ear.nowMs;
  waits.push(await call.ask(said.where));
  await call.finished();
  const pressedMs = call.ear.nowMs;
  call.end.press('5');
  await call.ear.until(() => call.ear.agent.at(-1)!.fromMs > pressedMs, 6_000);
  await call.finished();
  await call.ask(said.bye);
  const end = await call.end.ended;
  const stored = await storedCall(tenant, call.end.callSid);
  return { call, stored, by: tenant, rateHz: 8000, likeness: 0.95, waits, cutReply, brokeInMs, end } as const;
}

async function holdOverBrowser(codec: 'pcm16' | 'opus') {
  const demo = await demoOf(server);
  const { body } = await ask(server, '/talk/session', { body: {} });
  const pacer = new Pacer({ clock: systemClock });
  const browser = await BrowserPhone.open({ url: body.url, token: body.token, codec, pacer });
  const call = new TestCall(browser);
  await call.opened();
  const waitedMs = await call.ask(said.hours);
  await call.finished();
  browser.send({ type: 'hangup' });
  const end = await browser.ended;
  const look = async (): Promise<StoredCall> => (await demo.ask(`/calls/${browser.callId}`)).body;
  const stored = await eventually(look, ({ status }) => status !== 'active');
  const likeness = codec === 'opus' ? 0.7 : 0.95;
  return {
    call,
    stored,
    by: demo,
    rateHz: 16000,
    likeness,
    waitedMs,
    end,
    messages: browser.messages,
  } as const;
}

/** Says nothing until the call is over. */
async function holdToItsEnd(agent: object) {
  const call = await dial(server, tenant, { agentId: await tenant.makeAgent(agent) });
  const end = await call.end.ended;
  return { end, stored: await storedCall(tenant, call.end.callSid) };
}

/** Two callers that leave while the agent speaks: one hangs up, one is cut off. */
async function leaveCalls(): Promise<StoredCall[]> {
  const agentId = await tenant.makeAgent();
  const stored: StoredCall[] = [];
  for (const leave of ['hangUp', 'cut'] as const) {
    const call = await dial(server, tenant, { agentId });
    await call.ear.until(() => call.ear.agent.length > 0, 20_000);
    await call.end[leave]();
    stored.push(await storedCall(tenant, call.end.callSid));
  }
  return stored;
}

describe('a call over the telephone', () => {
  it('is asked, answers, is interrupted, takes a key and says goodbye', () => {
    const { end, waits, stored, cutReply, brokeInMs } = calls.conversation;
    expect(end).toMatchObject({ code: 1000, by: 'server' });
    for (const wait of waits) expect(wait).toBeLessThan(2_500);
    expect(cutReply.toMs - brokeInMs).toBeLessThan(700);
    expect(stored).toMatchObject({ status: 'completed', endReason: 'agent_ended' });
    expect(stored.metrics.turns.length).toBeGreaterThanOrEqual(3);
    expect(stored.metrics.interruptions).toBe(1);
    const keys = textsOf(stored, 'user').filter((text) => text.includes('DTMF'));
    expect(keys).toEqual(['[DTMF 5]']);
    const spoken = textsOf(stored, 'user').filter((text) => !text.startsWith('['));
    const { errors, words } = wordErrors(Object.values(LINES).join(' '), spoken.join(' '));
    expect(errors / words, spoken.join(' ')).toBeLessThan(0.3);
  });

  it('keeps the words that were heard, also of the reply that was cut off', async () => {
    const { call, stored, cutReply } = calls.conversation;
    await expectHeardTruth(calls.conversation, listener);
    const cut = stored.transcript.filter(({ interrupted }) => interrupted);
    expect(cut).toHaveLength(1);
    const audio = call.heard.subarray(8 * cutReply.fromMs, 8 * (cutReply.toMs + 100));
    const heard = await listener.hear(audio, 8000);
    const beyond = wordsOf(cut[0]!.text).length - wordsOf(heard).length;
    expect(Math.abs(beyond), heard).toBeLessThanOrEqual(1);
  });

  it('is recorded, caller left and agent right, as it was', async () => {
    await expectRecording(calls.conversation, server);
  });

  it('is nobody else’s to see', async () => {
    const { stored } = calls.conversation;
    const stranger = await signUp(server, 'pro');
    for (const path of ['', '/recording', '/webhook-deliveries'])
      expect((await stranger.ask(`/calls/${stored._id}${path}`)).status).toBe(404);
    expect((await stranger.ask('/calls')).body).toEqual([]);
    expect((await stranger.ask('/calls/count')).body).toEqual({ count: 0 });
    expect((await ask(server, `/voicex/api/dashboard/calls/${stored._id}`)).status).toBe(401);
  });

  it('in which nobody speaks is asked twice and ended politely', () => {
    const { end, stored } = calls.silent;
    expect(end).toMatchObject({ code: 1000 });
    expect(stored.endReason).toBe('idle');
    expect(textsOf(stored, 'assistant')).toHaveLength(4);
  });

  it('ends politely at the longest time it may last', () => {
    const { end, stored } = calls.long;
    expect(end).toMatchObject({ code: 1000 });
    expect(stored.endReason).toBe('max_duration');
    expect(textsOf(stored, 'assistant')).toHaveLength(2);
    expect(stored.durationSec).toBeGreaterThan(9);
    expect(stored.durationSec).toBeLessThan(20);
  });

  it('ends with the caller, who hangs up or is cut off', () => {
    for (const stored of calls.left)
      expect(stored).toMatchObject({ status: 'completed', endReason: 'caller_hung_up' });
  });
});

describe('a call over the browser socket', () => {
  it.each(['pcm16', 'opus'] as const)(
    'in %s is asked and answers, and keeps what was heard',
    async (codec) => {
      const held = calls[codec];
      const { stored } = held;
      expect(held.end).toMatchObject({ code: 1000 });
      expect(held.waitedMs).toBeLessThan(2_500);
      const last = held.messages.findLast(({ type }) => type === 'ended');
      expect(last).toMatchObject({ reason: 'caller_hung_up' });
      expect(stored.endReason).toBe('caller_hung_up');
      const { errors } = wordErrors(LINES.hours, textsOf(stored, 'user').join(' '));
      expect(errors, textsOf(stored, 'user').join(' ')).toBeLessThanOrEqual(2);
      await expectHeardTruth(held, listener);
      await expectRecording(held, server);
    },
  );
});

describe('who may call', { timeout: 60_000 }, () => {
  it('a stream token opens one socket, once, within its time', async () => {
    const callSid = newCallSid();
    const order = await ring(server, tenant.key, { callSid });
    if (order.kind !== 'stream') throw new Error('not connected');
    const call = await pickUp(order, callSid);
    await call.ear.until(() => call.ear.agent.length > 0, 20_000);
    const again = await pickUp(order, newCallSid());
    expect(await again.end.ended).toMatchObject({
      code: 1008,
      reason: expect.stringMatching(/used|expired/),
    });
    expect(call.ear.isEnded).toBe(false);
    await call.end.hangUp();

    const late = await ring(server, tenant.key);
    if (late.kind !== 'stream') throw new Error('not connected');
    await server.rows("update stream_tickets set expires_at = now() - interval '1 second'");
    const tooLate = await pickUp(late, newCallSid());
    expect(await tooLate.end.ended).toMatchObject({ code: 1008, reason: expect.stringMatching(/expired/) });
  });

  it('a caller beyond the plan’s calls at once hears so, and the next one gets through', async () => {
    const small = await signUp(server, 'free');
    const calls: PhoneCall[] = [];
    for (let i = 0; i < 2; i++) calls.push(await dial(server, small));
    for (const call of calls) await call.ear.until(() => call.ear.agent.length > 0, 20_000);
    const third = await ring(server, small.key);
    expect(third).toMatchObject({ kind: 'say', text: expect.stringMatching(/try again/i) });
    await calls[0]!.end.hangUp();
    await storedCall(small, calls[0]!.end.callSid);
    expect(await ring(server, small.key)).toMatchObject({ kind: 'stream' });
    await calls[1]!.end.hangUp();
  });

  it('an organization that waits for approval may not', async () => {
    const waiting = await signUp(server, 'free', 'pending');
    await expect(ring(server, waiting.key)).rejects.toThrow(/answered 403/);
    await expect(ring(server, 'vx_none')).rejects.toThrow(/answered 401/);
  });
});
