import { describe, expect, it } from 'vitest';
import type { Dial, DialStatus } from './dial.ts';
import { dialStatusOf, isMachine, isNews, isVoicemail, missedReason } from './verdict.ts';

const known = (status: DialStatus, lastSequence: number) => ({ status, lastSequence }) as Dial;

describe('a report of the carrier', () => {
  it.each<[string, DialStatus, number, DialStatus, number | null, boolean]>([
    ['the first', 'queued', -1, 'initiated', 0, true],
    ['a step forward', 'ringing', 1, 'in-progress', 2, true],
    ['two steps forward', 'initiated', 0, 'completed', 3, true],
    ['said before', 'ringing', 1, 'ringing', 1, false],
    ['an end that was overtaken', 'ringing', 5, 'busy', 3, false],
    ['a later number on an earlier step', 'in-progress', 2, 'ringing', 9, false],
    ['anything after the end', 'busy', 2, 'completed', 9, false],
    ['a step forward without a number', 'ringing', 1, 'in-progress', null, true],
    ['a step back without a number', 'in-progress', 2, 'ringing', null, false],
    ['an end without a number', 'ringing', 1, 'no-answer', null, true],
  ])('%s', (_, status, last, told, sequence, isIt) => {
    expect(isNews(known(status, last), { status: told, sequence })).toBe(isIt);
  });

  it('is read in the carrier’s words', () => {
    expect(dialStatusOf('answered')).toBe('in-progress');
    expect(dialStatusOf('no-answer')).toBe('no-answer');
    for (const word of [undefined, '', 'constructor', 'COMPLETED']) expect(dialStatusOf(word)).toBeNull();
  });

  it('says why nobody was connected', () => {
    expect(missedReason('completed', null)).toBe('caller_hung_up');
    expect(missedReason('completed', 'human')).toBe('caller_hung_up');
    expect(missedReason('completed', 'machine_end_other')).toBe('voicemail');
    expect(missedReason('no-answer', null)).toBe('no_answer');
  });
});

it.each([
  ['human', false, false],
  ['unknown', false, false],
  [null, false, false],
  ['machine_start', true, true],
  ['machine_end_silence', true, true],
  ['fax', true, false],
])('%s: a machine %s, one for messages %s', (answeredBy, machine, voicemail) => {
  expect([isMachine(answeredBy), isVoicemail(answeredBy)]).toEqual([machine, voicemail]);
});
