import { expect, test } from 'vitest';
import { fillVariables } from './variables.ts';

test('fills what is known, empties and reports what is not', () => {
  const filled = fillVariables('Hello {{name}}, {{ Order.id }} and {{missing}}, {{missing}}.', {
    name: 'Ann',
    'order.id': '17',
  });
  expect(filled).toEqual({ text: 'Hello Ann, 17 and , .', unknown: ['missing'] });
});

test('a value is never taken for a template, nor for a replacement pattern', () => {
  expect(fillVariables('{{a}}', { a: '{{b}} $& $1', b: 'secret' }).text).toBe('{{b}} $& $1');
});

test("names of an object's own machinery are not values", () => {
  expect(fillVariables('{{constructor}}{{toString}}', {})).toEqual({
    text: '',
    unknown: ['constructor', 'toString'],
  });
});

test('leaves what is no placeholder', () => {
  expect(fillVariables('{name} {{}} {{ a b }} }}{{', {}).text).toBe('{name} {{}} {{ a b }} }}{{');
});
