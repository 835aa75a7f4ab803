import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readWav } from '#audio/wav';
import { type CallerVoice, openCallerVoice } from '#cli/caller-voice';
import { makeDataDir, removeDataDir, startTestServer, type TestServer } from '#test/support/server';
import { eventually, until } from '#test/support/until';
import { type Listener, openListener, wordsOf } from './listener.ts';
import { openReceiver, type Received, type Receiver } from './receiver.ts';
import { dial, type StoredCall, storedCall } from './telephone.ts';
import { signUp, type Tenant, tenantOf } from './tenants.ts';

/** Every word is another, so that a place in it is known by its words. */
const LONG_ANSWER =
  'Location: we are located in Elm Street behind the public library, beside the old railway bridge, or on the street in front of the bakery, where a yellow sign shows which places are ours, and every evening after six o clock the whole market square is open to visitors.';

let dataDir: string;
let receiver: Receiver;
let listener: Listener;
let voice: CallerVoice;
let server: TestServer;
let tenant: Tenant;

const start = () => startTestServer({ dataDir, env: { CALLBACK_ALLOWLIST: receiver.host } });

beforeAll(async () => {
  dataDir = await makeDataDir();
  receiver = await openReceiver();
  [server, listener, voice] = await Promise.all([start(), openListener(), openCallerVoice('awb')]);
  tenant = await signUp(server, 'pro');
});
afterAll(async () => {
  await server?.kill();
  await Promise.all([receiver.close(), listener.close(), voice.close()]);
  await removeDataDir(dataDir);
});

/** The server with its database starts again on what they left. */
async function startAgain(): Promise<void> {
  server = await start();
  tenant = tenantOf(server, tenant);
}

const sums = async () =>
  (
    await server.rows<Record<string, string>>(
      `select (select count(*) from calls) as calls, (select count(*) from call_events) as events,
              (select count(*) from usage_rows) as usage, (select count(*) from webhook_deliveries) as deliveries,
              (select count(*) from call_progress) as progress,
              (select md5(string_agg(c::text, '' order by id)) from calls c) as told`,
    )
  )[0]!;

const usageOf = (call: StoredCall) =>
  server.rows<{ component: string; n: number }>(
    "select component, count(*)::int as n from usage_rows where call_id = $1 and component = 'call' group by 1",
    [call._id],
  );

/** The webhooks of a path that were answered with 200; waits for the first, and for the queue to have nothing more. */
async function takenAt(path: string): Promise<Received[]> {
  const taken = () => receiver.received.filter((one) => one.path === path && one.isTaken);
  await until(() => taken().length > 0, 60_000);
  return taken();
}

const waiting = async () => {
  const [row] = await server.rows<{ n: number }>(
    "select count(*)::int as n from graphile_worker.jobs where task_identifier in ('call-webhook', 'post-call')",
  );
  return row!.n;
};

