import { describe, expect, test } from 'vitest';
import type { TranscriptEntry } from '#core/calls/call';
import type { LanguageModel, LlmRequest } from '#engine/ports';
import { analyseCall } from './analyse-call.ts';
import { sentimentOf } from './sentiment.ts';

const never = new AbortController().signal;

/** "c: …" caller, "a: …" assistant, "t: …" tool, "s: …" system. */
function transcript(...lines: string[]): TranscriptEntry[] {
  const roles = { c: 'user', a: 'assistant', t: 'tool', s: 'system' } as const;
  return lines.map((line, at) => ({
    role: roles[line[0] as keyof typeof roles],
    text: line.slice(3),
    atMs: at * 1000,
    endMs: at * 1000 + 900,
    turnId: null,
    interrupted: false,
  }));
}

const BOOKING = transcript(
  'a: Hello, this is Anna at Bright Smile Dental. How can I help you?',
  'c: What are your opening hours?',
  'a: We are open Monday to Friday, 9 AM to 5 PM.',
  'c: How much is a cleaning?',
  'a: Cleaning is 95 dollars.',
  'c: I would like to book a cleaning for Tuesday.',
  't: find_slots({"date":"2026-11-24"}) -> {"slots":[]}',
  't: book_appointment({"date":"2026-11-24","time":"09:00","name":"Peter Miller","phone":"4155550123","reason":"cleaning"}) -> {"booked":true}',
  'a: You are all set.',
  'c: Great, thank you very much. Goodbye.',
  't: end_call({}) -> {"ending":true}',
);

const analyse = (entries: TranscriptEntry[], llm?: LanguageModel) =>
  analyseCall({ transcript: entries, language: 'en-US', ...(llm ? { llm } : {}) }, never);

describe('without a model', () => {
  test('tells what was wanted, what was done, how it ended', async () => {
    expect(await analyse(BOOKING)).toEqual({
      summary:
        'The caller asked about the opening hours and prices and wanted an appointment. An appointment for Peter Miller was booked on 2026-11-24 at 09:00 (cleaning). The caller said goodbye.',
      sentiment: 'positive',
      disposition: 'appointment_booked',
      extracted: {},
    });
  });

  test('an open question that ended in a message', async () => {
    const analysis = await analyse(
      transcript(
        'c: How much is a root canal?',
        'a: I am sorry, I do not have that information. Shall I take a message for the team?',
        'c: Yes, please call me back about it.',
        't: take_message({"message":"Please call me back about it.","name":"John Baker"}) -> {"taken":true}',
        'c: Bye.',
      ),
    );
    expect(analysis.summary).toBe(
      'The caller asked about prices. A message from John Baker was taken: "Please call me back about it". The question "How much is a root canal?" could not be answered. The caller said goodbye.',
    );
    expect(analysis.disposition).toBe('callback_requested');
    expect(analysis.sentiment).toBe('neutral');
  });

  test.each([
    [
      'transferred',
      [
        'c: I want to speak to a person.',
        's: Transfer to +14155550100: started',
        's: Transfer to +14155550100: done',
      ],
      /put through to a person/,
    ],
    [
      'not_resolved',
      ['c: Can I talk to someone?', 's: Transfer to +1415: failed'],
      /Putting the caller through failed/,
    ],
    [
      'not_resolved',
      [
        'c: Book me in for Tuesday.',
        't: book_appointment({"date":"2026-11-24"}) -> failed: {"error":"down"}',
      ],
      /tried and failed/,
    ],
    [
      'question_answered',
      ['c: Where are you?', 'a: The address is 12 Elm Street.'],
      /asked about the address/,
    ],
    ['not_interested', ['c: Stop calling me.', 'a: Sorry.'], /Stop calling me/],
    ['no_outcome', ['c: Blah flurb zonk.'], /"Blah flurb zonk"/],
    ['no_conversation', ['a: Hello?'], /The caller said nothing/],
    ['no_conversation', [], /Nothing was said/],
    [
      'voicemail',
      ['s: Voicemail: message left', 'a: Please call us back.'],
      /voicemail box, where a message was left/,
    ],
    [
      'request_handled',
      ['c: Cancel my order please.', 't: cancel_order({"order":"1"}) -> "done"'],
      /"cancel order" was done/,
    ],
  ])('%s', async (disposition, lines, summary) => {
    const analysis = await analyse(transcript(...lines));
    expect(analysis.disposition).toBe(disposition);
    expect(analysis.summary).toMatch(summary);
  });

  test('keys pressed are no words', async () => {
    expect((await analyse(transcript('a: Hello', 'c: [DTMF 5]'))).disposition).toBe('no_conversation');
  });

  test.each([
    ['positive', ['Great, thank you so much!', 'That is perfect.']],
    ['positive', ['You have been very helpful, thanks.']],
    ['neutral', ['What are your hours?', 'Thanks, bye.']],
    ['neutral', ['No, thanks. No problem.']],
    ['neutral', ['I have a bad tooth ache.', 'Great, thanks.']],
    ['neutral', ['Good morning, how late are you open?']],
    ['negative', ['This is ridiculous, nobody answers.']],
    ['negative', ['That is not good. I am not happy with this.']],
    ['negative', ['Thanks.', 'No, that is wrong.', 'You are useless.']],
  ])('%s: %j', (sentiment, lines) => {
    expect(sentimentOf(lines)).toBe(sentiment);
  });
});

