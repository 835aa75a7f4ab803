import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '#kernel/json';
import { Talk, type ToolDouble } from './dialogue.ts';

const NOW = 'Today is Thursday, 19 November 2026, the time is 10:05 (America/New_York).';

type Line = readonly [caller: string, agent: RegExp];

async function go(talk: Talk, ...lines: readonly Line[]) {
  for (const [caller, agent] of lines) expect(await talk.says(caller), `after "${caller}"`).toMatch(agent);
  return talk;
}

function tool(
  name: string,
  description: string,
  properties: JsonObject,
  more: { required?: string[]; answer: Json | ((args: JsonObject) => Json) },
): ToolDouble {
  const { required = Object.keys(properties), answer } = more;
  return { spec: { name, description, parameters: { type: 'object', properties, required } }, answer };
}

const text: JsonObject = { type: 'string' };

describe('a restaurant with tools of its own making', () => {
  const PROMPT = `You're Marco, the host at Trattoria Roma.
Take reservations with create_reservation. Never promise a window seat.
Hours: Tuesday to Sunday, 5 PM to 11 PM. Closed on Mondays.
Address: 9 Canal Street.
We have vegetarian and gluten free dishes.
${NOW}`;
  const reserve = tool(
    'create_reservation',
    'Books a table',
    {
      start_time: { type: 'string', format: 'date-time' },
      party_size: { type: 'integer', minimum: 1 },
      customer_name: text,
    },
    { answer: { success: true, reservation: { id: 'r_1' } } },
  );
  const talk = () =>
    new Talk({ prompt: PROMPT, greeting: 'Trattoria Roma, how can I help you?', tools: [reserve] });

  test('a table is booked by the schema: date-time, number of people, name', async () => {
    const call = await go(
      talk(),
      ['Hi, I would like a table for four tomorrow at seven.', /May I have your name/],
      ['Rossi.', /tomorrow, Friday, November 20 at 7 PM.*for 4 people.*for Rossi.*Shall I book it/],
      ['Yes please.', /all set/i],
    );
    expect(call.argumentsOf('create_reservation')).toEqual({
      start_time: '2026-11-20T19:00:00-05:00',
      party_size: 4,
      customer_name: 'Rossi',
    });
  });

  test('what is missing is asked for in turn', async () => {
    const call = await go(
      talk(),
      ['Can I make a reservation?', /Which day and time would you like/],
      ['Saturday.', /what time|day and time/i],
      ['Half past eight.', /For how many people/],
      ['There will be six of us.', /your name/i],
      ['Maria Bianchi', /Saturday, November 21 at 8:30 PM/],
      ['Sorry, make it five people.', /for 5 people.*Shall I book it/],
      ['Perfect.', /all set/i],
    );
    expect(call.argumentsOf('create_reservation')).toMatchObject({
      party_size: 5,
      start_time: '2026-11-21T20:30:00-05:00',
    });
  });

  test('facts without headings are answered from; there is no message to take', async () => {
    await go(
      talk(),
      ['Are you open on Mondays?', /^No\. /],
      ['Do you have vegetarian food?', /vegetarian and gluten free/],
      ['Do you have live music?', /do not have that information\. Is there anything else/],
      ['Can I talk to the manager?', /cannot put you through/],
    );
  });

  test('a failing tool is told about and can be tried again', async () => {
    let tries = 0;
    const flaky = {
      ...reserve,
      answer: (): Json =>
        tries++ === 0 ? { error: 'Our reservation book is closed for a moment' } : { success: true },
    };
    const call = new Talk({ prompt: PROMPT, tools: [flaky] });
    await go(
      call,
      ['A table for two tomorrow at eight for Anna Berg, please.', /Shall I book it/],
      ['Yes.', /did not work\. Our reservation book is closed for a moment\. Shall I try again/],
      ['Yes.', /all set/i],
    );
    expect(tries).toBe(2);
  });

  test('a failure only programmers understand is not read out', async () => {
    const broken = {
      ...reserve,
      answer: { error: 'TypeError: Cannot read properties of undefined (reading "id")' },
    };
    await go(
      new Talk({ prompt: PROMPT, tools: [broken] }),
      ['A table for two tomorrow at eight for Anna Berg, please.', /Shall I book it/],
      ['Yes.', /^I am sorry, that did not work\. Shall I try again\?$/],
      ['No.', /anything else/],
    );
  });
});

