import { describe, expect, test } from 'vitest';
import type { SampleRate } from '#audio/frame';
import { PitchTrack } from '#audio/pitch';

const semitonesOf = (hz: number) => 12 * Math.log2(hz / 55);

/** A vowel as a telephone carries it: the overtones of `hz` between 300 and 3400 Hz, the fundamental cut off. */
function vowel(hz: number, ms: number, rateHz: number): Int16Array {
  const samples = new Int16Array((ms * rateHz) / 1000);
  for (let i = 0; i < samples.length; i++) {
    let sum = 0;
    for (let n = 1; n * hz < 3400; n++)
      if (n * hz > 300) sum += Math.sin((2 * Math.PI * n * hz * i) / rateHz) / n;
    samples[i] = 6000 * sum;
  }
  return samples;
}

function pitchOf(samples: Int16Array, rateHz: SampleRate): number {
  const track = new PitchTrack(rateHz, 1_000);
  const endMs = (samples.length * 1000) / rateHz;
  track.write(samples, endMs);
  return track.at(endMs - 20);
}

describe('the pitch of a voice', () => {
  test.each([80, 110, 150, 200, 260, 340])('of %d Hz is found to a quarter of a semitone', (hz) => {
    for (const rateHz of [8000, 16_000, 48_000] as const)
      expect(Math.abs(pitchOf(vowel(hz, 200, rateHz), rateHz) - semitonesOf(hz))).toBeLessThan(0.25);
  });

  test('is none in noise, in silence and where nothing was heard', () => {
    let seed = 1;
    const noise = Int16Array.from({ length: 1600 }, () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return ((seed / 2 ** 31) * 2 - 1) * 8000;
    });
    expect(pitchOf(noise, 8000)).toBeNaN();
    expect(pitchOf(new Int16Array(1600), 8000)).toBeNaN();
    expect(new PitchTrack(8000, 1_000).at(0)).toBeNaN();
  });

  test('is that of the moment asked for, as long as that is kept', () => {
    const track = new PitchTrack(8000, 1_000);
    const high = vowel(220, 400, 8000);
    track.write(high, 400);
    track.write(vowel(110, 400, 8000), 800);
    expect(track.at(390)).toBeCloseTo(semitonesOf(220), 0);
    expect(track.at(790)).toBeCloseTo(semitonesOf(110), 0);
    track.write(new Int16Array(8000), 1_800);
    expect(track.at(790)).toBeNaN();
    expect(track.at(1_900)).toBeNaN();
  });
});
