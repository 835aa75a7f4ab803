import { expect, test } from 'vitest';
import { PhraseCache } from './phrase-cache.ts';

test('throws the least recently used out and counts its bytes', () => {
  const cache = new PhraseCache<string>(100);
  for (const key of ['a', 'b', 'c', 'd']) cache.set(key, key.toUpperCase(), 25);
  expect(cache.get('a')).toBe('A');
  cache.set('e', 'E', 25);
  expect(cache.get('b')).toBeUndefined();
  expect(cache.get('a')).toBe('A');
  expect(cache.bytes).toBe(100);
  cache.set('a', 'again', 10);
  expect(cache.bytes).toBe(85);
  expect(cache.get('a')).toBe('again');
});

test('does not keep what is too large', () => {
  const cache = new PhraseCache<string>(100);
  cache.set('small', 'x', 20);
  cache.set('large', 'y', 26);
  expect(cache.get('large')).toBeUndefined();
  expect(cache.get('small')).toBe('x');
});
