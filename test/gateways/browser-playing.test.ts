import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joined, packetsOf, play, ramp, reporting, tone } from '#test/gateways/browser-audio';
import { type BrowserClient, type BrowserRig, openBrowserRig } from '#test/gateways/browser-rig';
import { until } from '#test/support/until';

let rig: BrowserRig;

beforeEach(async () => {
  rig = await openBrowserRig();
});

afterEach(() => rig.close());

const never = new AbortController().signal;

describe('play truth', () => {
  it('counts by the clock while the browser reports nothing', async () => {
    await rig.call();
    const call = rig.launcher.last;
    play(call, tone(300));
    await call.line.drained(never);
    expect(call.line.playedMs).toBeCloseTo(300, 0);
  });

  it('counts what the browser says it has played', async () => {
    const client = await rig.call();
    const call = rig.launcher.last;
    play(call, tone(1000));
    await until(() => client.audio.length >= 10);
    client.say({ type: 'played', ms: 100, n: 0 });
    await until(() => client.audio.length >= 40);
    expect(call.line.playedMs).toBeGreaterThanOrEqual(100);
    expect(call.line.playedMs).toBeLessThanOrEqual(200);
    const browser = reporting(client);
    await call.line.drained(never);
    browser.stop();
    expect(call.line.playedMs).toBeCloseTo(1000, 0);
  });

  it('waits for a browser that stops playing, and then goes on where it was', async () => {
    const client = await rig.call();
    const call = rig.launcher.last;
    play(call, ramp(3500));
    const before = reporting(client);
    await until(() => client.audio.length >= 20);
    before.stop();
    await until(() => client.audio.length >= 80);
    let last = client.audio.length;
    let since = performance.now();
    await until(() => {
      if (client.audio.length > last) {
        last = client.audio.length;
        since = performance.now();
      }
      return performance.now() - since > 400;
    });
    expect(client.audio.length).toBeLessThan(130);
    const after = reporting(client);
    await call.line.drained(never);
    after.stop();
    expect([...client.samples]).toEqual([...ramp(3500)]);
    expect(call.line.playedMs).toBeCloseTo(3500, 0);
  });

  it('gives up on reports that stay away, and counts by the clock again', async () => {
    const patient = await openBrowserRig({ holdMs: 300 });
    const client = await patient.call();
    const call = patient.launcher.last;
    play(call, ramp(2500));
    await until(() => client.audio.length >= 5);
    client.say({ type: 'played', ms: 100, n: 0 });
    await call.line.drained(never);
    expect([...client.samples]).toEqual([...ramp(2500)]);
    expect(call.line.playedMs).toBeCloseTo(2500, 0);
    await patient.close();
  });

  it('clears at once, and takes reports about what was cleared for nothing', async () => {
    const client = await rig.call();
    const call = rig.launcher.last;
    play(call, tone(2000));
    await until(() => client.audio.length >= 10);
    client.say({ type: 'played', ms: 100, n: 0 });
    await until(() => call.line.playedMs >= 100);
    call.line.clear();
    const playedMs = call.line.playedMs;
    const clear = await client.got('clear');
    expect(clear).toMatchObject({ n: 1, playedMs: client.audio.length * 20 });
    const arrived = client.audio.length;
    client.say({ type: 'played', ms: 2000, n: 0 });
    play(call, tone(200));
    const browser = reporting(client, { ms: Number(clear.playedMs), n: 1, packets: arrived });
    await call.line.drained(never);
    browser.stop();
    expect(client.audio.length).toBe(arrived + 10);
    expect(call.line.playedMs).toBeCloseTo(playedMs + 200, 0);
  });
});

