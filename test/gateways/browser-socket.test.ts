import { createDecoder, createEncoder } from 'libopus-wasm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DomainError } from '#kernel/errors';
import type { TurnId } from '#kernel/ids';
import { joined, packetsOf, play, ramp, tone } from '#test/gateways/browser-audio';
import { type BrowserRig, openBrowserRig } from '#test/gateways/browser-rig';
import { ManualClock } from '#test/support/manual-clock';
import { until } from '#test/support/until';

const RATE_HZ = 16_000;
const PACKET = 320;

let rig: BrowserRig;

beforeEach(async () => {
  rig = await openBrowserRig();
});

afterEach(() => rig.close());

/** Signal to noise in dB of `got` against `wanted`, at the best alignment within 30 ms. */
function snrDb(wanted: Int16Array, got: Int16Array): number {
  let best = Number.NEGATIVE_INFINITY;
  const from = 4000;
  const count = Math.min(8000, wanted.length - from, got.length - from - 480);
  for (let lag = 0; lag < 480; lag++) {
    let signal = 0;
    let noise = 0;
    for (let i = from; i < from + count; i++) {
      signal += wanted[i]! ** 2;
      noise += (wanted[i]! - got[i + lag]!) ** 2;
    }
    best = Math.max(best, 10 * Math.log10(signal / noise));
  }
  return best;
}

describe('refusals', () => {
  it('closes a socket whose token is unknown with 1008 and the reason', async () => {
    const client = await rig.connect();
    client.say({ type: 'start', token: 'nonsense', codec: 'pcm16', rateHz: 16000 });
    expect(await client.isClosed()).toEqual({
      code: 1008,
      reason: 'The stream token is unknown, used or expired.',
    });
    expect(client.messages).toEqual([
      { type: 'error', code: 'unauthenticated', message: 'The stream token is unknown, used or expired.' },
    ]);
  });

  it('takes a token once', async () => {
    const token = rig.launcher.issue();
    const first = await rig.connect();
    first.say({ type: 'start', token });
    await first.got('ready');
    const second = await rig.connect();
    second.say({ type: 'start', token });
    expect((await second.isClosed()).code).toBe(1008);
    expect(first.closed).toBeNull();
  });

  it('says busy in words when the launcher has no room, and nothing of a fault of ours', async () => {
    rig.launcher.onStart = () => {
      throw new DomainError('unavailable', 'All lines are busy.');
    };
    const busy = await rig.connect();
    busy.say({ type: 'start', token: rig.launcher.issue() });
    expect(await busy.isClosed()).toEqual({ code: 1008, reason: 'All lines are busy.' });
    expect(await busy.got('error')).toMatchObject({ code: 'unavailable' });
    rig.launcher.onStart = () => {
      throw new Error('password=hunter2 refused');
    };
    const broken = await rig.connect();
    broken.say({ type: 'start', token: rig.launcher.issue() });
    expect((await broken.isClosed()).code).toBe(1011);
    expect(JSON.stringify(broken.messages)).not.toContain('hunter2');
  });

  it('closes a socket that starts no call within 5 s', async () => {
    const clock = new ManualClock();
    const slow = await openBrowserRig({ clock });
    const client = await slow.connect();
    client.say({ type: 'ping' });
    await client.got('pong');
    clock.advance(4_900);
    client.say({ type: 'ping' });
    await until(() => client.messages.length === 2);
    clock.advance(200);
    expect(await client.isClosed()).toEqual({
      code: 1008,
      reason: 'no call was started within 5 seconds',
    });
    await slow.close();
  });

  it('closes a socket whose token can’t be redeemed within 10 s, and the call never begins', async () => {
    const clock = new ManualClock();
    const slow = await openBrowserRig({ clock });
    let go = () => {};
    slow.launcher.onStart = () => new Promise<void>((resolve) => (go = resolve));
    const client = await slow.connect();
    client.say({ type: 'start', token: slow.launcher.issue() });
    await until(() => slow.gateway.calls === 1);
    clock.advance(10_100);
    expect((await client.isClosed()).code).toBe(1013);
    go();
    await until(() => slow.launcher.calls.length === 1);
    expect(slow.launcher.last.line.signal.aborted).toBe(true);
    await slow.close();
  });

  it.each([
    ['text that is no JSON', 'hello', 1007],
    ['JSON without a type', '{"event":"start"}', 1008],
    ['audio before start', Buffer.alloc(640), 1008],
    ['text before start', '{"type":"text","text":"hi"}', 1008],
    ['a start without a token', '{"type":"start"}', 1008],
    ['an unknown codec', '{"type":"start","token":"t","codec":"mp3"}', 1003],
    ['another rate', '{"type":"start","token":"t","codec":"pcm16","rateHz":8000}', 1003],
    ['a resume of nothing', '{"type":"resume","callId":"call_x","resumeToken":"x"}', 1008],
    ['a message over 64 KiB', `{"type":"${'x'.repeat(65_536)}"}`, 1009],
  ])('refuses %s', async (_name, message, code) => {
    const client = await rig.connect();
    client.say(message);
    expect((await client.isClosed()).code).toBe(code);
    expect(rig.gateway.calls).toBe(0);
  });

  it('refuses a second start, and the call ends as failed', async () => {
    const client = await rig.call();
    client.say({ type: 'start', token: rig.launcher.issue() });
    expect(await client.isClosed()).toMatchObject({ code: 1008 });
    expect(rig.launcher.last.line.signal.reason).toBe('failed');
  });

  it('cuts off a flood of messages and one of audio', async () => {
    const chatter = await rig.call();
    for (let i = 0; i < 3000; i++) chatter.say({ type: 'ping' });
    expect(await chatter.isClosed()).toMatchObject({ code: 1008, reason: 'too many messages' });
    const noise = await rig.call();
    for (let i = 0; i < 40; i++) noise.say(Buffer.alloc(32_000));
    expect(await noise.isClosed()).toMatchObject({ code: 1008, reason: 'audio faster than real time' });
  });

  it('ends a call whose packets hold no audio', async () => {
    const client = await rig.call();
    for (let i = 0; i < 60; i++) client.say(Buffer.alloc(641));
    expect((await client.isClosed()).code).toBe(1007);
  });

  it('tells of text and digits it cannot take, and goes on', async () => {
    const client = await rig.call();
    client.say({ type: 'text', text: 'x'.repeat(2001) });
    expect(await client.got('error')).toMatchObject({ code: 'invalid' });
    client.say({ type: 'digit', digit: 'Z' });
    client.say({ type: 'dance', like: 'a newer client' });
    client.say({ type: 'text', text: 'still here' });
    await until(() => rig.launcher.last.typed.length === 1);
    expect(client.messages.filter((message) => message.type === 'error')).toHaveLength(2);
  });
});

