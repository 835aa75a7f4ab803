import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rms } from '#audio/mix';
import type { Phone } from '#cli/phone';
import type { Transport } from '#engine/ports';
import { type MediaServer, openMediaServer } from '#test/gateways/media-server';
import { until } from '#test/support/until';

let server: MediaServer;

beforeEach(async () => {
  server = await openMediaServer();
});

afterEach(() => server.close());

function tone(ms: number, level = 8000): Int16Array {
  return Int16Array.from({ length: ms * 8 }, (_, i) => level * Math.sin((2 * Math.PI * 440 * i) / 8000));
}

function push(line: Transport, ms: number, level = 8000): void {
  line.push({ samples: tone(ms, level), rateHz: 8000, atMs: 0 });
}

/** What the phone hears, and when. */
function hearing(phone: Phone) {
  const loud: number[] = [];
  phone.listen((frame) => {
    if (rms(frame.heard) > 500) loud.push(frame.atMs);
  });
  return loud;
}

const never = new AbortController().signal;

describe('a call', () => {
  it('is started with the token, the carrier reference and a line that hears and speaks', async () => {
    const heard: { atMs: number; level: number }[] = [];
    const { phone, launched } = await server.call(({ line }) => {
      line.listen({ audio: { push: (f) => heard.push({ atMs: f.atMs, level: rms(f.samples) }) } });
    });
    expect(launched.carrierRef).toBe(phone.callSid);
    expect(launched.line.rateHz).toBe(8000);
    const loud = hearing(phone);
    push(launched.line, 300);
    await phone.say(tone(400));
    await until(() => heard.filter((frame) => frame.level > 5000).length === 20);
    expect(loud.length).toBeGreaterThanOrEqual(14);
    expect(heard.every((f, i) => i === 0 || Math.abs(f.atMs - heard[i - 1]!.atMs - 20) < 0.01)).toBe(true);
    await phone.hangUp();
    await until(() => launched.line.signal.aborted);
    expect(launched.line.signal.reason).toBe('caller_hung_up');
  });

  it('echoes what it hears, sample for sample', async () => {
    const { phone } = await server.call(({ line }) => {
      line.listen({ audio: { push: (frame) => line.push(frame) } });
    });
    const echoed: number[] = [];
    phone.listen((frame) => echoed.push(...frame.heard.filter((sample) => sample !== 0)));
    const said = Int16Array.from({ length: 4000 }, (_, i) => ((i * 37) % 255) * 100 - 12_750);
    await phone.say(said);
    await until(() => echoed.length >= said.length);
    await phone.hangUp();
    const wrong = said.filter((sample, i) => Math.abs(echoed[i]! - sample) > Math.abs(sample) / 15 + 10);
    expect([...wrong]).toEqual([]);
  });

  it('passes digits on, and no other keys', async () => {
    const digits: string[] = [];
    const { phone } = await server.call(({ line }) => line.listen({ digit: (d) => digits.push(d) }));
    phone.press('1*0#Ad9x');
    await until(() => digits.length === 7);
    expect(digits.join('')).toBe('1*0#AD9');
    await phone.hangUp();
  });

  it('ends with the connection, when that is cut', async () => {
    const { phone, launched } = await server.call();
    await phone.cut();
    await until(() => launched.line.signal.aborted);
    expect(launched.line.signal.reason).toBe('caller_hung_up');
  });

  it('is hung up by the line, with the reason on the socket', async () => {
    const { phone, launched } = await server.call();
    launched.line.close('agent_ended');
    expect(await phone.ended).toEqual({ code: 1000, reason: 'agent_ended', by: 'server' });
  });

  it('ends with 1001 when the server goes down', async () => {
    const calls = [await server.call(), await server.call()];
    await server.hub.close();
    for (const { phone, launched } of calls) {
      expect((await phone.ended).code).toBe(1001);
      expect(launched.line.signal.reason).toBe('drained');
    }
    await expect(server.call()).rejects.toThrow();
  });
});

describe('pacing', () => {
  it('sends 20 ms every 20 ms with a lead of 60 ms at most', async () => {
    const { phone, launched } = await server.call();
    let most = 0;
    const loud = hearing(phone);
    phone.listen(() => {
      most = Math.max(most, phone.bufferedMs);
    });
    push(launched.line, 1500);
    await launched.line.drained(never);
    await until(() => phone.bufferedMs === 0);
    await phone.hangUp();
    expect(most).toBeLessThanOrEqual(100);
    expect(loud.length).toBeGreaterThanOrEqual(74);
    expect(loud.length).toBeLessThanOrEqual(77);
  });

  it('knows from the marks what was played', async () => {
    const { phone, launched } = await server.call();
    const { line } = launched;
    push(line, 2000);
    const startMs = phone.callMs;
    await until(() => phone.callMs - startMs >= 800);
    expect(line.playedMs).toBeLessThanOrEqual(phone.callMs - startMs + 40);
    expect(line.playedMs).toBeGreaterThan(500);
    const startedMs = performance.now();
    await line.drained(never);
    expect(line.playedMs).toBe(2000);
    expect(performance.now() - startedMs).toBeGreaterThan(900);
    await phone.hangUp();
  });

  it('falls back to the clock for a carrier without marks', async () => {
    const { phone, launched } = await server.call(undefined, { ignoresMarks: true });
    push(launched.line, 300);
    const startedMs = performance.now();
    await launched.line.drained(never);
    expect(performance.now() - startedMs).toBeLessThan(600);
    expect(launched.line.playedMs).toBe(300);
    await phone.hangUp();
  });

  it('clears at the carrier too: silence within 200 ms of a barge-in', async () => {
    const { phone, launched } = await server.call();
    const { line } = launched;
    const loud = hearing(phone);
    push(line, 5000);
    await until(() => loud.length > 25);
    line.clear();
    const clearedMs = phone.callMs;
    const playedMs = line.playedMs;
    expect(playedMs).toBeLessThanOrEqual(loud.length * 20 + 100);
    await until(() => phone.callMs > clearedMs + 300);
    expect(loud.at(-1)!).toBeLessThanOrEqual(clearedMs + 200);
    expect(line.playedMs).toBe(playedMs);
    push(line, 100);
    await line.drained(never);
    expect(line.playedMs).toBeCloseTo(playedMs + 100, 1);
    await phone.hangUp();
  });
});

describe('control', () => {
  it('transfers by closing the stream and leaving the target for what the carrier asks next', async () => {
    const { phone, launched } = await server.call();
    expect(await launched.control.transfer('+15551230000', never)).toBe(true);
    expect(launched.line.signal.reason).toBe('transferred');
    expect((await phone.ended).code).toBe(1000);
    expect(await server.transfers.take(phone.callSid)).toBe('+15551230000');
    expect(await server.transfers.take(phone.callSid)).toBeNull();
  });

  it('does not transfer to what is no number, nor a call that is over', async () => {
    const { phone, launched } = await server.call();
    expect(await launched.control.transfer('</Dial><Say>', never)).toBe(false);
    expect(await launched.control.transfer('5551234', never)).toBe(false);
    expect(launched.line.signal.aborted).toBe(false);
    await phone.hangUp();
    await until(() => launched.line.signal.aborted);
    expect(await launched.control.transfer('+15551230000', never)).toBe(false);
    expect(await server.transfers.take(phone.callSid)).toBeNull();
  });

  it('cannot send digits', async () => {
    const { phone, launched } = await server.call();
    expect(await launched.control.sendDigits('12', never)).toBe(false);
    await phone.hangUp();
  });
});
