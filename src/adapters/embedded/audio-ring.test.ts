import { expect, test } from 'vitest';
import { AudioRing } from './audio-ring.ts';

/** Frames of 20 ms at 8 kHz whose samples count up from `first`. */
function frame(first: number, atMs: number, length = 160) {
  return { samples: Int16Array.from({ length }, (_, i) => first + i), rateHz: 8000 as const, atMs };
}

test('keeps the newest samples and finds them by line time', () => {
  const ring = new AudioRing(8000, 50);
  for (let n = 0; n < 5; n++) ring.append(frame(n * 160, n * 20));
  expect(ring.count).toBe(800);
  expect(ring.oldest).toBe(400);
  expect(ring.indexAt(80)).toBe(640);
  expect(ring.indexAt(0)).toBe(400);
  expect(ring.indexAt(1e9)).toBe(800);
  expect([...ring.copy(638, 642)]).toEqual([638, 639, 640, 641]);
  expect(ring.copy(0, 10_000)).toHaveLength(400);
  expect(ring.copy(0, 10_000)[0]).toBe(400);
});

test('growing keeps what is here', () => {
  const ring = new AudioRing(8000, 50);
  for (let n = 0; n < 5; n++) ring.append(frame(n * 160, n * 20));
  ring.grow(100);
  expect(ring.copy(0, 800)).toEqual(Int16Array.from({ length: 400 }, (_, i) => 400 + i));
  for (let n = 5; n < 8; n++) ring.append(frame(n * 160, n * 20));
  expect(ring.oldest).toBe(480);
  expect(ring.copy(0, 9999)).toEqual(Int16Array.from({ length: 800 }, (_, i) => 480 + i));
});

test('a frame longer than the ring leaves its end', () => {
  const ring = new AudioRing(8000, 10);
  ring.append(frame(0, 0, 200));
  expect(ring.copy(0, 200)).toEqual(Int16Array.from({ length: 80 }, (_, i) => 120 + i));
  expect(ring.indexAt(25)).toBe(200);
});

test('after a jump of the line clock, times are those of the newest frame', () => {
  const ring = new AudioRing(8000, 1000);
  ring.append(frame(0, 0));
  ring.append(frame(160, 5000));
  expect(ring.count).toBe(320);
  expect(ring.indexAt(5010)).toBe(240);
});

test('finds the quietest place', () => {
  const ring = new AudioRing(8000, 2000);
  const samples = Int16Array.from(
    { length: 8000 },
    (_, i) => (i >= 4000 && i < 4960 ? 3 : 4000) * (i % 2 ? 1 : -1),
  );
  ring.append({ samples, rateHz: 8000, atMs: 0 });
  const at = ring.quietest(1600, 8000);
  expect(at).toBeGreaterThanOrEqual(4400);
  expect(at).toBeLessThanOrEqual(4560);
});
