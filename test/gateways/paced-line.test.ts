import { beforeEach, describe, expect, it } from 'vitest';
import { mulaw, pcm16, type WireCodec } from '#audio/codec';
import { Pacer } from '#audio/pacer';
import { PacedLine, type PacedLineOptions } from '#gateways/paced-line';
import { FarEnd } from '#test/gateways/far-end';
import { ManualClock } from '#test/support/manual-clock';

const never = new AbortController().signal;
let clock: ManualClock;
let pacer: Pacer;

beforeEach(() => {
  clock = new ManualClock();
  pacer = new Pacer({ clock });
});

function open(farEnd: FarEnd, options: Partial<PacedLineOptions> & { codec?: WireCodec } = {}) {
  const line = new PacedLine({ rateHz: 8000, codec: mulaw, wire: farEnd, pacer, clock, ...options });
  farEnd.line = line;
  farEnd.packetBytes = (line.rateHz / 50) * (options.codec ?? mulaw).bytesPerSample;
  return line;
}

/** `ms` of audio in which every 20 ms have a level of their own. */
function speech(ms: number, rateHz = 8000): Int16Array {
  const frame = rateHz / 50;
  return Int16Array.from(
    { length: (ms * rateHz) / 1000 },
    (_, i) => 100 * (1 + (Math.floor(i / frame) % 200)),
  );
}

const push = (line: PacedLine, ms: number) =>
  line.push({ samples: speech(ms, line.rateHz), rateHz: line.rateHz, atMs: 0 });

