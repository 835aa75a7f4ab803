import { describe, expect, it } from 'vitest';
import type { SampleRate } from '#audio/frame';
import { Resampler, resample } from '#audio/resample';

const RATES: readonly SampleRate[] = [8000, 16000, 22050, 24000, 44100, 48000];
const PAIRS = RATES.flatMap((from) => RATES.filter((to) => to !== from).map((to) => [from, to] as const));
const AMPLITUDE = 16_000;

function tone(frequencyHz: number, rateHz: number, seconds = 0.5): Int16Array {
  const samples = new Int16Array(Math.round(rateHz * seconds));
  for (let i = 0; i < samples.length; i++) {
    samples[i] = Math.round(AMPLITUDE * Math.sin((2 * Math.PI * frequencyHz * i) / rateHz));
  }
  return samples;
}

/** Power of one frequency over the middle of the signal, relative to a full tone, in decibels. */
function gainDb(samples: Int16Array, frequencyHz: number, rateHz: number): number {
  const edge = Math.round(rateHz * 0.05);
  let re = 0;
  let im = 0;
  for (let i = edge; i < samples.length - edge; i++) {
    const angle = (2 * Math.PI * frequencyHz * i) / rateHz;
    re += samples[i]! * Math.cos(angle);
    im += samples[i]! * Math.sin(angle);
  }
  const amplitude = (2 * Math.hypot(re, im)) / (samples.length - 2 * edge);
  return 20 * Math.log10(amplitude / AMPLITUDE);
}

function totalDb(samples: Int16Array, rateHz: number): number {
  const middle = samples.subarray(Math.round(rateHz * 0.05), samples.length - Math.round(rateHz * 0.05));
  let sum = 0;
  for (const sample of middle) sum += sample * sample;
  return 20 * Math.log10((Math.sqrt(sum / middle.length) * Math.SQRT2) / AMPLITUDE);
}

describe('Resampler', () => {
  it.each(PAIRS)('%i to %i passes speech within 0.2 dB', (from, to) => {
    const lower = Math.min(from, to);
    for (const share of [0.02, 0.1, 0.25, 0.35, 0.42]) {
      const frequencyHz = lower * share;
      const out = resample(tone(frequencyHz, from), from, to);
      expect(Math.abs(gainDb(out, frequencyHz, to)), `${frequencyHz} Hz`).toBeLessThan(0.2);
    }
  });

  it.each(PAIRS.filter(([from, to]) => from > to))('%i to %i keeps aliases under -60 dB', (from, to) => {
    for (const share of [0.57, 0.65, 0.8, 1.2].filter((s) => to * s < from * 0.49)) {
      expect(totalDb(resample(tone(to * share, from), from, to), to), `${to * share} Hz`).toBeLessThan(-60);
    }
  });

  it.each(PAIRS.filter(([from, to]) => from < to))('%i to %i adds no images above -60 dB', (from, to) => {
    const frequencyHz = from * 0.4;
    const out = resample(tone(frequencyHz, from), from, to);
    const pure = tone(frequencyHz, to);
    const scale = 10 ** (gainDb(out, frequencyHz, to) / 20);
    const rest = out.map((sample, i) => sample - Math.round(pure[i]! * scale));
    expect(totalDb(rest, to)).toBeLessThan(-60);
  });

  it('gives the same samples however the input is cut, in time with the input and as long', () => {
    const input = tone(440, 22050, 1);
    const whole = resample(input, 22050, 8000);
    const resampler = new Resampler(22050, 8000);
    const pieces: number[] = [];
    for (let at = 0, size = 1; at < input.length; at += size, size = (size * 7 + 3) % 900) {
      pieces.push(...resampler.push(input.subarray(at, at + size)));
    }
    pieces.push(...resampler.flush());
    expect(Int16Array.from(pieces)).toEqual(whole);
    expect(whole.length).toBe(8000);
    const ideal = tone(440, 8000, 1);
    for (let i = 100; i < 7900; i++) expect(Math.abs(whole[i]! - ideal[i]!)).toBeLessThan(40);
  });

  it('starts over after flush', () => {
    const resampler = new Resampler(16000, 8000);
    const first = [...resampler.push(tone(1000, 16000)), ...resampler.flush()];
    const second = [...resampler.push(tone(1000, 16000)), ...resampler.flush()];
    expect(second).toEqual(first);
  });

  it('reuses its buffer', () => {
    const resampler = new Resampler(8000, 16000);
    const frame = tone(300, 8000, 0.02);
    for (let i = 0; i < 5; i++) resampler.push(frame);
    const { buffer } = resampler.push(frame);
    expect(resampler.push(frame).buffer).toBe(buffer);
  });
});
