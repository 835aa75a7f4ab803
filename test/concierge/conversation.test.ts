import { describe, expect, test } from 'vitest';
import { receptionist, type Talk } from './dialogue.ts';

type Line = readonly [caller: string, agent: RegExp];

/** Plays a script against the demo receptionist; each answer must be as expected. */
async function play(...lines: readonly Line[]) {
  const call = await receptionist();
  await go(call.talk, ...lines);
  return call;
}

async function go(talk: Talk, ...lines: readonly Line[]) {
  for (const [caller, agent] of lines) expect(await talk.says(caller), `after "${caller}"`).toMatch(agent);
}

const BYE: Line = ['No, that is all. Goodbye.', /thank you for calling bright smile dental. goodbye/i];

describe('the conversation itself', () => {
  test('a person is put through to', async () => {
    for (const wish of [
      'Can I speak to a person, please?',
      'I want to talk to a human.',
      'Operator.',
      'Could you transfer me to the front desk?',
      'Put me through to someone.',
    ]) {
      const { talk } = await play([wish, /put you through/]);
      expect(talk.argumentsOf('transfer_call'), wish).toEqual({ destination: 'front desk' });
      expect(talk.effects).toEqual(['transfer']);
    }
  });

  test.each(['Are you a robot?', 'Am I talking to a real person?', 'Is this a recording?', 'Are you human?'])(
    '%j is answered honestly',
    async (question) => {
      const { talk } = await play([question, /automated assistant.*not a person/]);
      expect(talk.called).toEqual([]);
    },
  );

  test.each([
    'Sorry, what was that?',
    'Could you repeat that, please?',
    'Pardon?',
    "I didn't catch that.",
    'What did you say?',
  ])('%j repeats', async (line) => {
    await play(['How much is a cleaning?', /95 dollars/], [line, /^Cleaning is 95 dollars\.$/]);
  });

  test('the opening can be repeated, and so can the question of a booking', async () => {
    await play(
      ['Sorry?', /this is Anna at Bright Smile Dental/],
      ['I want an appointment on Tuesday at ten.', /your name/i],
      ['Say that again?', /May I have your name/],
    );
  });

  test('a message, with the message in the first sentence', async () => {
    const { messages } = await play(
      ['Please tell Doctor Lee that I will be ten minutes late.', /your name/i],
      ['This is Sam Jones.', /Thank you, Sam/],
      BYE,
    );
    expect(messages).toMatchObject([{ text: 'I will be ten minutes late.', callerName: 'Sam Jones' }]);
  });

  test('what no tool can do is said so', async () => {
    const { talk } = await play(
      ['I need to cancel my appointment.', /cannot change appointments.*take a message/],
      ['No.', /anything else/],
    );
    expect(talk.called).toEqual([]);
  });

  test('small talk', async () => {
    await play(
      ['Hello?', /Hello! How can I help you/],
      ['How are you?', /well, thank you/],
      ['Who am I speaking with?', /I am Anna of Bright Smile Dental, an automated assistant/],
      ['What can you do?', /answer questions about opening hours, location and prices, book appointments/],
      ['What day is it today?', /Thursday, November 19/],
      ['Thank you.', /You are welcome\. Is there anything else/],
      ['Okay.', /what can I do for you/],
      ['No.', /Goodbye/],
    );
  });

  test.each([
    'Goodbye.',
    'Bye bye.',
    'Thanks, have a nice day.',
    "That's all, thank you.",
    'No thanks, bye.',
    'Okay, thank you very much. Goodbye.',
    'See you then.',
  ])('%j ends the call', async (line) => {
    const { talk } = await play(['Where are you?', /Elm Street/], [line, /Goodbye!/]);
    expect(talk.called).toEqual(['end_call']);
    expect(talk.effects).toEqual(['endCall']);
  });

  test('wait, stop', async () => {
    await play(
      ['Wait a second.', /take your time/],
      ['Stop.', /Okay\. What can I do for you/],
      ['Stop calling me.', /sorry for the disturbance\. Goodbye/],
    );
  });

  test('what is not understood is asked for again, then helped along', async () => {
    await play(
      ['Blah flurb.', /did not catch that/],
      ['Wibble wobble.', /still did not understand\. I can answer questions/],
      ['Parking.', /behind the building/],
    );
  });

  test('a call that keeps being misunderstood stays polite and calls nothing', async () => {
    const { talk } = await receptionist();
    for (const noise of ['the the', 'hm hm', 'grey seven elephants', 'so and', 'zzz', 'it it it'])
      expect(await talk.says(noise)).toMatch(/\S/);
    expect(talk.called).toEqual([]);
  });
});

