import { expect, test } from 'vitest';
import { spokenPieces } from '#adapters/embedded/spoken-text';
import { splitPieces } from './flite.ts';

const split = (text: string, limit: number) =>
  splitPieces(spokenPieces(text), limit).map((part) => part.map((piece) => piece.source).join(' '));

test('what is short stays whole', () => {
  expect(split('Of course, I can help you with that.', 90)).toEqual(['Of course, I can help you with that.']);
  expect(split('', 90)).toEqual([]);
});

test('a long sentence is cut after punctuation, as late as the limit allows', () => {
  const text =
    'We have a table by the window, another one in the garden, and if you do not mind the noise of the bar, several more inside.';
  expect(split(text, 60)).toEqual([
    'We have a table by the window, another one in the garden,',
    'and if you do not mind the noise of the bar, several more inside.',
  ]);
});

test('without punctuation the cut comes before a joining word, else between any two', () => {
  const joined = 'I will send you a message with the address and the number of the house that you asked for';
  expect(split(joined, 60)[0]).toBe('I will send you a message with the address');
  const plain = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen';
  const parts = split(plain, 40);
  expect(parts[0]!.length).toBeLessThanOrEqual(40);
  expect(parts.join(' ')).toBe(plain);
});

test('numbers, dates and addresses are never cut', () => {
  const text =
    'Please call (555) 123-4567 on March 3rd, 2026 or write to jane.doe@example.com about the $1,234.56';
  for (const limit of [15, 25, 35, 45]) {
    const parts = split(text, limit);
    expect(parts.join(' ')).toBe(text);
    for (const whole of ['(555) 123-4567', 'March 3rd, 2026', 'jane.doe@example.com', '$1,234.56']) {
      expect(parts.filter((part) => part.includes(whole))).toHaveLength(1);
    }
  }
});
