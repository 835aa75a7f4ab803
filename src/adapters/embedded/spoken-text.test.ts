import { expect, test } from 'vitest';
import { spokenPieces } from './spoken-text.ts';

const say = (text: string) =>
  spokenPieces(text)
    .map((piece) => piece.spoken)
    .filter((spoken) => spoken !== '')
    .join(' ');

test.each([
  // times
  ['We open at 9 AM.', 'We open at nine A M.'],
  ['from 9am to 5:30 p.m. daily', 'from nine A M to five thirty P M daily'],
  ['It is 9:05.', 'It is nine oh five.'],
  ['at 14:00 sharp', "at fourteen o'clock sharp"],
  ['Come by 7 a.m.', 'Come by seven A M.'],
  // telephone numbers
  ['Call (555) 123-4567 now', 'Call five five five, one two three, four five six seven now'],
  ['Call 555-0199.', 'Call five five five, zero one nine nine.'],
  ['+44 20 7946 0958', 'plus four four, two zero, seven nine four six, zero nine five eight'],
  ['5551234567', 'five five five one two three four five six seven'],
  // money
  ['$1,234.56, please', 'one thousand two hundred thirty four dollars and fifty six cents, please'],
  ['It costs $1.', 'It costs one dollar.'],
  ['$0.99', 'ninety nine cents'],
  ['€5 million', 'five million euros'],
  ['a $2.5M deal', 'a two point five million dollars deal'],
  ['₹500', 'five hundred rupees'],
  // dates
  ['March 3rd, 2024 at noon', 'March third, twenty twenty four at noon'],
  ['on Jan. 21', 'on January twenty first'],
  ['the 2nd of May', 'the second of May'],
  ['12 June 1999', 'twelfth of June, nineteen ninety nine'],
  ['2024-05-06', 'May sixth, twenty twenty four'],
  ['5/6/2024', 'May sixth, twenty twenty four'],
  ['since 2005', 'since two thousand five'],
  ['in 1905', 'in nineteen oh five'],
  // numbers
  ['The 21st of 30', 'The twenty first of thirty'],
  ['1,204 of them', 'one thousand two hundred four of them'],
  ['3.14 and -7', 'three point one four and minus seven'],
  ['code 0042', 'code zero zero four two'],
  ['order 48213', 'order four eight two one three'],
  ['3-5 days', 'three to five days'],
  ['50% off', 'fifty percent off'],
  ['1/2 or 7/8', 'one half or seven out of eight'],
  ['24/7', 'twenty four seven'],
  // addresses
  ['jane.doe@example.com', 'jane dot doe at example dot com'],
  ['Visit https://www.example.com/help today', 'Visit W W W dot example dot com slash help today'],
  ['See example.com.', 'See example dot com.'],
  // units and abbreviations
  ['12 kg and 72°F', 'twelve kilograms and seventy two degrees Fahrenheit'],
  ['1 hr', 'one hour'],
  ['Dr. Smith vs. Mrs. Jones', 'doctor Smith versus misses Jones'],
  ['pens & paper, etc.', 'pens and paper, et cetera.'],
  ['the BBC', 'the B B C'],
  // what is only there for the eye
  ['**Bold** and _soft_ `code`', 'Bold and soft code'],
  ['see [our site](https://x.org)', 'see our site'],
  ['# Title', 'Title'],
  ['- one item', 'one item'],
  ['Great 😀 news!', 'Great news!'],
  ['café, naïve', 'cafe, naive'],
  ['noon—maybe', 'noon, maybe'],
  ['“Really?” she said', 'Really? she said'],
  ['', ''],
])('%j is said %j', (text, spoken) => {
  expect(say(text)).toBe(spoken);
});

test('the written words are all there, in order', () => {
  const text = 'Call (555) 123-4567 before 9:30 p.m. on March 3rd, 2024, ask for "Dr. Who", pay $1,234.56!';
  const sources = spokenPieces(text).map((piece) => piece.source);
  expect(sources.join(' ')).toBe(text);
  expect(sources).toContain('(555) 123-4567');
});