describe('callers who come round about it', () => {
  test('hesitations, an earlier time, a name inside a sentence', async () => {
    const { bookings } = await play(
      [
        'Hi there, um, I was wondering if you guys have any openings this Friday?',
        /Tomorrow, Friday, November 20, I have/,
      ],
      ['Hmm, do you have anything earlier?', /9 AM, 9:30 AM or 10 AM/],
      ["Okay the nine o'clock.", /your name/i],
      ["Sure, it's Jennifer Lawson.", /phone number/i],
      [
        'Uh, my cell is six five zero, two five three, zero zero zero zero.',
        /9 AM for Jennifer Lawson, phone number 6 5 0, 2 5 3, 0 0 0 0/,
      ],
      ['Yep.', /all set/i],
    );
    expect(bookings).toMatchObject([{ attendeeName: 'Jennifer Lawson', attendeePhone: '6502530000' }]);
  });

  test('a weekday means the one in the week that was spoken of', async () => {
    await play(
      ['Yeah, I need to get my teeth cleaned.', /which day and time/i],
      ['Sometime next week.', /Monday, November 23/],
      ['Thursday would be good.', /Thursday, November 26, I have/],
      ['Afternoon.', /noon, 2:30 PM or 4:30 PM/],
      ['Three.', /your name/i],
      ['Bob Stone', /phone/i],
      ['415 555 0100', /a cleaning on Thursday, November 26 at 3 PM for Bob Stone/],
    );
  });

  test('what is named as wrong is asked for again', async () => {
    const { talk } = await play(
      ['Book me in for Monday at ten thirty.', /your name/i],
      ['Great.', /your name/i],
      ['Karl.', /phone/i],
      ['415 555 0100', /for Karl.*Shall I book it/],
      ['No, the number is wrong.', /What phone number/],
      ['415 555 0199', /0 1 9 9.*Shall I book it/],
      ['The name is wrong too.', /your name/i],
      ['Carl Weber', /for Carl Weber.*Shall I book it/],
      ['Yes.', /all set/i],
    );
    expect(talk.argumentsOf('book_appointment')).toMatchObject({ name: 'Carl Weber', phone: '4155550199' });
  });

  test('who introduces themselves is not asked again', async () => {
    const { messages } = await play(
      ['Hi, this is Rosa Diaz.', /^Hello Rosa/],
      ['Can Doctor Patel call me back?', /Thank you, Rosa\. I will pass that on/],
      ['That is it.', /Goodbye/],
    );
    expect(messages).toMatchObject([{ text: 'Can Doctor Patel call me back?', callerName: 'Rosa Diaz' }]);
  });

  test('an okay with a new question behind it is no yes to the offer', async () => {
    const { talk } = await play(
      ['Do you speak Spanish?', /Shall I take a message/],
      ['Okay. And do you see kids?', /Children are welcome/],
      ['Can you hear me?', /Yes, I can hear you/],
      ["I'm driving, one second.", /take your time/],
    );
    expect(talk.called).toEqual([]);
  });
});

