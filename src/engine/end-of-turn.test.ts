import { describe, expect, test } from 'vitest';
import { ASKED, type Case, probability } from '#test/support/asked';
import { endOfTurnProbability, lexicalTurnDetector } from './end-of-turn.ts';

/** As the recogniser writes cut-off speech: cased, most often with a full stop. */
const UNFINISHED: readonly Case[] = [
  ['open', 'I would like to book an appointment and.'],
  ['open', 'I would like to book an appointment and'],
  ['open', "I'd like to come in but."],
  ['open', 'Um.'],
  ['open', 'Yeah, um.'],
  ['open', 'So, um, uh.'],
  ['open', 'I need to cancel because.'],
  ['open', 'My name is.'],
  ['name', 'My name is'],
  ['name', "It's."],
  ['name', 'This is'],
  ['phone', 'My number is.'],
  ['phone', 'My phone number is um'],
  ['phone', 'Five five five.'],
  ['phone', '555.'],
  ['phone', "It's 415-555."],
  ['phone', 'Four one five, five five five.'],
  ['phone', 'Four one five, five five five, zero one.'],
  ['phone', '415 555 01.'],
  ['phone', 'You can reach me at.'],
  ['phone', "It's area code four one five."],
  ['email', 'John at.'],
  ['email', 'john at'],
  ['email', 'John.'],
  ['email', 'It is john dot smith at gmail.'],
  ['email', 'john dot smith at gmail dot.'],
  ['email', 'My email is john'],
  ['email', 'J-smith at'],
  ['zip', 'Nine four one.'],
  ['when', 'Tomorrow at.'],
  ['when', 'Tuesday the.'],
  ['when', 'Maybe next.'],
  ['when', 'On.'],
  ['when', 'How about.'],
  ['when', 'The twenty.'],
  ['when', 'November.'],
  ['when', 'Tuesday or.'],
  ['when', 'Any time after.'],
  ['when', 'Let me see.'],
  ['when', 'Let me check my calendar.'],
  ['when', 'Hold on.'],
  ['when', 'One second.'],
  ['when', 'If I come on Tuesday.'],
  ['open', 'When I called yesterday.'],
  ['open', 'I was wondering if.'],
  ['open', 'I was wondering'],
  ['open', 'Can you.'],
  ['open', 'Do you.'],
  ['open', 'Could you tell me the.'],
  ['open', 'I want to.'],
  ['open', "I'd like to"],
  ['open', 'I need a.'],
  ['open', 'I have an appointment with.'],
  ['open', 'I have a question about.'],
  ['open', 'What is the price for.'],
  ['open', 'How much is a cleaning with the.'],
  ['open', 'I am calling about my.'],
  ['open', "I'm calling because"],
  ['open', 'I have a toothache on my left side, and'],
  ['open', 'I would like to book,'],
  ['open', 'Well...'],
  ['open', 'I think I need'],
  ['open', 'So the thing is.'],
  ['open', 'Actually.'],
  ['yesNo', 'Yes, but.'],
  ['yesNo', 'Yeah, and.'],
  ['yesNo', 'No, I.'],
  ['yesNo', 'No, because'],
  ['told', 'Okay, and.'],
  ['told', 'Okay, so.'],
  ['told', 'Is that including the'],
  ['told', "And what's"],
  ['open', 'I was told that'],
  ['open', 'Hi, this is Maria Garcia from.'],
  ['open', 'I wanted to ask whether'],
  ['name', 'J O H N.'],
];