describe('a shop with an inventory function and a knowledge search', () => {
  const PROMPT = `# Role
You are a helpful sales assistant for Acme Tea Company. Only answer questions about tea.

## Hours
- Mon-Fri: 9am - 5pm
- Sat: closed

## Menu
- Green tea: $4
- Oolong: $5

## FAQ
Q: Do you ship abroad?
A: Yes, we ship to Canada and Mexico.

If a customer asks about discounts, say "Members of our tea club get ten percent off."

Current date and time: 2026-11-19T10:05 America/New_York`;
  const KNOWLEDGE: Record<string, Json> = {
    return: {
      results: [
        {
          id: 'doc_1',
          score: 0.9,
          text: 'Unopened tea can be returned within 30 days. Opened tea cannot be returned. Keep the receipt.',
        },
      ],
    },
  };
  const tools = [
    tool(
      'check_inventory',
      'Check product availability in the shop',
      { product: { type: 'string', description: 'Name of the product' } },
      { answer: (args) => ({ product: args.product!, in_stock: 12 }) },
    ),
    tool(
      'cancel_order',
      'Cancel an order of a customer',
      { order_number: text, confirm_refund: { type: 'boolean', description: 'Would you like a refund?' } },
      { answer: 'Order cancelled.' },
    ),
    tool(
      'search_knowledge_base',
      'Searches the documents',
      { query: text },
      { answer: ({ query }) => (/return/.test(String(query)) ? KNOWLEDGE.return! : { results: [] }) },
    ),
    tool('hang_up_call', 'Ends the call', { reason: text }, { answer: { ok: true } }),
  ];
  const talk = () => new Talk({ prompt: PROMPT, greeting: 'Acme Tea, how can I help?', tools });

  test('markdown headings, lists, questions with answers and rules are facts', async () => {
    await go(
      talk(),
      ['When are you open?', /We are open Mon-Fri, 9am - 5pm\./],
      ['How much is green tea?', /^Green tea is \$4\.$/],
      ['Do you ship to other countries, abroad?', /Canada and Mexico/],
      ['Do you have any discounts?', /^Members of our tea club get ten percent off\.$/],
    );
  });

  test('what the prompt does not tell is looked up', async () => {
    const call = await go(talk(), ['Can I return opened tea?', /Opened tea cannot be returned\./]);
    expect(call.called).toEqual(['search_knowledge_base']);
  });

  test('what is nowhere is not made up', async () => {
    const call = await go(talk(), ['Do you sell coffee machines?', /do not have that information/]);
    expect(call.called).toEqual(['search_knowledge_base']);
  });

  test("the tenant's function is called with what was said, and its result spoken", async () => {
    const call = await go(
      talk(),
      ['Can you check the inventory?', /What is the product/],
      ['Oolong.', /in stock is 12/],
    );
    expect(call.argumentsOf('check_inventory')).toEqual({ product: 'Oolong' });
  });

  test('a function that changes something is confirmed first', async () => {
    const call = await go(
      talk(),
      ['I want to cancel my order.', /What is the order number/],
      ['Four five six seven.', /Would you like a refund\?/],
      ['Yes.', /order number 4567.*Shall I go ahead/],
      ['Yes.', /Order cancelled\. Is there anything else/],
      ['No, thank you.', /Goodbye/],
    );
    expect(call.argumentsOf('cancel_order')).toEqual({ order_number: '4567', confirm_refund: true });
    expect(call.called).toEqual(['cancel_order', 'hang_up_call']);
  });
});

