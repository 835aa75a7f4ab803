import { describe, expect, test } from 'vitest';
import { isBackchannel } from './backchannel.ts';

describe('a backchannel', () => {
  test.each([
    'mhm',
    'Mm-hmm.',
    'Mm hmm',
    'Mmm.',
    'uh-huh',
    'Uh huh.',
    'Uh-huh, yeah.',
    'okay',
    'Okay.',
    'OK',
    'right',
    'Right.',
    'yeah',
    'Yeah, yeah.',
    'Yes.',
    'I see',
    'Oh, I see.',
    'got it',
    'sure',
    'Sure.',
    'All right.',
    'Alright, okay.',
    'oh',
    'Ah.',
    'hmm',
    'Huh.',
    'Um',
    "That's right.",
    'That’s right',
    'Makes sense.',
    'Okay, got it.',
    'Exactly.',
    'Yep',
    'Wow.',
    'Sounds good.',
    'Right, right, right.',
    'Aha.',
  ])('is %j', (text) => {
    expect(isBackchannel(text, 'en-US')).toBe(true);
  });

  test.each([
    'okay stop',
    'Okay, stop.',
    'right, but',
    'Yeah, but I need it today.',
    'no',
    'No.',
    'wait',
    'stop',
    'Sorry?',
    'What?',
    'hello',
    'Okay, and how much is it?',
    'yes please',
    'sure, on Tuesday',
    'I see a problem',
    'got it wrong',
    '',
    '   ',
    '...',
    'Right here',
    'thank you',
    'goodbye',
    'Mom',
    'one',
    'all',
    'that',
    'yeah yeah yeah yeah yeah yeah yeah yeah',
  ])('is not %j', (text) => {
    expect(isBackchannel(text, 'en-US')).toBe(false);
  });

  test.each([
    'yes',
    'Yeah.',
    'okay',
    'Sure.',
    'Right.',
    'mhm',
    'Uh-huh.',
    'Mm-hmm',
    "That's right.",
    'no',
    'Oh, yes.',
  ])('is not %j while a question is open', (text) => {
    expect(isBackchannel(text, 'en-US', { agentAsked: true })).toBe(false);
  });

  test.each(['hmm', 'I see.', 'oh', 'Um.'])('is %j even while a question is open', (text) => {
    expect(isBackchannel(text, 'en-US', { agentAsked: true })).toBe(true);
  });

  test('knows other languages, and the noises in all of them', () => {
    expect(isBackchannel('Genau, ja.', 'de-DE')).toBe(true);
    expect(isBackchannel('Sí, claro.', 'es-MX')).toBe(true);
    expect(isBackchannel("D'accord.", 'fr')).toBe(true);
    expect(isBackchannel('Mhm.', 'pl-PL')).toBe(true);
    expect(isBackchannel('okay', 'pl-PL')).toBe(false);
    expect(isBackchannel('Ja, aber', 'de-DE')).toBe(false);
  });
});