describe('a lost connection', () => {
  /** Comes back over a new socket. */
  async function resume(lost: BrowserClient, given: { playedMs?: number; codec?: string } = {}) {
    const ready = await lost.got('ready');
    const client = await rig.connect();
    const { token: resumeToken } = ready.resume as { token: string };
    client.say({ type: 'resume', callId: ready.callId, resumeToken, ...given });
    return client;
  }

  /** Waits until the server has noticed. */
  async function lose(client: BrowserClient, othersLeft = 0): Promise<void> {
    client.socket.terminate();
    await until(() => rig.hub.size === othersLeft);
  }

  it('holds the call, and plays on with the first packet that was not played', async () => {
    const client = await rig.call();
    const call = rig.launcher.last;
    play(call, ramp(1500));
    await until(() => client.audio.length >= 25);
    client.say({ type: 'played', ms: 400, n: 0 });
    await until(() => call.line.playedMs >= 400);
    await lose(client);
    const heldAtMs = call.line.playedMs;
    call.emit({ type: 'user.heard', text: 'are you', final: true });
    const again = await resume(client, { playedMs: 410 });
    expect(call.line.signal.aborted).toBe(false);
    expect(call.line.playedMs).toBeLessThanOrEqual(heldAtMs + 20);
    expect(await again.got('ready')).toMatchObject({ callId: call.callId, resumed: true });
    expect(await again.got('clear')).toMatchObject({ n: 1, playedMs: 400 });
    expect(await again.got('heard')).toMatchObject({ text: 'are you' });
    const browser = reporting(again, { ms: 400, n: 1, packets: 0 });
    await call.line.drained(never);
    browser.stop();
    expect([...again.samples]).toEqual([...ramp(1500).subarray(6400)]);
    expect(call.line.playedMs).toBeCloseTo(1500, 0);
    for (const packet of packetsOf(ramp(100))) again.say(packet);
    await until(() => joined(call.heard).some((sample) => sample === 1600));
  });

  it('stands still while the browser is away', async () => {
    const client = await rig.call();
    const call = rig.launcher.last;
    await lose(client);
    play(call, tone(500));
    const { heard } = call;
    const before = heard.length;
    await until(() => heard.length > before + 25);
    expect(call.line.playedMs).toBe(0);
    expect(call.line.queuedMs).toBeCloseTo(500, 0);
    const again = await resume(client);
    await until(() => again.audio.length === 25);
    expect([...again.samples]).toEqual([...tone(500)]);
  });

  it('drops what was cleared meanwhile', async () => {
    const client = await rig.call();
    const call = rig.launcher.last;
    play(call, tone(1000));
    await until(() => client.audio.length >= 5);
    await lose(client);
    call.line.clear();
    play(call, ramp(100));
    const again = await resume(client, { playedMs: 40 });
    await until(() => again.audio.length === 5);
    expect([...again.samples]).toEqual([...ramp(100)]);
  });

  it('may come back in another codec', async () => {
    const client = await rig.call({ codec: 'opus' });
    await lose(client);
    const again = await resume(client, { codec: 'pcm16' });
    expect(await again.got('ready')).toMatchObject({ codec: 'pcm16' });
    for (const packet of packetsOf(ramp(100))) again.say(packet);
    await until(() => joined(rig.launcher.last.heard).some((sample) => sample === 1600));
  });

  it('is taken over while the old connection still seems to be there', async () => {
    const client = await rig.call();
    const again = await resume(client);
    await again.got('ready');
    expect((await client.isClosed()).code).toBe(4000);
    play(rig.launcher.last, tone(100));
    await until(() => again.audio.length === 5);
    again.say({ type: 'hangup' });
    await again.got('ended');
  });

  it('takes each resume token once, and none of another call', async () => {
    const client = await rig.call();
    const other = await rig.call();
    await lose(client, 1);
    const { callId } = await client.got('ready');
    const { resume: mine } = await other.got('ready');
    const thief = await rig.connect();
    thief.say({ type: 'resume', callId, resumeToken: (mine as { token: string }).token });
    expect(await thief.isClosed()).toEqual({ code: 1008, reason: 'that call is over' });
    const again = await resume(client);
    await again.got('ready');
    const replay = await resume(client);
    expect(await replay.got('error')).toMatchObject({ code: 'call_over' });
    expect((await replay.isClosed()).code).toBe(1008);
    expect(again.closed).toBeNull();
  });

  it('ends as hung up when it is not regained in time', async () => {
    const short = await openBrowserRig({ holdMs: 200 });
    const client = await short.call();
    const call = short.launcher.last;
    client.socket.terminate();
    await until(() => short.hub.size === 0);
    expect(call.line.signal.aborted).toBe(false);
    await until(() => call.line.signal.aborted);
    expect(call.line.signal.reason).toBe('caller_hung_up');
    await short.close();
  });

  it('ends quietly when the agent hangs up meanwhile', async () => {
    const client = await rig.call();
    await lose(client);
    rig.launcher.last.end('agent_ended', 10);
    await until(() => rig.gateway.calls === 0);
    const late = await resume(client);
    expect((await late.isClosed()).reason).toBe('that call is over');
  });

  it('is ended with the server when nobody came back', async () => {
    const client = await rig.call();
    await lose(client);
    rig.gateway.close();
    expect(rig.launcher.last.line.signal.reason).toBe('drained');
  });
});