describe('a salon with choices and a calendar of another form', () => {
  const PROMPT = `You are the booking assistant for Shear Joy, a hair salon.
Services: haircut, colour and beard trim.
${NOW}`;
  const slots = tool(
    'get_available_slots',
    'Lists free slots',
    { start: text, end: text, timezone: text },
    {
      answer: {
        status: 'success',
        data: {
          '2026-11-20': [
            { start: '2026-11-20T09:00:00.000-05:00' },
            { start: '2026-11-20T14:30:00.000-05:00' },
          ],
        },
      },
    },
  );
  const book = tool(
    'bookAppointment',
    'Creates the booking',
    {
      service: { type: 'string', enum: ['haircut', 'colour', 'beard_trim'] },
      startTime: { type: 'string', description: 'ISO 8601 start' },
      attendeeName: text,
      email: { type: 'string', format: 'email' },
      timeZone: { type: 'string', default: 'America/New_York' },
    },
    { answer: { status: 'success', data: { uid: 'abc' } } },
  );
  const talk = () => new Talk({ prompt: PROMPT, tools: [slots, book] });

  test('times are read from whatever the calendar answers; choices by their words; e-mail as spoken', async () => {
    const call = await go(
      talk(),
      [
        'I would like to book an appointment for tomorrow.',
        /Tomorrow, Friday, November 20, I have 9 AM or 2:30 PM/,
      ],
      ['The second one.', /Which service would you like: haircut, colour or beard trim/],
      ['A beard trim please.', /name/],
      ['Sam Jones', /e-mail/],
      ['sam dot jones at example dot com', /2:30 PM.*sam\.jones@example\.com.*Shall I book it/],
      ['Yes', /all set/i],
    );
    expect(call.argumentsOf('get_available_slots')).toEqual({
      start: '2026-11-20T00:00:00-05:00',
      end: '2026-11-20T23:59:59-05:00',
      timezone: 'America/New_York',
    });
    expect(call.argumentsOf('bookAppointment')).toMatchObject({
      service: 'beard_trim',
      startTime: '2026-11-20T14:30:00-05:00',
      attendeeName: 'Sam Jones',
      email: 'sam.jones@example.com',
      timeZone: 'America/New_York',
    });
  });

  test('a calendar that cannot be reached is said so', async () => {
    const down = { ...slots, answer: { error: 'The calendar cannot be reached right now.' } };
    const call = new Talk({ prompt: PROMPT, tools: [down, book] });
    await go(call, [
      'I want a haircut tomorrow at nine.',
      /did not work\. The calendar cannot be reached right now/,
    ]);
    expect(call.called).toEqual(['get_available_slots']);
  });

  test('a calendar that answers in riddles does not hold up the booking', async () => {
    const odd = { ...slots, answer: 'plenty of time' };
    const call = new Talk({ prompt: PROMPT, tools: [odd, book] });
    await go(call, ['I want a haircut tomorrow at nine.', /your name/i]);
  });
});

describe('with little to go on', () => {
  test('a bare prompt without tools: polite, honest, and nothing called', async () => {
    const talk = new Talk({
      prompt: 'You are a helpful assistant who answers the telephone.',
      greeting: 'Hello! How can I help you?',
    });
    await go(
      talk,
      ['What are your opening hours?', /do not have that information/],
      ['I want to book an appointment.', /\S/],
      ['Can I talk to a person?', /cannot put you through/],
      ['What can you do?', /have not been told anything/],
      ['Goodbye.', /Thank you for calling\. Goodbye!/],
    );
    expect(talk.called).toEqual([]);
  });

  test('it opens the call itself when asked to', async () => {
    const named = new Talk({ prompt: 'You are Anna, the receptionist of Bright Smile Dental.' });
    expect(await named.answer()).toBe('Hello, this is Anna at Bright Smile Dental. How can I help you?');
    expect(await named.says('[The call has just been connected. Greet the caller.]')).toMatch(
      /^Hello, this is Anna/,
    );
    expect(await new Talk({ prompt: '' }).answer()).toMatch(
      /^Hello, you have reached the automated assistant/,
    );
  });

  test('it goes on where another model broke off', async () => {
    const talk = new Talk({ prompt: 'You are Anna.\nParking: behind the house.' });
    talk.messages.push(
      { role: 'user', text: 'Where can I park?' },
      { role: 'assistant', text: 'Parking', interrupted: true },
    );
    expect(await talk.says('[The line to you broke off after the words above. Go on from there.]')).toMatch(
      /behind the house/,
    );
  });

  test('an aborted request ends quietly', async () => {
    const { concierge } = await import('#adapters/llm/concierge');
    const stop = new AbortController();
    const request = {
      messages: [
        { role: 'system', text: 'Parking: behind the house, next to the river.' } as const,
        { role: 'user', text: 'Where can I park my car?' } as const,
      ],
      tools: [],
    };
    const deltas: string[] = [];
    for await (const delta of concierge.reply(request, stop.signal)) {
      deltas.push(delta.type);
      stop.abort();
    }
    expect(deltas).toEqual(['text']);
    for await (const delta of concierge.reply(request, stop.signal)) deltas.push(delta.type);
    expect(deltas).toEqual(['text']);
  });

  test('streams in small pieces and reports its use', async () => {
    const { concierge } = await import('#adapters/llm/concierge');
    const request = {
      messages: [
        { role: 'system', text: 'Parking: behind the house, next to the river.' } as const,
        { role: 'user', text: 'Where can I park my car?' } as const,
      ],
      tools: [],
    };
    const texts: string[] = [];
    let used = 0;
    for await (const delta of concierge.reply(request, new AbortController().signal)) {
      if (delta.type === 'text') texts.push(delta.text);
      if (delta.type === 'usage') used = delta.inputTokens + delta.outputTokens;
    }
    expect(texts.length).toBeGreaterThan(2);
    expect(texts.every((piece) => piece.trim().split(/\s+/).length <= 3)).toBe(true);
    expect(texts.join('')).toMatch(/\w+ \w+.*\.$/);
    expect(used).toBeGreaterThan(20);
  });
});