const FINISHED: readonly Case[] = [
  ['open', 'I would like to book an appointment.'],
  ['open', "I'd like to book a cleaning for tomorrow at three thirty."],
  ['open', 'What are your opening hours?'],
  ['open', 'what are your opening hours'],
  ['open', 'When do you open?'],
  ['open', 'When are you open on Saturday?'],
  ['open', 'How much is a checkup?'],
  ['open', 'Where are you located?'],
  ['open', 'Can I speak to a person, please?'],
  ['open', 'Do you have parking?'],
  ['open', 'Do you take Delta Dental?'],
  ['open', 'Could you tell me where it is?'],
  ['open', 'I need to cancel my appointment.'],
  ['open', 'What is it for?'],
  ['open', 'Who am I speaking with?'],
  ['open', 'What time do you close today?'],
  ['open', 'I want to leave a message.'],
  ['open', 'Hello.'],
  ['open', 'Hi.'],
  ['open', 'I have a toothache.'],
  ['open', 'My tooth hurts and I need to see someone today.'],
  ['open', 'If I come on Tuesday, can I park there?'],
  ['open', 'If I come on Tuesday can I park there'],
  ['open', 'When I called yesterday, you said it was free.'],
  ['yesNo', 'Yes.'],
  ['yesNo', 'Yeah.'],
  ['yesNo', 'No.'],
  ['yesNo', 'No, thanks.'],
  ['yesNo', 'Yes, please.'],
  ['yesNo', 'Sure.'],
  ['yesNo', "That's right."],
  ['yesNo', 'Yes, I do.'],
  ['yesNo', 'Yes, I am.'],
  ['yesNo', 'It is.'],
  ['yesNo', 'Yes, that works for me.'],
  ['yesNo', "No, let's make it four o'clock."],
  ['yesNo', 'No, I meant Thursday.'],
  ['told', 'Okay.'],
  ['told', "No, that's all."],
  ['told', "That's all, thank you."],
  ['told', 'Thank you, goodbye.'],
  ['told', 'Goodbye.'],
  ['told', 'Great, thanks.'],
  ['told', 'What about Saturdays?'],
  ['phone', '415-555-0123.'],
  ['phone', 'Four one five, five five five, zero one two three.'],
  ['phone', 'four one five five five five oh one double two'],
  ['phone', 'It is (415) 555-0123.'],
  ['phone', '+14155550123'],
  ['phone', 'You can use this number.'],
  ['phone', "I don't know."],
  ['email', 'john dot smith at gmail dot com'],
  ['email', 'John.Smith@gmail.com.'],
  ['email', 'It is john at example dot org.'],
  ['email', 'I would rather not say.'],
  ['zip', 'Nine four one oh seven.'],
  ['zip', '94107.'],
  ['name', 'Ann Smith.'],
  ['name', 'My name is Ann Smith.'],
  ['name', 'Ann.'],
  ['name', "It's John."],
  ['when', 'Tomorrow.'],
  ['when', 'Tuesday.'],
  ['when', 'Next Tuesday at three thirty.'],
  ['when', 'Tomorrow at three.'],
  ['when', 'Friday morning.'],
  ['when', 'The twenty fourth.'],
  ['when', 'At noon.'],
  ['when', 'Three p.m.'],
  ['when', "Ten o'clock."],
  ['when', 'Any time.'],
  ['when', 'As soon as possible.'],
  ['when', 'Do you have anything after five?'],
  ['open', 'I think so.'],
  ['open', 'Stop.'],
  ['open', 'Could you repeat that, please?'],
  ['open', 'Are you a robot?'],
  ['told', 'Where can I come in?'],
  ['told', "I don't know what that is."],
  ['open', "Yes, I'd like to."],
];

