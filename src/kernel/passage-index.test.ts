import { describe, expect, test } from 'vitest';
import { editDistance, passageIndex } from './passage-index.ts';
import { stem } from './terms.ts';

const PASSAGES = [
  { text: 'Monday to Friday 9 AM to 5 PM.', heading: 'Opening hours' },
  { text: 'Saturday 10 AM to 1 PM.', heading: 'Opening hours' },
  { text: 'We are at 12 Elm Street, next to the library.', heading: 'Location' },
  { text: 'Cleaning: $90', heading: 'Prices' },
  { text: 'Whitening: $250', heading: 'Prices' },
  { text: 'Free parking behind the building.' },
  { text: 'We accept Delta Dental and MetLife.', heading: 'Insurance' },
  { text: 'Children are welcome from the age of two.' },
];
const index = passageIndex(PASSAGES);
const best = (query: string) => PASSAGES[index.search(query, 1)[0]?.at ?? -1]?.text;

describe('finds', () => {
  test.each([
    ['What time do you close on Saturday?', 'Saturday 10 AM to 1 PM.'],
    ['are you open on wednesday', 'Monday to Friday 9 AM to 5 PM.'],
    ['Where are you located?', 'We are at 12 Elm Street, next to the library.'],
    ['How much is a cleaning?', 'Cleaning: $90'],
    ['what would teeth whitenning cost me', 'Whitening: $250'],
    ['Is there somewhere I can park?', 'Free parking behind the building.'],
    ['do you take delta dentel', 'We accept Delta Dental and MetLife.'],
    ['Can I bring my kids?', 'Children are welcome from the age of two.'],
  ])('%j -> %j', (query, text) => expect(best(query)).toBe(text));
});

test('coverage tells a question it can answer from one about something else', () => {
  const coverage = (query: string) => index.search(query, 1)[0]?.coverage ?? 0;
  expect(coverage('How much is a cleaning?')).toBeGreaterThan(0.9);
  expect(coverage('How much is a root canal?')).toBeLessThan(0.4);
  expect(index.search('Do you sell bicycles?', 3)).toEqual([]);
  expect(index.search('what is it', 3)).toEqual([]);
});

test('an empty index finds nothing', () => {
  expect(passageIndex([]).search('hours', 3)).toEqual([]);
});

test('knows its words in any form', () => {
  expect(index.knows('cleanings')).toBe(true);
  expect(index.knows('bicycle')).toBe(false);
});

test.each([
  ['cleanings', 'clean'],
  ['parties', 'party'],
  ['boxes', 'box'],
  ['planned', 'plan'],
  ['glass', 'glass'],
  ['sing', 'sing'],
])('stems %s to %s', (word, expected) => expect(stem(word)).toBe(expected));

test.each([
  ['hours', 'ours', 2, 1],
  ['friday', 'firday', 2, 1],
  ['kitten', 'sitting', 3, 3],
  ['abc', 'xyz', 1, 2],
  ['', 'a', 2, 1],
])('%s to %s within %i is %i', (a, b, limit, edits) => expect(editDistance(a, b, limit)).toBe(edits));