describe('with a model', () => {
  function model(answer: string | Error, seen: LlmRequest[] = []): LanguageModel {
    return {
      name: 'test/model',
      async *reply(request) {
        seen.push(request);
        if (answer instanceof Error) throw answer;
        for (const piece of answer.match(/.{1,7}/gs) ?? []) yield { type: 'text', text: piece };
        yield { type: 'usage', inputTokens: 1, outputTokens: 1 };
      },
    };
  }

  test('its answer is taken, fences and all', async () => {
    const seen: LlmRequest[] = [];
    const answer =
      '```json\n{"summary": " Peter booked\\na cleaning. ", "sentiment": "positive", "disposition": "Appointment Booked"}\n```';
    expect(await analyse(BOOKING, model(answer, seen))).toEqual({
      summary: 'Peter booked a cleaning.',
      sentiment: 'positive',
      disposition: 'appointment_booked',
      extracted: {},
    });
    expect(seen[0]?.messages[1]?.role).toBe('user');
    expect(JSON.stringify(seen[0]?.messages)).toContain('caller: What are your opening hours?');
  });

  test('what is out of bounds is replaced field by field', async () => {
    const answer = JSON.stringify({ summary: 'Fine.', sentiment: 'ecstatic', disposition: 'a'.repeat(60) });
    expect(await analyse(BOOKING, model(answer))).toMatchObject({
      summary: 'Fine.',
      sentiment: 'positive',
      disposition: 'appointment_booked',
    });
  });

  test.each([
    ['no JSON', 'I would rather chat.'],
    ['nothing', ''],
    ['a list', '[1]'],
    ['a failure', new Error('quota')],
  ])('%s: the words decide', async (_what, answer) => {
    expect(await analyse(BOOKING, model(answer))).toEqual(await analyse(BOOKING));
  });

  test('a call without words is not given to it', async () => {
    const seen: LlmRequest[] = [];
    await analyse(transcript('a: Hello?'), model('{}', seen));
    expect(seen).toEqual([]);
  });

  test('a long call is cut in its middle', async () => {
    const seen: LlmRequest[] = [];
    const long = transcript(
      'c: The beginning.',
      ...Array.from({ length: 900 }, (_, at) => `a: filler sentence number ${at} of the call`),
      'c: The end.',
    );
    await analyse(long, model('{}', seen));
    const given = seen[0]?.messages[1];
    const text = given?.role === 'user' ? given.text : '';
    expect(text.length).toBeLessThan(16_100);
    expect(text).toMatch(/^caller: The beginning\.[\s\S]*The end\.$/);
  });

  test('an abort is an abort', async () => {
    const stop = new AbortController();
    const hanging: LanguageModel = {
      name: 'test/hangs',
      async *reply(_request, signal) {
        stop.abort(new Error('shutting down'));
        if (!signal.aborted) yield { type: 'text', text: '' };
      },
    };
    await expect(
      analyseCall({ transcript: BOOKING, language: 'en', llm: hanging }, stop.signal),
    ).rejects.toThrow('shutting down');
  });
});