describe('interruptions', () => {
  test('the new question is answered', async () => {
    const { talk } = await play(['What are your opening hours?', /Monday to Friday/]);
    expect(await talk.interrupts('We are open Monday', 'Sorry, how much is a cleaning?')).toMatch(
      /^Cleaning is 95 dollars\.$/,
    );
  });

  test('what was cut off can be heard in full', async () => {
    const { talk } = await play(['What are your opening hours?', /Monday to Friday/]);
    expect(await talk.interrupts('We are open', 'What was that?')).toMatch(
      /^We are open Monday to Friday, 9 AM to 5 PM\. Closed/,
    );
    expect(await talk.interrupts('We are open Monday', 'Go on.')).toMatch(/Closed on Saturday/);
  });

  test('a yes into the middle of the read-back is a yes', async () => {
    const { talk, bookings } = await play([
      'Book a checkup on Tuesday at ten for Ann Smith, my number is 415 555 0123.',
      /Shall I book it/,
    ]);
    expect(await talk.interrupts('Sure. That is a checkup on Tuesday, November 24', 'Yes, yes.')).toMatch(
      /all set/i,
    );
    expect(bookings).toHaveLength(1);
  });

  test('a no into the middle of it changes what it names', async () => {
    const { talk } = await play([
      'Book a checkup on Tuesday at ten for Ann Smith, my number is 415 555 0123.',
      /Shall I book it/,
    ]);
    expect(await talk.interrupts('Sure. That is a checkup on Tuesday,', 'No, wait, Wednesday.')).toMatch(
      /Wednesday, November 25 at 10 AM.*Shall I book it/,
    );
    expect(talk.called).not.toContain('book_appointment');
  });

  test('a transfer that was broken off is not done behind the back', async () => {
    const { talk } = await play(['What are your opening hours?', /Monday/]);
    talk.messages.push(
      { role: 'user', text: 'I want to talk to a person.' },
      { role: 'assistant', text: 'One moment,', interrupted: true },
    );
    expect(await talk.says('Oh wait, just tell me the address.')).toMatch(/12 Elm Street/);
    expect(talk.called).toEqual([]);
  });

  test('a booking whose confirmation was talked over is told about', async () => {
    const { talk } = await play(
      ['Book a checkup on Tuesday at ten for Ann Smith, my number is 415 555 0123.', /Shall I book it/],
      ['Yes.', /all set/i],
    );
    talk.messages.pop();
    expect(await talk.says('Where do I park?')).toMatch(
      /^You are booked for a checkup on Tuesday, November 24 at 10 AM.* You can park/,
    );
  });

  test('a look-up that was broken off is made again', async () => {
    const { talk } = await receptionist();
    talk.messages.push(
      { role: 'user', text: 'Do you have anything on Tuesday?' },
      {
        role: 'assistant',
        text: '',
        toolCalls: [{ id: 'x', name: 'find_slots', arguments: { date: '2026-11-24' } }],
      },
      {
        role: 'tool',
        toolCallId: 'x',
        name: 'find_slots',
        result: { error: 'The caller spoke before this finished.' },
      },
    );
    expect(await talk.says('In the morning.')).toMatch(
      /Tuesday, November 24, I have 9 AM, 10:30 AM or 11:30 AM/,
    );
  });
});

describe('as the recogniser garbles it', () => {
  test('a whole booking', async () => {
    const { bookings } = await play(
      ['what are you opening ours', /9 AM to 5 PM/],
      ['how march is a clean in', /95 dollars/],
      ['i want a point meant to morrow', /Tomorrow, Friday, November 20/],
      ['half passed nine', /your name/i],
      ['no ten', /your name/i],
      ['peter miller', /phone/i],
      ['five five five one two three four', /10 AM for Peter Miller/],
      ['yes', /all set/i],
      ['thanks good by', /Goodbye/],
    );
    expect(bookings[0]?.startAt).toEqual(new Date('2026-11-20T15:00:00Z'));
  });

  test.each<[string, RegExp]>([
    ['wear are you', /Elm Street/],
    ['do you take delta dentel', /Delta Dental/],
    ['what is the price of a whitning', /250 dollars/],
    ['is there any parkin', /behind the building/],
    ["I'd like to make an apointment for thirsday", /Thursday/],
    ['Can I get a check up on Tues day?', /Tuesday/],
    ['I need to speak with a representitive', /put you through/],
    ['Good-bye.', /Goodbye/],
  ])('%j', async (line, answer) => {
    await play([line, answer]);
  });
});
