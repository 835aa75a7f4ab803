import { DateTime } from 'luxon';
import { describe, expect, test } from 'vitest';
import { spokenDigits } from './numbers.ts';
import { readUtterance } from './utterance.ts';
import { readWhen } from './when.ts';

/** Thursday, 19 November 2026, 10:05 in New York. */
const now = DateTime.fromISO('2026-11-19T10:05', { zone: 'America/New_York' });

function when(text: string, asked: 'time' | 'date' | null = null): string {
  const said = readWhen(readUtterance(text).text, { now, asked, open: null });
  const date = said.date?.toISODate() ?? '-';
  const time = said.time ? `${said.time.hour}:${String(said.time.minute).padStart(2, '0')}` : '-';
  return [date, time, said.part, said.earliest ? 'earliest' : null]
    .filter((piece) => piece !== null)
    .join(' ');
}

describe('days', () => {
  test.each([
    ['today', '2026-11-19 -'],
    ['Tomorrow.', '2026-11-20 -'],
    ['the day after tomorrow', '2026-11-21 -'],
    ['to morrow', '2026-11-20 -'],
    ['Tuesday', '2026-11-24 -'],
    ['on Thursday', '2026-11-19 -'],
    ['next Thursday', '2026-11-26 -'],
    ['next Tuesday', '2026-11-24 -'],
    ['Tuesday next week', '2026-11-24 -'],
    ['a week from Friday', '2026-11-27 -'],
    ['Thirsday', '2026-11-19 -'],
    ['tues day', '2026-11-24 -'],
    ['November 24th', '2026-11-24 -'],
    ['November twenty fourth', '2026-11-24 -'],
    ['the 24th of November', '2026-11-24 -'],
    ['the second of December', '2026-12-02 -'],
    ['December 2', '2026-12-02 -'],
    ['January third', '2027-01-03 -'],
    ['the twenty fourth', '2026-11-24 -'],
    ['the third', '2026-12-03 -'],
    ['11/24', '2026-11-24 -'],
    ['2026-11-24', '2026-11-24 -'],
    ['in three days', '2026-11-22 -'],
    ['in two weeks', '2026-12-03 -'],
    ['in a week', '2026-11-26 -'],
    ['next week', '2026-11-23 -'],
    ['as soon as possible', '- - earliest'],
    ['the first available', '- - earliest'],
    ['not Tuesday, Wednesday', '2026-11-25 -'],
    ['Friday instead of Monday', '2026-11-20 -'],
    ['Tuesday, no, Wednesday', '2026-11-25 -'],
    ['no I meant Friday', '2026-11-20 -'],
    ['Monday, sorry, I mean Tuesday', '2026-11-24 -'],
  ])('%j is %s', (text, expected) => expect(when(text)).toBe(expected));
});

describe('times', () => {
  test.each([
    ['three thirty', '- 15:30'],
    ['at three', '- 15:00'],
    ['at 9', '- 9:00'],
    ['3:30 PM', '- 15:30'],
    ['3:30 p.m.', '- 15:30'],
    ['10am', '- 10:00'],
    ['ten a.m.', '- 10:00'],
    ["ten o'clock", '- 10:00'],
    ['ten o clock in the morning', '- 10:00 morning'],
    ['half past nine', '- 9:30'],
    ['half passed nine', '- 9:30'],
    ['a quarter to four', '- 15:45'],
    ['ten past three', '- 15:10'],
    ['noon', '- 12:00'],
    ['at twelve', '- 12:00'],
    ['fifteen thirty', '- 15:30'],
    ['two oh five', '- 14:05'],
    ['nine forty five', '- 9:45'],
    ['eight in the evening', '- 20:00 evening'],
    ['at seven in the morning', '- 7:00 morning'],
    ['make it four', '- 16:00'],
    ["No, let's make it four o'clock", '- 16:00'],
    ['a table for four at seven', '- 7:00'],
    ['four people', '- -'],
    ['ninety dollars', '- -'],
    ['four one five five five five', '- -'],
    ['I have two kids', '- -'],
  ])('%j is %s', (text, expected) => expect(when(text)).toBe(expected));

  test('a bare number is a time only where one was asked for', () => {
    expect(when('three')).toBe('- -');
    expect(when('three', 'time')).toBe('- 15:00');
    expect(when('the first one', 'time')).toBe('- -');
  });
});

test("a business's hours settle the half of the day", () => {
  const at = (text: string, open: { from: number; to: number } | null) =>
    readWhen(text, { now, asked: null, open }).time?.hour;
  expect(at('at seven', null)).toBe(7);
  expect(at('at seven', { from: 17, to: 23 })).toBe(19);
  expect(at('at five', { from: 5, to: 11 })).toBe(5);
  expect(at('at seven am', { from: 17, to: 23 })).toBe(7);
});

test.each([
  ['tomorrow at three thirty', '2026-11-20 15:30'],
  ['next Tuesday morning', '2026-11-24 - morning'],
  ['Tuesday the twenty fourth at ten', '2026-11-24 10:00'],
  ['November 24th at 2 p.m.', '2026-11-24 14:00'],
  ['Friday at three, no, at four', '2026-11-20 16:00'],
  ["I'd like to come in on Monday afternoon around two", '2026-11-23 14:00 afternoon'],
  ['any day in the morning', '- - morning earliest'],
  ['it hurts a lot', '- -'],
])('%j is %s', (text, expected) => expect(when(text)).toBe(expected));

test.each([
  ['four one five, five five five, zero one two three', '4155550123'],
  ['415-555-0123', '4155550123'],
  ['(415) 555-0123.', '4155550123'],
  ['my number is four one five double five five oh one two three', '4155550123'],
  ['Four one five. Five five five. Oh one twenty three.', '4155550123'],
  ['plus one four one five triple five zero one two three', '+14155550123'],
  ['eight hundred five five five zero one nine nine', '8005550199'],
  ['for one five, five five five, two six seven eight', '4155552678'],
  ['my numbers for 155551212', '4155551212'],
  ['five five five to three four one', '5552341'],
  ['a table for two to four people', '2'],
  ['no digits here', ''],
])('the digits of %j are %s', (text, digits) => expect(spokenDigits(readUtterance(text).words)).toBe(digits));
