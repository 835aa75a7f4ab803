import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { heardText, type Span } from '#engine/heard';

const words = (text: string, msPerWord: number) => {
  return text.split(' ').map((word, i) => ({ text: word, fromMs: i * msPerWord, toMs: (i + 1) * msPerWord }));
};
const whole = { audioMs: 2_000, isComplete: true };

describe('the words that were played', () => {
  const spans: Span[] = [
    { text: 'One two three four', fromMs: 0, words: words('One two three four', 250) },
    { text: 'five six.', fromMs: 1_000, words: undefined },
  ];

  test.each([
    [0, ''],
    [124, ''],
    [126, 'One'],
    [700, 'One two three'],
    [999, 'One two three four'],
    [1_100, 'One two three four'],
    [1_400, 'One two three four five'],
    [1_999.5, 'One two three four five six.'],
    [9_999, 'One two three four five six.'],
  ])('after %i ms', (playedMs, text) => {
    const heard = heardText(spans, { ...whole, playedMs });
    expect(heard.text).toBe(text);
  });

  test('and the characters that were not', () => {
    expect(heardText(spans, { ...whole, playedMs: 1_000 }).unheardChars).toBe('five six.'.length);
    expect(heardText(spans, { ...whole, playedMs: 0 }).unheardChars).toBe(
      'One two three fourfive six.'.length,
    );
    expect(heardText(spans, { ...whole, playedMs: 2_000 }).unheardChars).toBe(0);
  });

  test('of a piece whose audio is still being made count by the usual rate', () => {
    const span: Span = {
      text: 'one two three four five six seven eight nine ten',
      fromMs: 0,
      words: undefined,
    };
    const heard = heardText([span], { playedMs: 500, audioMs: 500, isComplete: false });
    expect(heard.text).toBe('one two');
  });

  test('do not run out of step when the voice counts words its own way', () => {
    const span: Span = {
      text: 'It costs $5.50 now',
      fromMs: 0,
      words: words('It costs five dollars fifty cents now', 100),
    };
    expect(heardText([span], { playedMs: 700, audioMs: 700, isComplete: true }).text).toBe(
      'It costs $5.50 now',
    );
    expect(heardText([span], { playedMs: 200, audioMs: 700, isComplete: true }).text).toBe('It');
  });

  test('are always a beginning of the text, and grow', () => {
    const text = fc.array(fc.constantFrom('a', 'bird', 'sang,', 'loudly.', 'Then', 'flew'), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 5 }),
        fc.nat(9_000),
        fc.nat(3_000),
        (texts, playedMs, moreMs) => {
          let fromMs = 0;
          const pieces = texts.map((list): Span => {
            const span = { text: list.join(' '), fromMs, words: undefined };
            fromMs += list.length * 150;
            return span;
          });
          const all = pieces.map((piece) => piece.text).join(' ');
          const at = (ms: number) => heardText(pieces, { playedMs: ms, audioMs: fromMs, isComplete: true });
          const [early, late] = [at(playedMs).text, at(playedMs + moreMs).text];
          expect(all.startsWith(early)).toBe(true);
          expect(late.startsWith(early)).toBe(true);
        },
      ),
    );
  });
});
