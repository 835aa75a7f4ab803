import { describe, expect, it } from 'vitest';

interface Resampler {
  process(input: Float32Array): Float32Array;
}
interface JitterBuffer {
  targetMs: number;
  playedMs: number;
  queuedMs: number;
  push(samples: Float32Array): void;
  pull(output: Float32Array): number;
  clear(): void;
}

// The page's own modules, which run in the browser without a build.
const folder = new URL('../../src/gateways/browser-socket/page/', import.meta.url);
const page = (file: string) => import(/* @vite-ignore */ new URL(file, folder).href);
const { Resampler } = (await page('resampler.js')) as {
  Resampler: new (fromHz: number, toHz: number) => Resampler;
};
const { JitterBuffer } = (await page('jitter-buffer.js')) as {
  JitterBuffer: new (rateHz: number) => JitterBuffer;
};

function sine(hz: number, rateHz: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rateHz));
}

/** Runs blocks of the audio thread's size through a resampler. */
function convert(samples: Float32Array, fromHz: number, toHz: number): Float32Array {
  const resampler = new Resampler(fromHz, toHz);
  const parts: Float32Array[] = [];
  for (let at = 0; at < samples.length; at += 128)
    parts.push(resampler.process(samples.subarray(at, at + 128)));
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** Amplitude of a tone in the middle of a signal, and what is beside it, in dB below. */
function toneIn(samples: Float32Array, hz: number, rateHz: number): { amplitude: number; snrDb: number } {
  const middle = samples.subarray(samples.length >> 2, (samples.length * 3) >> 2);
  const from = samples.length >> 2;
  let sin = 0;
  let cos = 0;
  middle.forEach((sample, i) => {
    const angle = (2 * Math.PI * hz * (from + i)) / rateHz;
    sin += (2 * sample * Math.sin(angle)) / middle.length;
    cos += (2 * sample * Math.cos(angle)) / middle.length;
  });
  let rest = 0;
  middle.forEach((sample, i) => {
    const angle = (2 * Math.PI * hz * (from + i)) / rateHz;
    rest += (sample - sin * Math.sin(angle) - cos * Math.cos(angle)) ** 2;
  });
  const amplitude = Math.hypot(sin, cos);
  return { amplitude, snrDb: 10 * Math.log10((amplitude ** 2 * middle.length) / 2 / rest) };
}

describe('the page’s resampler', () => {
  it.each([
    [48_000, 16_000],
    [44_100, 16_000],
    [96_000, 16_000],
    [16_000, 48_000],
    [16_000, 44_100],
    [16_000, 16_000],
  ])('turns %i Hz into %i Hz without changing length or tone', (fromHz, toHz) => {
    const got = convert(sine(1000, fromHz, fromHz), fromHz, toHz);
    expect(got.length).toBe(toHz);
    const { amplitude, snrDb } = toneIn(got, 1000, toHz);
    expect(amplitude).toBeCloseTo(1, 2);
    expect(snrDb).toBeGreaterThan(80);
  });

  it('keeps out what the lower rate cannot carry', () => {
    const got = convert(sine(10_000, 48_000, 48_000), 48_000, 16_000);
    const power = got.reduce((sum, sample) => sum + sample * sample, 0) / got.length;
    expect(10 * Math.log10(2 * power)).toBeLessThan(-45);
  });
});

describe('the page’s jitter buffer', () => {
  const RATE_HZ = 16_000;
  const block = (ms: number) => new Float32Array((ms * RATE_HZ) / 1000);
  const loud = (ms: number) => block(ms).fill(0.5);

  /** Pulls so many milliseconds; answers how many were the agent's. */
  function pull(buffer: JitterBuffer, ms: number): number {
    let given = 0;
    for (let at = 0; at < ms; at += 2) given += buffer.pull(block(2));
    return (given * 1000) / RATE_HZ;
  }

  it('plays everything, in order, once enough is there', () => {
    const buffer = new JitterBuffer(RATE_HZ);
    buffer.push(loud(20));
    expect(pull(buffer, 2)).toBe(0);
    buffer.push(loud(40));
    const out = block(2);
    buffer.pull(out);
    expect(out[0]).toBe(0.5);
    expect(pull(buffer, 100)).toBe(58);
    expect(buffer.playedMs).toBe(60);
    expect(buffer.queuedMs).toBe(0);
  });

  it('does not withhold a word that is shorter than it likes', () => {
    const buffer = new JitterBuffer(RATE_HZ);
    buffer.push(loud(20));
    expect(pull(buffer, 100)).toBe(20);
  });

  it('waits longer after a gap in speech, and less again when all is calm', () => {
    const buffer = new JitterBuffer(RATE_HZ);
    const before = buffer.targetMs;
    buffer.push(loud(100));
    pull(buffer, 120);
    buffer.push(loud(100));
    expect(buffer.targetMs).toBe(before + 20);
    pull(buffer, 400);
    buffer.push(loud(20_000));
    expect(buffer.targetMs).toBe(before + 20);
    pull(buffer, 20_100);
    expect(buffer.targetMs).toBeLessThan(before);
  });

  it('falls silent within 5 ms when it is cleared, and counts only what was played', () => {
    const buffer = new JitterBuffer(RATE_HZ);
    buffer.push(loud(1000));
    pull(buffer, 100);
    const { playedMs } = buffer;
    buffer.clear();
    const tail = block(20);
    expect(buffer.pull(tail)).toBe(0);
    expect(tail[0]).toBeCloseTo(0.5, 1);
    expect(Math.max(...tail.subarray(80))).toBe(0);
    expect(buffer.playedMs).toBe(playedMs);
    expect(buffer.queuedMs).toBe(0);
    expect(pull(buffer, 100)).toBe(0);
  });
});
