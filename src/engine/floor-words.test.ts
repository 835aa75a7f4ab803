import { expect, test } from 'vitest';
import { claimsFloor } from '#engine/floor-words';

test.each([
  ['Stop.', 200, true],
  ['No, no.', 300, true],
  ['But what?', 300, false],
  ['But what?', 500, true],
  ['What about Mondays?', 800, true],
  ['Amen.', 380, false],
  ['Every time I am,', 800, false],
  ['I would rather come on Tuesday', 700, true],
])('“%s” in %i ms: %s', (text, voicedMs, claims) => {
  expect(claimsFloor(text, 'en-US', { voicedMs })).toBe(claims);
});

test.each([
  ['No, no.', 0.71, false],
  ['No.', 0.79, true],
  ['No case.', 0.6, false],
  ['Wait,', 0.67, true],
  ['Hello?', 0.55, false],
])('“%s” of which the recogniser is sure to %d: %s', (text, confidence, claims) => {
  expect(claimsFloor(text, 'en-US', { confidence })).toBe(claims);
});

test('knows other languages, and of unknown ones only how much was said', () => {
  expect(claimsFloor('Moment, bitte', 'de-DE')).toBe(true);
  expect(claimsFloor('Moment, bitte', 'sv-SE')).toBe(false);
  expect(claimsFloor('jag vill gärna komma på tisdag', 'sv-SE')).toBe(true);
});
