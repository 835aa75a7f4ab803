import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { schemaProblems } from '#engine/arguments';
import type { Json } from '#kernel/json';

const booking: Json = {
  type: 'object',
  properties: {
    day: { type: 'string', format: 'date' },
    guests: { type: 'integer', minimum: 1, maximum: 12 },
    email: { type: ['string', 'null'], format: 'email' },
    kind: { enum: ['lunch', 'dinner'] },
    notes: { type: 'array', items: { type: 'string', maxLength: 5 }, maxItems: 2 },
  },
  required: ['day', 'guests'],
  additionalProperties: false,
};

test.each<[Json, string[]]>([
  [{ day: '2030-02-28', guests: 2 }, []],
  [{ day: '2030-02-28', guests: 2, email: null, kind: 'lunch', notes: ['a', 'b'] }, []],
  [{ guests: 2 }, ['`day` is missing']],
  [{ day: '2030-02-30', guests: 2 }, ['`day` must be a valid date']],
  [{ day: '2030-02-28', guests: 2.5 }, ['`guests` must be integer, not number']],
  [{ day: '2030-02-28', guests: 0 }, ['`guests` must be at least 1']],
  [{ day: '2030-02-28', guests: '2' }, ['`guests` must be integer, not string']],
  [{ day: '2030-02-28', guests: 2, kind: 'tea' }, ['`kind` must be one of "lunch", "dinner"']],
  [{ day: '2030-02-28', guests: 2, notes: ['toolong'] }, ['`notes.0` must have at most 5 characters']],
  [{ day: '2030-02-28', guests: 2, extra: 1 }, ['`extra` is not a parameter']],
  [[], ['the arguments must be object, not array']],
])('%j', (value, problems) => {
  expect(schemaProblems(booking, value)).toEqual(problems);
});

test('follows local references, and does not follow them forever', () => {
  const schema: Json = {
    $defs: {
      node: { type: 'object', properties: { next: { $ref: '#/$defs/node' }, id: { type: 'number' } } },
    },
    $ref: '#/$defs/node',
  };
  expect(schemaProblems(schema, { next: { next: { id: 'x' } } })).toEqual([
    '`next.next.id` must be number, not string',
  ]);
  expect(schemaProblems({ $ref: '#' }, 1)).toEqual([]);
});

test('a pattern that cannot be compiled forbids nothing; one that may be slow is not tried on long text', () => {
  expect(schemaProblems({ type: 'string', pattern: '(' }, 'x')).toEqual([]);
  expect(schemaProblems({ type: 'string', pattern: '^a+$' }, 'a'.repeat(3_000))).toHaveLength(1);
});

test('agrees with Ajv on whether anything is wrong', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const leaf = fc.constantFrom<Json>(
    { type: 'string', minLength: 2 },
    { type: 'integer', minimum: 0 },
    { type: ['number', 'null'], exclusiveMaximum: 10, multipleOf: 0.5 },
    { enum: ['a', 1, null, { b: 2 }] },
    { const: [1, 2] },
    { type: 'array', items: { type: 'number' }, uniqueItems: true, minItems: 1 },
    { anyOf: [{ type: 'string' }, { type: 'number', minimum: 5 }] },
    {
      oneOf: [
        { type: 'number', minimum: 1 },
        { type: 'number', maximum: 3 },
      ],
    },
    { allOf: [{ minimum: 1 }, { maximum: 3 }], not: { const: 2 } },
    { type: 'string', pattern: '^[ab]+$' },
    false,
  );
  const schema = fc.record({
    type: fc.constant('object'),
    properties: fc.dictionary(fc.constantFrom('p', 'q', 'r'), leaf, { noNullPrototype: true }),
    required: fc.uniqueArray(fc.constantFrom('p', 'q')),
    additionalProperties: fc.constantFrom(true, false),
  });
  const value = fc.constantFrom<Json>('a', 'ab', '', 0, 1, 2, 3, 4.5, 7, -1, null, true, [1, 2], [1, 1], [], {
    b: 2,
  });
  const object = fc.dictionary(fc.constantFrom('p', 'q', 'r', 's'), value, { noNullPrototype: true });
  fc.assert(
    fc.property(schema, object, (shape, args) => {
      const isFine = ajv.validate(shape, args);
      expect(schemaProblems(shape as Json, args).length === 0).toBe(isFine);
    }),
    { numRuns: 800 },
  );
});