describe('audio', () => {
  it('carries pcm16 both ways, sample for sample', async () => {
    const client = await rig.call();
    const call = rig.launcher.last;
    expect(call.line.rateHz).toBe(RATE_HZ);
    expect(call.facts.carrierRef).toBeNull();
    const said = ramp(400);
    for (const packet of packetsOf(said)) client.say(packet);
    await until(() => joined(call.heard).length >= said.length);
    expect([...joined(call.heard).subarray(0, said.length)]).toEqual([...said]);
    const answer = ramp(500);
    play(call, answer);
    await until(() => client.audio.length === 25);
    expect([...client.samples]).toEqual([...answer]);
  });

  it('carries Opus both ways: a tone keeps 20 dB over the noise', async () => {
    const client = await rig.call({ codec: 'opus' });
    const call = rig.launcher.last;
    using encoder = await createEncoder({ sampleRate: RATE_HZ, channels: 1, frameSize: PACKET });
    using decoder = await createDecoder({ sampleRate: RATE_HZ, channels: 1 });
    const said = tone(1000);
    for (const packet of packetsOf(said)) client.say(Buffer.from(encoder.encode(packet)));
    await until(() => joined(call.heard).length >= said.length);
    expect(snrDb(said, joined(call.heard))).toBeGreaterThan(20);
    play(call, said);
    await until(() => client.audio.length === 50);
    const heard = joined(client.audio.map((packet) => ({ samples: decoder.decode(packet) })));
    expect(heard.length).toBe(said.length);
    expect(snrDb(said, heard)).toBeGreaterThan(20);
    expect(client.audio.every((packet) => packet.length < 200)).toBe(true);
  });

  it('paces the agent in real time, a little ahead', async () => {
    const client = await rig.call();
    play(rig.launcher.last, tone(1000));
    await until(() => client.audio.length >= 3);
    expect(client.audio.length).toBeLessThan(10);
    const startedMs = performance.now();
    await until(() => client.audio.length === 50);
    expect(performance.now() - startedMs).toBeGreaterThan(800);
  });

  it('fills the last packet of a stretch with silence', async () => {
    const client = await rig.call();
    play(rig.launcher.last, ramp(30));
    await until(() => client.audio.length === 2);
    expect(client.audio[1]!.length).toBe(640);
    expect([...client.samples.subarray(480)]).toEqual(new Array(160).fill(0));
  });

  it('hears silence while the browser sends nothing, as when it is muted', async () => {
    await rig.call();
    const call = rig.launcher.last;
    await until(() => call.heard.length > 20);
    expect(joined(call.heard).every((sample) => sample === 0)).toBe(true);
  });
});

