import { describe, expect, it } from 'vitest';
import { DemoCaller, NO_THANKS } from '#cli/demo-caller';
import { Playback } from '#cli/playback';
import { readTwiml } from '#cli/webhook-call';
import { connectStream, dial, hangup, reject, sayAndHangUp } from '#http/twiml';

describe('readTwiml', () => {
  it('reads what the platform answers', () => {
    const parameters = { token: 'a"b<c>&d', name: "O'Neil" };
    const url = 'wss://voice.example.com/media/twilio';
    const actionUrl = 'https://voice.example.com/media/twilio/after';
    expect(readTwiml(connectStream({ url, parameters, actionUrl }))).toEqual({
      kind: 'stream',
      url,
      parameters,
      actionUrl,
    });
    expect(readTwiml(dial({ to: '+15551230000', callerId: '+15550001111' }))).toEqual({
      kind: 'dial',
      to: '+15551230000',
    });
    expect(readTwiml(sayAndHangUp('Closed & gone'))).toEqual({ kind: 'say', text: 'Closed & gone' });
    expect(readTwiml(reject('busy'))).toEqual({ kind: 'reject', reason: 'busy' });
    expect(readTwiml(hangup())).toEqual({ kind: 'hangup' });
  });

  it('reads other forms of the same', () => {
    const stream = `<?xml version='1.0'?>\n<Response>\n <Connect>\n<Stream url='wss://x/y'>\n<Parameter value='1' name='a' /></Stream></Connect></Response>`;
    expect(readTwiml(stream)).toEqual({
      kind: 'stream',
      url: 'wss://x/y',
      parameters: { a: '1' },
      actionUrl: null,
    });
    expect(readTwiml('<Response><Dial>+1555</Dial></Response>')).toEqual({ kind: 'dial', to: '+1555' });
    expect(readTwiml('<Response/>')).toEqual({ kind: 'hangup' });
    expect(() => readTwiml('<Response><Gather/></Response>')).toThrow(/Gather/);
    expect(() => readTwiml('<Response><Connect/></Response>')).toThrow(/no stream/);
  });
});

describe('Playback', () => {
  function playback() {
    const reached: string[] = [];
    const made = new Playback((mark) => reached.push(mark));
    const play = (samples: number) => {
      const out = new Int16Array(samples);
      made.play(out);
      return out;
    };
    return { made, reached, play };
  }

  it('plays in order across messages, then silence, and tells marks when they are played', () => {
    const { made, reached, play } = playback();
    made.mark('at once');
    made.add(Buffer.alloc(100, 0x80));
    made.mark('a');
    made.mark('b');
    made.add(Buffer.alloc(100, 0x00));
    made.mark('c');
    expect(reached).toEqual(['at once']);
    expect([play(99).every((sample) => sample === 32124), reached.length]).toEqual([true, 1]);
    expect([...play(3)]).toEqual([32124, -32124, -32124]);
    expect(reached).toEqual(['at once', 'a', 'b']);
    expect([...play(100).subarray(96)]).toEqual([-32124, -32124, 0, 0]);
    expect([reached.at(-1), made.samples]).toEqual(['c', 0]);
  });

  it('gives all marks back when cleared', () => {
    const { made, reached, play } = playback();
    made.add(Buffer.alloc(1000, 0x80));
    made.mark('a');
    made.mark('b');
    made.clear();
    expect([reached, made.samples, play(10).every((sample) => sample === 0)]).toEqual([['a', 'b'], 0, true]);
  });
});

describe('DemoCaller', () => {
  const lines = [
    { text: 'When are you open?', interruptAfterMs: null },
    { text: 'Sorry, what does it cost?', interruptAfterMs: 900 },
    { text: 'I would like to book.', interruptAfterMs: null },
    { text: 'The first one, please.', interruptAfterMs: null },
    { text: 'My name is Peter.', interruptAfterMs: null },
    { text: 'Four one five, five five five.', interruptAfterMs: null },
    { text: 'Yes, please.', interruptAfterMs: null },
    { text: 'That is all. Goodbye.', interruptAfterMs: null },
  ];
  const say = (caller: DemoCaller, agentSaid: string) => caller.next(agentSaid)?.text ?? null;

  it('says its lines in order, and answers what it is asked once it books', () => {
    const caller = new DemoCaller(lines);
    expect(caller.interruption()).toBeNull();
    expect(say(caller, 'Hello, what is your name?')).toBe(lines[0]!.text);
    expect(caller.interruption()?.text).toBe(lines[1]!.text);
    expect(caller.interruption()).toBeNull();
    expect(say(caller, 'At 9 AM. Is there anything else?')).toBe(lines[2]!.text);
    expect(say(caller, 'May I have your name, please?')).toBe(lines[4]!.text);
    expect(say(caller, 'I have 10 AM, 10:30 AM or 3 PM. What time would you like?')).toBe(lines[3]!.text);
    expect(say(caller, 'I did not catch that. Could you say it again?')).toBe(lines[3]!.text);
    expect(say(caller, 'What phone number can we reach you on?')).toBe(lines[5]!.text);
    expect(say(caller, 'At 10 AM for Peter, phone number 4 1 5. Is that right?')).toBe(lines[6]!.text);
    expect(say(caller, 'You are booked for 10 AM. Is there anything else?')).toBe(lines[7]!.text);
    expect(say(caller, 'Goodbye.')).toBeNull();
  });

  it('declines what it did not ask for', () => {
    const caller = new DemoCaller(lines);
    expect(say(caller, 'Hello.')).toBe(lines[0]!.text);
    expect(say(caller, 'I do not know. Shall I take a message for the team?')).toBe(NO_THANKS.text);
    expect(say(caller, 'All right.')).toBe(lines[1]!.text);
  });

  it('repeats itself, starts the booking anew, and says goodbye when nothing helps', () => {
    const caller = new DemoCaller(lines.filter((line) => line.interruptAfterMs === null));
    say(caller, 'Hello.');
    const misheard = Array.from({ length: 8 }, () => say(caller, 'Could you say that again?'));
    expect(misheard.slice(0, 3)).toEqual([lines[0]!.text, lines[0]!.text, lines[2]!.text]);
    expect(misheard.at(-1)).toBe(lines[7]!.text);
    expect(say(caller, 'Could you say that again?')).toBeNull();
  });
});