describe('end of turn by words', () => {
  test.each(UNFINISHED)('after %j, %j is not over', (...turn) => {
    expect(probability(turn)).toBeLessThan(0.5);
  });

  test.each(FINISHED)('after %j, %j is over', (...turn) => {
    expect(probability(turn)).toBeGreaterThanOrEqual(0.5);
  });

  test('an answer that was asked for is surer than the same words out of the blue', () => {
    expect(probability(['yesNo', 'Yes.'])).toBeGreaterThan(
      endOfTurnProbability({ text: 'Yes.', language: 'en', history: [] }),
    );
  });

  test('nothing heard is not an end', () => {
    expect(endOfTurnProbability({ text: ' ', language: 'en', history: [] })).toBeLessThan(0.5);
  });

  test('words that sound finished are not believed of a voice that stays up', () => {
    const over = (text: string, ending: number | undefined, language = 'en-US') =>
      endOfTurnProbability({ text, ending, language, history: [] });
    const statement = 'Please enter your conference.';
    expect(over(statement, undefined)).toBeGreaterThan(0.7);
    expect(over(statement, -0.6)).toBe(over(statement, undefined));
    expect(over(statement, -0.1)).toBeLessThanOrEqual(0.3);
    expect(over(statement, 0.4)).toBeLessThanOrEqual(0.3);
    expect(over(statement, -0.27)).toBeLessThan(over(statement, -0.3));
    expect(over('Ich hätte gern einen Termin.', 0, 'de-DE')).toBeLessThan(0.35);
    expect(over('I would like to book an appointment and', -0.6)).toBeLessThan(0.3);
  });

  test('a question may end high or low; short answers and whole numbers in any voice', () => {
    const over = (text: string, ending: number, after: keyof typeof ASKED = 'open') =>
      endOfTurnProbability({
        text,
        ending,
        language: 'en-US',
        history: [{ role: 'assistant', text: ASKED[after] }],
      });
    expect(over('Are you open on Saturday?', 0.5)).toBeGreaterThan(0.9);
    expect(over('What are your opening hours?', -0.5)).toBeGreaterThan(0.9);
    expect(over('What are your opening hours?', 0)).toBeLessThanOrEqual(0.5);
    expect(over('Yes please.', 0.1, 'yesNo')).toBeGreaterThan(0.9);
    expect(over('No, thank you.', 0.1)).toBeGreaterThan(0.9);
    for (const answer of [
      'That is correct.',
      'Yes, that is correct.',
      'That is wrong.',
      'That works for me.',
      'Where are you?',
    ])
      expect(over(answer, 0.1, 'yesNo')).toBeGreaterThan(0.9);
    expect(over('Four one five five five five oh one two three.', 0, 'phone')).toBeGreaterThan(0.9);
  });

  test('a noun with its article is no turn unless it was asked for', () => {
    const over = (text: string, after?: keyof typeof ASKED) =>
      endOfTurnProbability({
        text,
        language: 'en-US',
        history: after ? [{ role: 'assistant', text: ASKED[after] }] : [],
      });
    expect(over('The conference.')).toBeLessThan(0.5);
    expect(over('The conference.', 'open')).toBeGreaterThan(0.7);
    expect(over('To increase.')).toBeLessThan(0.5);
    expect(over('Give me the number you wish.')).toBeLessThan(0.3);
    expect(over('Do as you wish.')).toBeGreaterThan(0.7);
    expect(over('Which folder should I save the message to?')).toBeGreaterThan(0.9);
    expect(over('The conference is locked and cannot.')).toBeLessThan(0.3);
  });

  test('other languages: trailing words wait, questions end', () => {
    const over = (text: string, language: string) =>
      endOfTurnProbability({ text, language, history: [] }) >= 0.5;
    expect(over('Ich hätte gern einen Termin und.', 'de-DE')).toBe(false);
    expect(over('Ich hätte gern einen Termin.', 'de-DE')).toBe(true);
    expect(over('Quiero una cita para.', 'es-ES')).toBe(false);
    expect(over('¿A qué hora abren?', 'es-ES')).toBe(true);
    expect(over('Je voudrais prendre rendez-vous avec', 'fr')).toBe(false);
    expect(over('Dzień dobry, chcę się umówić.', 'pl')).toBe(true);
  });

  test('as a detector it answers with the same number, at once', async () => {
    const turn = {
      text: 'Five five five.',
      language: 'en',
      history: [{ role: 'assistant', text: ASKED.phone }] as const,
    };
    const detected = await lexicalTurnDetector.endOfTurn(
      { ...turn, silenceMs: 300 },
      AbortSignal.timeout(1000),
    );
    expect(detected).toBe(endOfTurnProbability(turn));
  });
});