describe('what the caller does beside speaking', () => {
  it('types, presses keys and hangs up', async () => {
    const client = await rig.call();
    const call = rig.launcher.last;
    client.say({ type: 'text', text: '  what are your hours?  ' });
    client.say({ type: 'digit', digit: '5' });
    client.say({ type: 'digit', digit: '#' });
    await until(() => call.digits.length === 2);
    expect(call.typed).toEqual(['what are your hours?']);
    expect(call.digits).toEqual(['5', '#']);
    client.say({ type: 'hangup' });
    expect(await client.got('ended')).toEqual({ type: 'ended', reason: 'caller_hung_up', durationMs: 1234 });
    expect((await client.isClosed()).code).toBe(1000);
    expect(call.line.signal.reason).toBe('caller_hung_up');
  });

  it('closes the socket properly, which is hanging up', async () => {
    const client = await rig.call();
    client.socket.close(1000);
    await until(() => rig.launcher.last.line.signal.aborted);
    expect(rig.launcher.last.line.signal.reason).toBe('caller_hung_up');
    expect(rig.gateway.calls).toBe(0);
  });

  it('goes away while the call is being started: the call ends, and nobody is told', async () => {
    let go = () => {};
    rig.launcher.onStart = () => new Promise<void>((resolve) => (go = resolve));
    const client = await rig.connect();
    client.say({ type: 'start', token: rig.launcher.issue() });
    await until(() => rig.gateway.calls === 1);
    client.socket.terminate();
    await until(() => rig.gateway.calls === 0);
    go();
    await until(() => rig.launcher.calls.length === 1);
    expect(rig.launcher.last.line.signal.reason).toBe('caller_hung_up');
    expect(rig.launcher.last.watchers).toBe(0);
  });
});

describe('what the browser is told', () => {
  it('gets the call as it goes, and nothing that is none of its business', async () => {
    const client = await rig.call();
    const call = rig.launcher.last;
    const ready = await client.got('ready');
    expect(ready).toMatchObject({
      callId: call.callId,
      assistant: { name: 'Ada' },
      codec: 'pcm16',
      rateHz: 16000,
      resumed: false,
      resume: { withinMs: 15_000 },
    });
    const turn = 'turn_1' as TurnId;
    const stages = { endpointMs: 300, sttMs: 20, llmFirstTokenMs: 200, ttsFirstByteMs: 90, playMs: 40 };
    call.emit({ type: 'user.speaking' }, turn);
    call.emit({ type: 'user.heard', text: 'hello the', final: false }, turn);
    call.emit({ type: 'turn.ended', text: 'Hello there.', fromMs: 0, toMs: 900 }, turn);
    call.emit(
      { type: 'tool.called', toolCallId: 't1', name: 'find_slot', arguments: { secret: 'pin 1234' } },
      turn,
    );
    call.emit(
      {
        type: 'tool.returned',
        toolCallId: 't1',
        name: 'find_slot',
        ok: true,
        result: 'pin 1234',
        tookMs: 80,
      },
      turn,
    );
    call.emit({ type: 'usage', stage: 'llm', provider: 'acme/large', unit: 'inputTokens', amount: 9 });
    call.emit({ type: 'agent.speaking', purpose: 'reply' }, turn);
    call.emit({ type: 'turn.latency', voiceToVoiceMs: 650, stages }, turn);
    call.emit(
      {
        type: 'agent.said',
        purpose: 'reply',
        text: 'Good morning.',
        fromMs: 1000,
        toMs: 1900,
        interrupted: false,
        unheardChars: 0,
      },
      turn,
    );
    await client.got('said');
    const told = client.messages.slice(1);
    expect(told.map((message) => message.type)).toEqual([
      'speaking',
      'heard',
      'turn',
      'tool',
      'tool',
      'speaking',
      'latency',
      'said',
    ]);
    expect(told.every((message) => message.turnId === turn)).toBe(true);
    expect(told[6]).toMatchObject({ voiceToVoiceMs: 650, stages });
    expect(JSON.stringify(told)).not.toMatch(/1234|acme/);
  });

  it('hears why the agent ended the call, after its last words', async () => {
    const client = await rig.call();
    rig.launcher.last.end('agent_ended', 4200);
    expect(await client.got('ended')).toEqual({ type: 'ended', reason: 'agent_ended', durationMs: 4200 });
    expect((await client.isClosed()).code).toBe(1000);
  });

  it('is let go within a second when the engine has no last words', async () => {
    const client = await rig.call();
    rig.launcher.last.isStuck = true;
    rig.launcher.last.line.close('agent_ended');
    expect(await client.got('ended')).toMatchObject({ reason: 'agent_ended' });
    await client.isClosed();
  });

  it('is told that the server goes down', async () => {
    const client = await rig.call();
    void rig.hub.close();
    expect((await client.isClosed()).code).toBe(1001);
    expect(rig.launcher.last.line.signal.reason).toBe('drained');
  });
});