async function settled(promise: Promise<void>): Promise<boolean> {
  let isSettled = false;
  void promise.then(() => {
    isSettled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return isSettled;
}

describe('sending', () => {
  it('begins at once, runs ahead by the lead and then keeps real time', () => {
    const farEnd = new FarEnd(clock, null);
    const line = open(farEnd);
    push(line, 3000);
    expect(farEnd.packets).toHaveLength(3);
    clock.advance(2000);
    const startMs = farEnd.packets[0]!.atMs;
    for (const [i, packet] of farEnd.packets.entries()) {
      const aheadMs = i * 20 - (packet.atMs - startMs);
      expect(aheadMs).toBeGreaterThan(0 - 1e-6 - (i === 0 ? 1 : 0));
      expect(aheadMs).toBeLessThanOrEqual(40 + 1e-6);
    }
    clock.advance(1200);
    expect(farEnd.packets).toHaveLength(150);
    const wire = new Uint8Array(24_000);
    mulaw.encode(speech(3000), wire, 0);
    expect(farEnd.bytes).toEqual([...wire]);
  });

  it('copies what is pushed, in pieces of any length, and sends the last short one before the far end runs dry', () => {
    const farEnd = new FarEnd(clock, null);
    const line = open(farEnd);
    const whole = speech(333);
    for (let at = 0, size = 1; at < whole.length; at += size, size += 37) {
      const samples = whole.slice(at, at + size);
      line.push({ samples, rateHz: 8000, atMs: 0 });
      samples.fill(-1);
    }
    clock.advance(400);
    const wire = new Uint8Array(whole.length);
    mulaw.encode(whole, wire, 0);
    expect(farEnd.bytes).toEqual([...wire]);
    expect(Math.max(...farEnd.packets.map((packet) => packet.bytes.length))).toBe(160);
    expect(farEnd.packets.length).toBeLessThanOrEqual(20);
  });

  it('does not burst after a stall', () => {
    const farEnd = new FarEnd(clock, null);
    const line = open(farEnd);
    push(line, 5000);
    clock.advance(1000);
    const before = farEnd.packets.length;
    clock.stall(700);
    expect(farEnd.packets.length - before).toBeLessThanOrEqual(3);
    clock.advance(1000);
    expect(farEnd.packets.length - before).toBeLessThanOrEqual(53);
  });

  it('keeps a bounded queue and counts what found no room', () => {
    const line = open(new FarEnd(clock, null), { maxQueuedMs: 1000 });
    push(line, 3000);
    expect(line.queuedMs).toBeCloseTo(1000, 0);
    expect(line.droppedMs).toBeCloseTo(2000, 0);
  });

  it('sends 16-bit audio at other rates', () => {
    const farEnd = new FarEnd(clock, null);
    const line = open(farEnd, { rateHz: 24000, codec: pcm16 });
    push(line, 100);
    clock.advance(200);
    expect(farEnd.packets.map((packet) => packet.bytes.length)).toEqual([960, 960, 960, 960, 960]);
    expect(farEnd.packets[1]!.bytes.slice(0, 2)).toEqual([200, 0]);
  });
});

describe('playedMs', () => {
  it('follows the clock where the far end gives no marks', () => {
    const line = open(new FarEnd(clock, null));
    push(line, 500);
    expect(line.playedMs).toBe(0);
    clock.advance(130);
    expect(line.playedMs).toBeCloseTo(130, 0);
    expect(line.queuedMs).toBeCloseTo(370, 0);
    clock.advance(1000);
    expect([line.playedMs, line.queuedMs]).toEqual([500, 0]);
    clock.advance(1000);
    push(line, 100);
    clock.advance(50);
    expect(line.playedMs).toBeCloseTo(550, 0);
  });

  it('never passes a mark that the far end has not acknowledged, once it has acknowledged one', () => {
    const farEnd = new FarEnd(clock, 150);
    const line = open(farEnd);
    push(line, 3000);
    clock.advance(260);
    let before = line.playedMs;
    for (let atMs = 260; atMs < 2900; atMs += 10) {
      expect(line.playedMs).toBeGreaterThanOrEqual(before);
      expect(line.playedMs).toBeLessThanOrEqual(atMs - 100);
      expect(line.playedMs).toBeGreaterThanOrEqual(atMs - 260);
      before = line.playedMs;
      clock.advance(10);
    }
    clock.advance(500);
    expect(line.playedMs).toBe(3000);
  });

  it('believes the clock before marks that come too early', () => {
    const farEnd = new FarEnd(clock, -1000);
    const line = open(farEnd);
    push(line, 1000);
    clock.advance(400);
    expect(line.playedMs).toBeCloseTo(400, 0);
  });

  it('goes back to the clock when acknowledgements stop coming', () => {
    const farEnd = new FarEnd(clock, 50);
    const line = open(farEnd);
    farEnd.lost = Array.from({ length: 100 }, (_, i) => i + 3);
    push(line, 5000);
    clock.advance(1500);
    expect(line.playedMs).toBe(300);
    clock.advance(3600);
    expect(line.playedMs).toBe(5000);
  });

  it('ignores marks that it never set', () => {
    const line = open(new FarEnd(clock, 50));
    push(line, 1000);
    clock.advance(200);
    line.acknowledge(99);
    line.acknowledge(Number.NaN);
    expect(line.playedMs).toBeLessThan(201);
  });
});

describe('clear', () => {
  it('throws away what is not played, here and there, and freezes playedMs', () => {
    const farEnd = new FarEnd(clock, null);
    const line = open(farEnd);
    push(line, 2000);
    clock.advance(510);
    line.clear();
    const playedMs = line.playedMs;
    expect(playedMs).toBeCloseTo(510, 0);
    expect([line.queuedMs, farEnd.clears]).toEqual([0, 1]);
    const sent = farEnd.packets.length;
    clock.advance(1000);
    expect([farEnd.packets.length, line.playedMs]).toEqual([sent, playedMs]);
    push(line, 100);
    clock.advance(200);
    expect(line.playedMs).toBeCloseTo(playedMs + 100, 5);
  });

  it('does not count marks that the far end gives back because they were cleared', () => {
    const farEnd = new FarEnd(clock, 100);
    const line = open(farEnd);
    push(line, 2000);
    clock.advance(1000);
    line.clear();
    const playedMs = line.playedMs;
    expect(playedMs).toBeLessThanOrEqual(1000);
    expect(playedMs).toBeGreaterThanOrEqual(750);
    for (let mark = 0; mark < 30; mark++) line.acknowledge(mark);
    clock.advance(500);
    expect(line.playedMs).toBe(playedMs);
  });
});

describe('drained', () => {
  it('resolves when all that was pushed before has been played, later pushes or not', async () => {
    const line = open(new FarEnd(clock, null));
    push(line, 300);
    const first = line.drained(never);
    push(line, 300);
    const second = line.drained(never);
    clock.advance(290);
    expect(await settled(first)).toBe(false);
    clock.advance(30);
    expect(await settled(first)).toBe(true);
    expect(await settled(second)).toBe(false);
    clock.advance(300);
    expect(await settled(second)).toBe(true);
    expect(await settled(line.drained(never))).toBe(true);
  });

  it('waits for the acknowledgement of the end', async () => {
    const line = open(new FarEnd(clock, 180));
    push(line, 450);
    const drained = line.drained(never);
    clock.advance(600);
    expect(await settled(drained)).toBe(false);
    clock.advance(60);
    expect(await settled(drained)).toBe(true);
  });

  it.each(['clear', 'signal', 'close', 'gone'] as const)('resolves on %s', async (how) => {
    const line = open(new FarEnd(clock, null));
    const abort = new AbortController();
    push(line, 5000);
    const drained = line.drained(abort.signal);
    expect(await settled(drained)).toBe(false);
    if (how === 'clear') line.clear();
    if (how === 'signal') abort.abort();
    if (how === 'close') line.close('agent_ended');
    if (how === 'gone') line.gone('caller_hung_up');
    expect(await settled(drained)).toBe(true);
  });
});

describe('played', () => {
  it('gives the agent audio as it was heard, on the line clock, without what was cleared', () => {
    const line = open(new FarEnd(clock, null));
    const heard: { atMs: number; samples: number[] }[] = [];
    line.listen({ played: { push: (f) => heard.push({ atMs: f.atMs, samples: [...f.samples] }) } });
    clock.advance(1000);
    push(line, 1000);
    clock.advance(505);
    line.clear();
    clock.advance(495);
    push(line, 40);
    clock.advance(100);
    const samples = heard.flatMap((frame) => frame.samples);
    expect(samples).toHaveLength(505 * 8 + 40 * 8);
    expect(heard[0]!.atMs).toBeCloseTo(1000, 3);
    for (const [i, frame] of heard.slice(0, 25).entries()) expect(frame.atMs).toBeCloseTo(1000 + 20 * i, 3);
    expect(heard.at(-2)!.atMs).toBeCloseTo(2000, 3);
    expect(samples.slice(0, 160).every((sample) => Math.abs(sample - 100) < 5)).toBe(true);
  });

  it('comes within a tick of being played', () => {
    const line = open(new FarEnd(clock, null));
    const lags: number[] = [];
    line.listen({ played: { push: (f) => lags.push(line.lineMs - f.atMs - 20) } });
    push(line, 2000);
    clock.advance(2100);
    expect(lags).toHaveLength(100);
    expect(Math.min(...lags)).toBeGreaterThanOrEqual(-0.001);
    expect(Math.max(...lags)).toBeLessThanOrEqual(20.001);
  });
});

describe('the end', () => {
  it('tells once, with the first reason, and drops what comes after', () => {
    const farEnd = new FarEnd(clock, null);
    const line = open(farEnd);
    const heard: string[] = [];
    line.listen({ audio: { push: () => heard.push('audio') }, digit: (d) => heard.push(d) });
    line.digit('5');
    line.close('agent_ended');
    line.close('failed');
    line.gone('caller_hung_up');
    expect(line.signal.reason).toBe('agent_ended');
    expect(farEnd.closed).toEqual(['agent_ended']);
    push(line, 100);
    line.hear(speech(20));
    line.digit('6');
    line.clear();
    line.acknowledge(1);
    expect([heard, farEnd.packets, farEnd.clears]).toEqual([['5'], [], 0]);
    expect([pacer.size, clock.timers]).toEqual([0, 0]);
  });

  it('does not hang up on a far end that has gone', () => {
    const farEnd = new FarEnd(clock, null);
    const line = open(farEnd);
    line.gone('caller_hung_up');
    line.close('agent_ended');
    expect([farEnd.closed, line.signal.reason]).toEqual([[], 'caller_hung_up']);
  });
});
