import { describe, expect, it } from 'vitest';
import { fade, interleave, peak, rms } from '#audio/mix';
import { SampleRing } from '#audio/ring';
import { soundIn, trimSilence } from '#audio/trim';

const of = (...values: number[]) => Int16Array.from(values);

describe('SampleRing', () => {
  it('gives back in order what was written, across its end', () => {
    const ring = new SampleRing(5);
    const out: number[] = [];
    const into = new Int16Array(2);
    for (let i = 0; i < 20; i += 2) {
      ring.write(of(i, i + 1));
      if (i >= 2) out.push(...into.subarray(0, ring.read(into)));
    }
    while (ring.length > 0) out.push(...into.subarray(0, ring.read(into)));
    expect(out).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(ring.dropped).toBe(0);
  });

  it('loses the oldest when full, and counts', () => {
    const ring = new SampleRing(4);
    ring.write(of(1, 2, 3));
    ring.write(of(4, 5));
    const into = new Int16Array(4);
    expect([ring.dropped, ring.read(into), ...into]).toEqual([1, 4, 2, 3, 4, 5]);
    ring.write(of(1, 2, 3, 4, 5, 6));
    expect([ring.dropped, ring.read(into), ...into]).toEqual([3, 4, 3, 4, 5, 6]);
    ring.write(of(7));
    ring.clear();
    expect([ring.length, ring.read(into)]).toEqual([0, 0]);
  });
});

describe('levels', () => {
  it('measures', () => {
    expect(rms(of(3, -4, 3, -4))).toBeCloseTo(Math.sqrt(12.5));
    expect(rms(of())).toBe(0);
    expect(peak(of(1, -32768, 5))).toBe(32768);
  });
});

describe('mixing', () => {
  it('interleaves, filling up the shorter side', () => {
    expect([...interleave(of(1, 2, 3), of(9))]).toEqual([1, 9, 2, 0, 3, 0]);
    expect([...interleave(of(1), of(8, 9))]).toEqual([1, 8, 0, 9]);
  });

  it('fades evenly and clips', () => {
    const samples = of(100, 100, 100, 100, 100);
    fade(samples, 1, 0);
    expect([...samples]).toEqual([100, 75, 50, 25, 0]);
    const loud = of(20_000, -20_000);
    fade(loud, 2, 2);
    expect([...loud]).toEqual([32767, -32768]);
  });
});

describe('silence', () => {
  const speech = new Int16Array(8000);
  speech.fill(3000, 2000, 4000);

  it('is found around a sound', () => {
    expect(soundIn(speech, { rateHz: 8000 })).toEqual({ from: 2000, to: 4000 });
    expect(soundIn(speech.subarray(0, 1000), { rateHz: 8000 })).toBeNull();
    expect(soundIn(speech.subarray(3900, 4001), { rateHz: 8000 })).toEqual({ from: 0, to: 101 });
  });

  it('is cut but for what is to be kept', () => {
    expect(trimSilence(speech, { rateHz: 8000, keepMs: 50 })).toHaveLength(2000 + 800);
    expect(trimSilence(speech, { rateHz: 8000, keepMs: 900 })).toHaveLength(8000);
    expect(trimSilence(new Int16Array(99), { rateHz: 8000, keepMs: 50 })).toHaveLength(0);
  });
});
