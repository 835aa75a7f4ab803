import { expect, test } from 'vitest';
import { padded, speechEdges } from './stt-window.ts';

const RATE = 8000;
const ms = (value: number) => (value * RATE) / 1000;

/** A second and a half of line noise with a tone from 500 to 900 ms. */
function line(noise: number, tone: number): Int16Array {
  let seed = 7;
  return Int16Array.from({ length: ms(1500) }, (_, i) => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    const hiss = ((seed / 0x7fffffff) * 2 - 1) * noise;
    return i >= ms(500) && i < ms(900) ? hiss + tone * Math.sin(i) : hiss;
  });
}

test('edges that come late or early are put right by energy', () => {
  const samples = line(20, 3000);
  for (const given of [
    { from: ms(600), to: ms(1030) },
    { from: ms(400), to: ms(850) },
    { from: ms(500), to: ms(900) },
  ]) {
    const { from, to } = speechEdges(samples, RATE, given);
    expect(Math.abs(from - ms(500))).toBeLessThanOrEqual(ms(10));
    expect(Math.abs(to - ms(900))).toBeLessThanOrEqual(ms(10));
  }
});

test('in noise as loud as the speech the given edges stand', () => {
  const given = { from: ms(520), to: ms(890) };
  expect(speechEdges(line(3000, 1500), RATE, given)).toEqual(given);
});

test('a sound well apart from the speech does not draw the edge to it', () => {
  const samples = line(20, 3000);
  samples.fill(3000, ms(100), ms(200));
  expect(speechEdges(samples, RATE, { from: ms(510), to: ms(900) }).from).toBeGreaterThanOrEqual(ms(490));
});

test('padding takes the line as far as it goes and silence beyond', () => {
  const samples = Int16Array.from([1, 2, 3, 4, 5]);
  expect([...padded(samples, { from: 2, to: 4 }, { before: 3, after: 3 })]).toEqual([0, 1, 2, 3, 4, 5, 0, 0]);
  expect([...padded(samples, { from: 2, to: 4 }, { before: 0, after: 0 })]).toEqual([3, 4]);
});
