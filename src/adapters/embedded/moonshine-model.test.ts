import { expect, test } from 'vitest';
import { loopLength } from './moonshine-model.ts';
import { TokenTable } from './token-table.ts';

const many = (phrase: number[], times: number) => Array.from({ length: times }, () => phrase).flat();

test('a phrase that comes again and again is a loop; what people repeat is not', () => {
  expect(loopLength([1, 2, ...many([9], 6)])).toBe(0);
  expect(loopLength([1, 2, ...many([9], 7)])).toBe(6);
  expect(loopLength([1, ...many([3, 4, 5], 3)])).toBe(0);
  expect(loopLength([1, ...many([3, 4, 5], 4)])).toBe(9);
  expect(loopLength(Array.from({ length: 60 }, (_, i) => i))).toBe(0);
});

test('tokens become text: spaces, bytes of other scripts, no specials', () => {
  const table = new TokenTable(['<unk>', '<s>', '</s>', '▁Hello', ',', '▁caf', '<0xC3>', '<0xA9>', '.']);
  expect(table.text([1, 3, 4, 5, 6, 7, 8, 2])).toBe('Hello, café.');
  expect(table.text([3, 32_500])).toBe('Hello');
  expect(table.text([])).toBe('');
});
