import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCallerVoice } from '#cli/caller-voice';
import { wordErrors } from '#test/speech/word-errors';
import { makeDataDir, removeDataDir, startTestServer, type TestServer } from '#test/support/server';
import { eventually } from '#test/support/until';
import type { AttackOrder, AttackReport } from './attack-worker.ts';
import { ATTACKS } from './attacks.ts';
import { readGauges } from './gauges.ts';
import { expectHeardTruth, expectRecording, type KeptCall, textsOf } from './kept-call.ts';
import { openListener } from './listener.ts';
import { newCallSid, pickUp, ring, storedCall } from './telephone.ts';
import { signUp } from './tenants.ts';
import { streamToken } from './tokens.ts';

const LINES = ['What time do you open on Monday?', 'Where are you located?', 'No thank you goodbye.'];

let dataDir: string;
let server: TestServer;
let kept: KeptCall;
/** How long the caller waited for each answer. */
let waits: (number | null)[];
let closed: AttackReport;

beforeAll(async () => {
  dataDir = await makeDataDir();
  const [started, voice] = await Promise.all([startTestServer({ dataDir }), openCallerVoice('awb')]);
  server = started;
  const said = await Promise.all(LINES.map((line) => voice.speak(line)));
  await voice.close();
  await holdBesideAttacks(said);
}, 150_000);
afterAll(async () => {
  await server?.stop();
  await removeDataDir(dataDir);
});

/** A conversation, while others attack from its first second to its last. */
async function holdBesideAttacks(said: readonly Int16Array[]): Promise<void> {
  const [tenant, other] = [await signUp(server, 'pro'), await signUp(server, 'pro')];
  const agentId = await tenant.makeAgent({ recording: { enabled: true, announce: false } });
  const expiredToken = await streamToken(server.url, other.key);
  await server.rows("update stream_tickets set expires_at = now() - interval '1 second'");
  const callSid = newCallSid();
  const order = await ring(server, tenant.key, { callSid, agentId });
  if (order.kind !== 'stream') throw new Error('not connected');
  const call = await pickUp(order, callSid);
  await call.ear.until(() => call.ear.agent.length > 0, 20_000);
  const attacker = { url: server.url, key: other.key, usedToken: order.parameters.token!, expiredToken };
  const attacking = startAttack(attacker);
  await call.finished();
  waits = [];
  for (const line of said) {
    waits.push(await call.ask(line));
    await call.finished();
  }
  await call.end.ended;
  closed = await attacking.stop();
  kept = { call, stored: await storedCall(tenant, callSid), by: tenant, rateHz: 8000, likeness: 0.95 };
}

function startAttack(workerData: AttackOrder) {
  const worker = new Worker(new URL('./attack-worker.ts', import.meta.url), { workerData });
  const reported = once(worker, 'message') as Promise<[AttackReport]>;
  return {
    async stop(): Promise<AttackReport> {
      worker.postMessage('stop');
      return (await reported)[0];
    },
  };
}

describe('beside a live call', { timeout: 60_000 }, () => {
  it.each(ATTACKS)('$name is closed with $code', ({ name, code, reason }) => {
    const answers = closed.get(name)!;
    expect(answers).not.toEqual([]);
    for (const answer of answers) expect(answer).toEqual({ code, reason: expect.stringMatching(reason) });
  });

  it('none of it is felt: the call answers, and keeps what was said and heard', async () => {
    const { stored } = kept;
    for (const wait of waits) expect(wait).toBeLessThan(2_500);
    expect(stored).toMatchObject({ status: 'completed', endReason: 'agent_ended' });
    expect(stored.metrics.interruptions).toBe(0);
    const spoken = textsOf(stored, 'user').join(' ');
    const { errors, words } = wordErrors(LINES.join(' '), spoken);
    expect(errors / words, spoken).toBeLessThan(0.3);
    const listener = await openListener();
    await expectHeardTruth(kept, listener).finally(() => listener.close());
    await expectRecording(kept, server);
  });

  it('nothing is left of the attackers', async () => {
    await eventually(
      () => readGauges(server),
      (gauges) => gauges.get('patchbay_calls_live') === 0 && gauges.get('patchbay_sockets_open') === 0,
    );
    expect(await server.rows("select id from calls where status = 'active'")).toEqual([]);
    expect(server.printed.join('')).not.toMatch(/"level":50/);
  });
});