describe('a server that is killed', { timeout: 180_000 }, () => {
  it('in a call has lost less than a second of it, counts it once and tells of it once', async () => {
    const agentId = await tenant.makeAgent({
      knowledge: LONG_ANSWER,
      recording: { enabled: true, announce: false },
      endedWebhookUrl: `${receiver.origin}/killed`,
    });
    const call = await dial(server, tenant, { agentId });
    const question = await voice.speak('Wait, where are you located?');
    await call.opened();
    await call.ask(question);
    const answeredAtMs = call.ear.agent.at(-1)!.fromMs;
    await call.ear.until(() => call.ear.nowMs >= answeredAtMs + 5_200, 10_000);
    const killedAtMs = call.ear.nowMs;
    await server.kill();
    await call.end.ended;
    await startAgain();

    const stored = await storedCall(tenant, call.end.callSid);
    expect(stored).toMatchObject({ status: 'failed', endReason: 'failed' });
    expect(stored.transcript.map(({ role, interrupted }) => [role, interrupted])).toEqual([
      ['assistant', false],
      ['user', false],
      ['assistant', true],
    ]);
    expect(stored.transcript[1]!.text).toMatch(/where are you located/i);
    const told = stored.transcript[2]!.text;
    expect(LONG_ANSWER.toLowerCase()).toContain(told.toLowerCase());
    const from = 8 * answeredAtMs;
    const safe = await listener.hear(call.heard.subarray(from, 8 * (killedAtMs - 1_000)), 8000);
    const heard = await listener.hear(call.heard.subarray(from, 8 * killedAtMs), 8000);
    // The recogniser may take the last word, which was cut, for one more or one less.
    expect(wordsOf(told).length).toBeGreaterThanOrEqual(wordsOf(safe).length - 1);
    expect(wordsOf(told).length).toBeLessThanOrEqual(wordsOf(heard).length + 1);
    expect(stored.durationSec! * 1000).toBeGreaterThan(killedAtMs - 1_000);
    expect(stored.durationSec! * 1000).toBeLessThan(killedAtMs + 1_000);
    expect(await usageOf(stored)).toEqual([{ component: 'call', n: 1 }]);
    await expectRecording(stored, killedAtMs);

    const [webhook, ...more] = await takenAt('/killed');
    expect(more).toEqual([]);
    const { secret } = (await tenant.ask('/webhook-secret')).body;
    new Webhook(secret).verify(webhook!.rawBody, webhook!.headers as Record<string, string>);
    expect(webhook!.body.data).toMatchObject({
      callId: stored._id,
      status: 'failed',
      durationSec: stored.durationSec,
    });
    expect(webhook!.body.data.transcript).toEqual(stored.transcript);
  });

  it('again changes nothing more', async () => {
    await eventually(waiting, (n) => n === 0, 60_000);
    const before = await sums();
    await server.kill();
    await startAgain();
    await eventually(waiting, (n) => n === 0, 60_000);
    expect(await sums()).toEqual(before);
    expect(await takenAt('/killed')).toHaveLength(1);
  });

  it('before a webhook was taken delivers it once, under the id of the first try', async () => {
    const paths = ['/down', '/slow'];
    let isDown = true;
    receiver.answer = (path) => (!isDown ? 'take' : path === '/slow' ? 'hang' : 'fail');
    const calls: StoredCall[] = [];
    // One after the other: two webhooks of one tenant may have to take turns, and the slow one would hold up the other.
    for (const path of paths) {
      const agentId = await tenant.makeAgent({ endedWebhookUrl: receiver.origin + path });
      const call = await dial(server, tenant, { agentId });
      await call.ear.until(() => call.ear.agent.length > 0, 20_000);
      await call.end.hangUp();
      calls.push(await storedCall(tenant, call.end.callSid));
      await until(() => receiver.received.some((one) => one.path === path), 60_000);
    }
    await server.kill();
    isDown = false;
    await startAgain();
    for (const [at, path] of paths.entries()) {
      const taken = await takenAt(path);
      expect(taken.map(({ body }) => body.data.callId)).toEqual([calls[at]!._id]);
      const ids = receiver.received
        .filter((one) => one.path === path)
        .map((one) => one.headers['webhook-id']);
      expect(new Set(ids).size).toBe(1);
      expect(await usageOf(calls[at]!)).toEqual([{ component: 'call', n: 1 }]);
    }
    await eventually(waiting, (n) => n === 0, 60_000);
    for (const path of paths) expect(await takenAt(path)).toHaveLength(1);
    const tries = (await tenant.ask(`/calls/${calls[1]!._id}/webhook-deliveries`)).body;
    // The try that the kill cut off is there, with no outcome.
    const cutOff = { endedAt: null, status: null, failure: null };
    expect(tries).toContainEqual(expect.objectContaining(cutOff));
    expect(tries.at(-1)).toMatchObject({ status: 200, failure: null });
  });
});

/** A whole WAV file, stereo, with all but the last moments of the call. */
async function expectRecording(stored: StoredCall, killedAtMs: number): Promise<void> {
  const path = new URL(stored.recordingUrl!).pathname;
  const answer = await fetch(server.url + path, { headers: { 'x-api-key': tenant.key } });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const wav = readWav(bytes);
  expect({ rateHz: wav.rateHz, channels: wav.channels.length }).toEqual({ rateHz: 8000, channels: 2 });
  expect(new DataView(bytes.buffer).getUint32(40, true)).toBe(bytes.length - 44);
  const recordedMs = wav.channels[0]!.length / 8;
  expect(recordedMs).toBeGreaterThan(killedAtMs - 3_000);
  expect(recordedMs).toBeLessThan(killedAtMs + 500);
}
