import { describe, expect, test } from 'vitest';
import { Intonation } from '#engine/intonation';

const RATE_HZ = 8000;
const FRAME = 160;

/** A voice that glides through these pitches, 200 ms from one to the next, heard over a telephone. */
function voice(...pitchesHz: number[]): Int16Array {
  const step = RATE_HZ / 5;
  const samples = new Int16Array(step * (pitchesHz.length - 1));
  let phase = 0;
  for (let i = 0; i < samples.length; i++) {
    const at = i / step;
    const from = Math.floor(at);
    const hz = pitchesHz[from]! + (pitchesHz[from + 1]! - pitchesHz[from]!) * (at - from);
    phase += (2 * Math.PI * hz) / RATE_HZ;
    let sum = 0;
    for (let n = 1; n * hz < 3400; n++) if (n * hz > 300) sum += Math.sin(n * phase) / n;
    samples[i] = 6000 * sum;
  }
  return samples;
}

class Listening {
  readonly intonation = new Intonation(RATE_HZ);
  #at = 0;

  /** Hears it, and some silence after it; how it ended. */
  hear(samples: Int16Array): number | undefined {
    this.#push(samples);
    const lastSpeechMs = this.#at / 8;
    this.#push(new Int16Array(FRAME * 10));
    return this.intonation.endingAt(lastSpeechMs);
  }

  #push(samples: Int16Array): void {
    for (let from = 0; from + FRAME <= samples.length; from += FRAME) {
      const frame = samples.subarray(from, from + FRAME);
      this.intonation.push({ samples: frame, rateHz: RATE_HZ, atMs: this.#at / 8 });
      this.#at += FRAME;
    }
  }
}

describe('how a voice ends', () => {
  test('low, level or high, as a share of what the speaker spans', () => {
    const statement = [200, 240, 210, 230, 190, 140, 130, 130] as const;
    expect(new Listening().hear(voice(...statement))).toBeLessThan(-0.4);
    expect(new Listening().hear(voice(200, 240, 180, 240, 170, 200, 200))).toBeCloseTo(0, 0);
    expect(new Listening().hear(voice(180, 200, 170, 180, 230, 280, 290))).toBeGreaterThan(0.3);
  });

  test('a deep and lively voice is measured like a high and calm one', () => {
    const deep = new Listening().hear(voice(100, 130, 90, 120, 100, 75, 72));
    const calm = new Listening().hear(voice(200, 214, 194, 209, 200, 186, 184));
    expect(deep).toBeLessThan(-0.3);
    expect(calm).toBeLessThan(-0.3);
  });

  test('a short answer is measured by the register heard before', () => {
    const listening = new Listening();
    expect(listening.hear(voice(150, 150))).toBeUndefined();
    listening.hear(voice(200, 240, 180, 220, 190, 140));
    expect(listening.hear(voice(150, 140))).toBeLessThan(-0.3);
    expect(listening.hear(voice(230, 235))).toBeGreaterThan(0.2);
  });

  test('nothing is told of silence and of sound without a voice', () => {
    const listening = new Listening();
    expect(listening.hear(new Int16Array(RATE_HZ))).toBeUndefined();
    listening.hear(voice(200, 240, 180, 220, 190, 140));
    expect(listening.hear(Int16Array.from({ length: 4000 }, (_, i) => (i % 7919) * 3))).toBeUndefined();
  });

  test('another speaker on the same phone becomes the measure in a minute', () => {
    const listening = new Listening();
    const woman = voice(280, 340, 260, 320, 300);
    const man = voice(110, 140, 100, 130, 120);
    for (let i = 0; i < 30; i++) listening.hear(woman);
    expect(listening.hear(man)).toBeLessThan(-0.5);
    for (let i = 0; i < 120; i++) listening.hear(man);
    expect(listening.hear(voice(110, 140, 100, 130, 140))).toBeGreaterThan(0);
  });
});
