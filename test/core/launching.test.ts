import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdmissionRequest } from '#core/calls/admission';
import { CallerScript } from '#engine/fakes/caller-script';
import { FakeClock } from '#engine/fakes/fake-clock';
import { ScriptedLine } from '#engine/fakes/scripted-line';
import { silentLog } from '#kernel/log';
import type { Scope } from '#kernel/scope';
import { createLauncher, type LaunchControl } from '#runtime/launcher';
import { openRegistry } from '#runtime/registry';
import { inbound } from '#test/core/call-steps';
import { openPlatform, type Platform } from '#test/core/platform';

let p: Platform;
let scope: Scope;
let launcher: LaunchControl;

/** A server on which no voice can be opened. */
beforeAll(async () => {
  p = await openPlatform();
  ({ scope } = await p.tenant('payg'));
  const unused = () => {
    throw new Error('no call comes so far');
  };
  launcher = createLauncher({
    admission: p.admission,
    lifecycle: p.lifecycle,
    journal: { record: unused, flush: unused, close: unused, depth: 0, dropped: 0 },
    registry: openRegistry(),
    voices: { stt: {}, llm: {}, tts: {}, vad: { name: 'none', open: unused }, turns: { endOfTurn: unused } },
    startCall: unused,
    tools: unused,
    openRecording: unused,
    hasRoom: () => true,
    meters: { callStarted() {}, callEnded() {}, callRefused() {}, event() {} },
    nodeId: 'node-1',
    clock: p.clock,
    log: silentLog,
  });
});
afterAll(() => p.close());

async function start(over: Partial<AdmissionRequest>): Promise<void> {
  const clock = new FakeClock();
  const line = new ScriptedLine({ clock, script: new CallerScript() });
  const control = { transfer: async () => false, sendDigits: async () => false };
  const { token } = await p.admission.admit(scope, inbound(over));
  await launcher.start(token, line, { control, carrierRef: null });
}

describe('a call that cannot be started', () => {
  const callbacks = { startUrl: 'https://a.example/start', endUrl: 'https://a.example/end', errorUrl: null };

  it('although its backend was asked is stored as failed, and its backend told', async () => {
    const carrierRef = 'CA0000000000000000000000000000000a';
    await expect(start({ callbacks, carrierRef })).rejects.toMatchObject({ code: 'unsupported' });
    const [call] = (await p.calls.list(scope)).items;
    expect(call).toMatchObject({ status: 'failed', endReason: 'failed', carrierRef, answeredAt: null });
    const key = `call-webhook:backend:${call!.id}`;
    expect(await p.rows('select 1 from graphile_worker._private_jobs where key = $1', [key])).toHaveLength(1);
  });

  it('and nobody was told of is as if it had not come', async () => {
    const before = await p.calls.count(scope);
    await expect(start({})).rejects.toMatchObject({ code: 'unsupported' });
    expect(await p.calls.count(scope)).toBe(before);
  });
});
