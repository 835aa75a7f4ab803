import { expect, test } from 'vitest';
import { wordTimes } from './word-times.ts';

/** `hello:478` pieces as flite prints them, times in ms. */
const phones = (printed: string) =>
  printed.split(' ').map((part) => {
    const [name, end] = part.split(':');
    return { name: name!, endMs: Number(end) };
  });

test('words get the sounds that their letters stand for', () => {
  const sounds = phones(
    'pau:119 hh:212 ax:261 l:412 ow:582 dh:638 eh:776 r:896 pau:982 hh:1015 aw:1135 k:1221 ae:1299 n:1367 ay:1521 hh:1584 eh:1706 l:1790 p:1863 y:2065 uw:2086 t:2175 ax:2209 d:2277 ey:2588 pau:2732',
  );
  const spans = wordTimes(['Hello', 'there,', 'how', 'can', 'I', 'help', 'you', 'today?'], sounds);
  expect(spans.map((s) => s.fromMs)).toEqual([119, 582, 982, 1135, 1367, 1521, 1863, 2086]);
  expect(spans.map((s) => s.toMs)).toEqual([582, 896, 1135, 1367, 1521, 1863, 2086, 2588]);
});

test('an entry may be several words, or nothing that is said', () => {
  const sounds = phones('pau:100 ae:200 t:300 n:400 ay:600 n:700 ey:800 eh:900 m:1000 pau:1100');
  const spans = wordTimes(['at', 'nine A M', ''], sounds);
  expect(spans[0]).toEqual({ fromMs: 100, toMs: 300 });
  expect(spans[1]).toEqual({ fromMs: 300, toMs: 1000 });
});

test('times never run backwards and stay within the audio', () => {
  const sounds = phones('pau:50 dh:90 ax:150 k:220 ow:300 l:350 n:400 pau:450 z:500 iy:600 pau:700');
  const spans = wordTimes('the colonel sees nothing worth xylophones'.split(' '), sounds);
  let last = 0;
  for (const { fromMs, toMs } of spans) {
    expect(fromMs).toBeGreaterThanOrEqual(last);
    expect(toMs).toBeGreaterThanOrEqual(fromMs);
    last = toMs;
  }
  expect(last).toBeLessThanOrEqual(700);
});
