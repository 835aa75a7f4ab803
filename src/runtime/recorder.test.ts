import { describe, expect, it } from 'vitest';
import type { LineListener, Transport } from '#engine/ports';
import type { Clock } from '#kernel/clock';
import { record } from '#runtime/recorder';

function fakeLine(lineMs = 0) {
  const listeners: LineListener[] = [];
  const line: Transport = {
    rateHz: 8000,
    signal: new AbortController().signal,
    playedMs: 0,
    queuedMs: 0,
    lineMs,
    push() {},
    listen: (on) => void listeners.push(on),
    clear() {},
    drained: async () => {},
    close() {},
  };
  const send = (side: 'audio' | 'played', atMs: number, value: number, ms = 20) => {
    const samples = new Int16Array(ms * 8).fill(value);
    for (const listener of listeners) listener[side]?.push({ samples, rateHz: 8000, atMs });
    samples.fill(-1);
  };
  return { line, send };
}

function memorySink() {
  const chunks: Uint8Array[] = [];
  const sink = {
    bytes: 0,
    write: (chunk: Uint8Array) => void chunks.push(chunk),
    finish: async (audioBytes: number) => {
      sink.bytes = audioBytes;
    },
    pairs: () => new Int16Array(Uint8Array.from(Buffer.concat(chunks)).buffer),
  };
  return sink;
}

function clockAt(times: number[]): Clock {
  return { nowMs: () => times.shift() ?? 0, after: () => () => {} };
}

describe('recorder', () => {
  it('begins where the line is when it begins', async () => {
    const { line, send } = fakeLine(1_010);
    const sink = memorySink();
    const recorder = record(line, sink, clockAt([0, 200]));
    send('audio', 1_000, 100);
    send('played', 1_110, 200);
    await recorder.stop();
    const pairs = sink.pairs();
    expect(sink.bytes).toBe(200 * 8 * 4);
    expect([pairs[0], pairs[2 * 8 * 9], pairs[2 * 8 * 11]]).toEqual([100, 100, 0]);
    expect([pairs[2 * 8 * 99 + 1], pairs[2 * 8 * 101 + 1]]).toEqual([0, 200]);
  });

  it('puts each side at its own line time, caller left and agent right', async () => {
    const { line, send } = fakeLine();
    const sink = memorySink();
    const recorder = record(line, sink, clockAt([0, 5000]));
    for (let ms = 0; ms < 5000; ms += 20) send('audio', ms, 100);
    for (let ms = 0; ms < 100; ms += 20) send('played', 4900 + ms, 200);
    await recorder.stop();
    const pairs = sink.pairs();
    expect(sink.bytes).toBe(5000 * 8 * 4);
    expect(pairs[0]).toBe(100);
    expect(pairs[1]).toBe(0);
    expect(pairs[2 * 8 * 4899 + 1]).toBe(0);
    expect(pairs[2 * 8 * 4950 + 1]).toBe(200);
    expect(pairs[2 * 8 * 4950]).toBe(100);
  });

  it('fills a gap of both sides with silence and loses nothing after it', async () => {
    const { line, send } = fakeLine();
    const sink = memorySink();
    const recorder = record(line, sink, clockAt([0, 20_020]));
    send('audio', 0, 7);
    send('audio', 20_000, 9);
    await recorder.stop();
    const pairs = sink.pairs();
    expect(sink.bytes).toBe(20_020 * 8 * 4);
    expect(pairs[0]).toBe(7);
    expect(pairs[2 * 8 * 10_000]).toBe(0);
    expect(pairs[2 * 8 * 20_010]).toBe(9);
  });

  it('ends once, however often it is stopped', async () => {
    const { line, send } = fakeLine();
    const sink = memorySink();
    const recorder = record(line, sink, clockAt([0, 20]));
    send('audio', 0, 7);
    await Promise.all([recorder.stop(), recorder.stop()]);
    expect(sink.pairs().length).toBe(2 * 160);
  });
});
