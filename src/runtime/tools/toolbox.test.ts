import { Ajv } from 'ajv';
import * as formats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { SANDBOX_API_KEY, sandboxCalendar } from '#adapters/calendar/sandbox/sandbox-calendar';
import type { AssistantTools } from '#core/assistants/assistant';
import type { CallOrder } from '#core/calls/order';
import type { Calendar } from '#core/ports';
import type { Tool, ToolContext, ToolOutcome } from '#engine/ports';
import { DomainError } from '#kernel/errors';
import { newId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import { silentLog } from '#kernel/log';
import { bookingsInMemory } from '#test/concierge/bookings-in-memory';
import { ManualClock } from '#test/support/manual-clock';
import { knowledgeTool } from './knowledge-tool.ts';
import type { TakenMessage } from './message-tool.ts';
import { type ToolboxDeps, toolsFor } from './toolbox.ts';

const ZONE = 'America/New_York';
/** Sunday, 22 November 2026, 8:00 in New York. */
const NOW = Date.parse('2026-11-22T13:00:00Z');
const never = new AbortController().signal;
const context = (key = 'k1'): ToolContext => ({
  callId: newId('call'),
  turnId: newId('turn'),
  idempotencyKey: key,
});

const ALL: AssistantTools = {
  http: [
    {
      name: 'check_stock',
      description: 'Stock',
      parameters: { type: 'object', properties: {} },
      method: 'GET',
      url: 'https://shop.example/{{from}}',
      headers: {},
      timeoutMs: 1000,
      whenInterrupted: 'abort',
    },
  ],
  transfers: [{ name: 'front desk', to: '+14155550100', description: 'billing' }],
  calendar: true,
  messages: true,
};

function setting(tools: Partial<AssistantTools> = ALL, more: Partial<CallOrder> = {}) {
  const clock = new ManualClock({ startMs: NOW });
  const store = bookingsInMemory();
  const tenantId = newId('ten');
  const calendar = sandboxCalendar({ apiKey: SANDBOX_API_KEY, tenantId, timezone: ZONE, store, clock });
  const messages: TakenMessage[] = [];
  const urls: string[] = [];
  const deps: ToolboxDeps = {
    http: {
      checkUrl() {},
      async fetch(request) {
        urls.push(request.url);
        return { status: 200, headers: {}, body: '{}' };
      },
    },
    calendars: { open: async () => calendar },
    signingSecret: async () => 'secret',
    deliverMessage: async (_tenantId, message) => void messages.push(message),
    clock,
    log: silentLog,
  };
  const none = { http: [], transfers: [], calendar: false, messages: false };
  const order = {
    callId: newId('call'),
    tenantId,
    timezone: ZONE,
    type: 'phone',
    direction: 'inbound',
    from: '+14155550123',
    to: '+14155550199',
    variables: {},
    assistant: { tools: { ...none, ...tools }, variables: {} },
    ...more,
  } as unknown as CallOrder;
  return { deps, order, store, messages, urls, clock, calendar };
}

async function named(tools: Promise<readonly Tool[]>, name: string): Promise<Tool> {
  const tool = (await tools).find(({ spec }) => spec.name === name);
  if (!tool) throw new Error(`no ${name}`);
  return tool;
}

describe('the toolbox', () => {
  test('holds what the assistant is configured for, and a way to end the call', async () => {
    const { deps, order } = setting();
    expect((await toolsFor(order, deps)).map(({ spec }) => spec.name)).toEqual([
      'end_call',
      'collect_digits',
      'transfer_call',
      'find_slots',
      'book_appointment',
      'take_message',
      'check_stock',
    ]);
    const bare = setting({}, { type: 'web' });
    expect((await toolsFor(bare.order, bare.deps)).map(({ spec }) => spec.name)).toEqual(['end_call']);
    const out = setting({}, { direction: 'outbound' });
    expect((await toolsFor(out.order, out.deps)).map(({ spec }) => spec.name)).toEqual([
      'end_call',
      'send_digits',
    ]);
  });

  test('every specification is a JSON Schema of type object', async () => {
    const { deps, order } = setting();
    const ajv = new Ajv({ strict: true });
    formats.default.default(ajv);
    for (const { spec } of [...(await toolsFor(order, deps)), knowledgeTool('')]) {
      expect(ajv.validateSchema(spec.parameters), spec.name).toBe(true);
      expect(() => ajv.compile(spec.parameters), spec.name).not.toThrow();
      expect(spec.parameters.type).toBe('object');
    }
  });

  test('a calendar that does not open is left out', async () => {
    const { deps, order } = setting();
    deps.calendars.open = () => Promise.reject(new DomainError('unavailable', 'down'));
    expect((await toolsFor(order, deps)).map(({ spec }) => spec.name)).not.toContain('book_appointment');
  });

  test("a tenant's function cannot take the place of a built-in one", async () => {
    const { deps, order } = setting({ http: [{ ...ALL.http[0]!, name: 'end_call' }] });
    const outcome = await (await named(toolsFor(order, deps), 'end_call')).run({}, context(), never);
    expect(outcome.effect).toEqual({ type: 'endCall' });
  });

  test("a function's URL knows the call", async () => {
    const { deps, order, urls } = setting();
    await (await named(toolsFor(order, deps), 'check_stock')).run({}, context(), never);
    expect(urls).toEqual(['https://shop.example/%2B14155550123']);
  });
});

describe('calendar tools', () => {
  const run = async (
    name: string,
    args: JsonObject,
    more: { key?: string; setup?: ReturnType<typeof setting> } = {},
  ): Promise<ToolOutcome> => {
    const { deps, order } = more.setup ?? setting();
    return (await named(toolsFor(order, deps), name)).run(args, context(more.key), never);
  };
  const appointment = {
    date: '2026-11-24',
    time: '15:30',
    name: 'Ann Smith',
    phone: '4155550123',
    reason: 'Checkup',
  };

  test('find slots in local time, with words to say them', async () => {
    const { slots } = (await run('find_slots', { date: '2026-11-24' })).result as { slots: JsonObject[] };
    expect(slots).toHaveLength(16);
    expect(slots[0]).toEqual({
      date: '2026-11-24',
      time: '09:00',
      say: 'Tuesday, November 24 at 9:00 AM',
    });
  });

  test('a closed day offers the next ones', async () => {
    const { result } = await run('find_slots', { date: '2026-11-22' });
    expect(result).toMatchObject({ slots: [], next: [{ date: '2026-11-23', time: '09:00' }, {}, {}, {}] });
  });

  test('books, says so, and books once per key', async () => {
    const setup = setting();
    const first = await run('book_appointment', appointment, { setup });
    expect(first).toMatchObject({
      ok: true,
      result: { booked: true, date: '2026-11-24', time: '15:30', reference: setup.store.rows[0]!.id },
    });
    expect(await run('book_appointment', appointment, { setup })).toEqual(first);
    expect(setup.store.rows).toMatchObject([
      {
        startAt: new Date('2026-11-24T20:30:00Z'),
        attendeeName: 'Ann Smith',
        attendeePhone: '4155550123',
        notes: 'Checkup',
      },
    ]);
  });

  test('a taken time comes back with what is free', async () => {
    const setup = setting();
    await run('book_appointment', appointment, { setup });
    const second = await run('book_appointment', appointment, { setup, key: 'k2' });
    expect(second).toMatchObject({ ok: false, result: { error: 'That time is not free.' } });
    const { slots } = second.result as { slots: { time: string }[] };
    expect(slots.map(({ time }) => time)).not.toContain('15:30');
    expect(slots.length).toBeGreaterThan(10);
  });

  test.each([
    ['find_slots', { date: 'next week' }],
    ['find_slots', { date: '2026-11-21' }],
    ['book_appointment', { ...appointment, date: '2026-11-21' }],
    ['book_appointment', { ...appointment, time: 'half past three' }],
    ['book_appointment', { ...appointment, time: '25:00' }],
    ['book_appointment', { ...appointment, date: '2027-03-14', time: '02:30' }],
  ])('%s tells the model what is wrong with %j', async (name, args) => {
    expect(await run(name, args)).toMatchObject({ ok: false, result: { error: expect.any(String) } });
  });

  test('a calendar that fails tells nothing of its insides', async () => {
    const setup = setting();
    const broken: Calendar = {
      ...setup.calendar,
      slots: () => Promise.reject(new Error('password=hunter2')),
    };
    setup.deps.calendars.open = async () => broken;
    const outcome = await run('find_slots', { date: '2026-11-24' }, { setup });
    expect(outcome).toEqual({ ok: false, result: { error: 'The calendar cannot be reached right now.' } });
  });
});

describe('the other built-ins', () => {
  test('a message is delivered with who left it', async () => {
    const { deps, order, messages } = setting();
    const tool = await named(toolsFor(order, deps), 'take_message');
    expect(await tool.run({ message: 'Please call back', name: 'Ann' }, context('m1'), never)).toEqual({
      ok: true,
      result: { taken: true },
    });
    expect(messages).toMatchObject([
      { text: 'Please call back', callerName: 'Ann', phone: '+14155550123', idempotencyKey: 'm1' },
    ]);
    deps.deliverMessage = () => Promise.reject(new Error('disk full'));
    const failing = await named(toolsFor(order, deps), 'take_message');
    expect(await failing.run({ message: 'x', name: 'Ann' }, context(), never)).toMatchObject({
      ok: false,
      result: { error: 'The message could not be stored.' },
    });
  });

  test('transfer goes to the number behind the name', async () => {
    const { deps, order } = setting();
    const tool = await named(toolsFor(order, deps), 'transfer_call');
    expect((await tool.run({ destination: 'front desk' }, context(), never)).effect).toEqual({
      type: 'transfer',
      to: '+14155550100',
    });
  });

  test('knowledge search answers with passages, or with none', async () => {
    const tool = knowledgeTool(
      '# Returns\nYou can return shoes within 30 days. Keep the receipt.\n\n# Shipping\nWe ship to Canada.',
    );
    expect((await tool.run({ query: 'can I return my shoes' }, context(), never)).result).toEqual({
      passages: [{ heading: 'Returns', text: 'You can return shoes within 30 days. Keep the receipt.' }],
    });
    expect((await tool.run({ query: 'gluten' }, context(), never)).result).toEqual({ passages: [] });
  });
});
