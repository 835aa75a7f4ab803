import { expect, test } from 'vitest';
import { Sentences } from '#engine/sentences';

/** The pieces of a text that comes in tokens of `size` characters. */
function cut(text: string, size = 3): string[] {
  const sentences = new Sentences();
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += size) pieces.push(...sentences.add(text.slice(at, at + size)));
  return [...pieces, ...sentences.end()];
}

test.each([
  ['sentences', 'We open at nine. We close at five.', ['We open at nine.', 'We close at five.']],
  [
    'an early first clause',
    'Well of course, we are open all day on Sunday. See you.',
    ['Well of course,', 'we are open all day on Sunday.', 'See you.'],
  ],
  ['no clause of a word or two', 'Yes, we are open.', ['Yes, we are open.']],
  [
    'numbers and times whole',
    'It is 3.5 percent, or $2,400.50 in all. Fine.',
    ['It is 3.5 percent,', 'or $2,400.50 in all.', 'Fine.'],
  ],
  [
    'abbreviations whole',
    'Ask for Dr. Miller at 5 p.m. on St. James Ave. tomorrow. Bye.',
    ['Ask for Dr. Miller at 5 p.m. on St. James Ave. tomorrow.', 'Bye.'],
  ],
  [
    'addresses whole',
    'Write to a.b@example.com or see www.example.com today. Thanks.',
    ['Write to a.b@example.com or see www.example.com today.', 'Thanks.'],
  ],
  ['questions and exclamations', 'Really?! That is great! When?', ['Really?!', 'That is great!', 'When?']],
  ['lines', 'First line\nSecond line', ['First line', 'Second line']],
  ['full-width marks', '我们九点开门。五点关门。', ['我们九点开门。', '五点关门。']],
  ['nothing from nothing', '  \n ', []],
] as const)('cuts %s', (_, text, pieces) => {
  expect(cut(text)).toEqual(pieces);
  expect(cut(text, 1)).toEqual(pieces);
  expect(cut(text, 1_000)).toEqual(pieces);
}); // prettier-ignore

test('leaves out the marks that cannot be spoken', () => {
  expect(cut('**Hours**: see [our site](https://example.com).\n- `nine` to five\n# Bye')).toEqual([
    'Hours: see our site.',
    'nine to five',
    'Bye',
  ]);
});

test('cuts what never ends, at a clause or at a word', () => {
  const pieces = cut('word '.repeat(200));
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(221);
  expect(pieces.join(' ')).toBe('word '.repeat(200).trim());
});

test('gives a sentence as soon as the next begins', () => {
  const sentences = new Sentences();
  expect(sentences.add('At nine.')).toEqual([]);
  expect(sentences.add(' ')).toEqual(['At nine.']);
});

test('in a hurry gives the beginning up to where a voice may pause, once', () => {
  const sentences = new Sentences();
  sentences.add('Our opening ');
  expect(sentences.hurry()).toBe(null);
  sentences.add('hours are from nine in the ');
  expect(sentences.hurry()).toBe('Our opening hours are from nine');
  expect(sentences.hurry()).toBe(null);
  expect(sentences.add('morning until five. ')).toEqual(['in the morning until five.']);
  expect(sentences.end()).toEqual([]);
});
