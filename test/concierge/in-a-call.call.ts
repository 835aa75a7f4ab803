import { expect, test } from 'vitest';
import { concierge } from '#adapters/llm/concierge';
import { Stage } from '../calls/stage.ts';
import { NOW_MS, receptionist } from './dialogue.ts';

/** The demo receptionist on the engine: concierge as the model, the planned prompt, tools over the sandbox's calendar. */
async function call() {
  const { plan, bookings } = await receptionist(undefined, NOW_MS);
  const { systemPrompt, opening, tools } = plan;
  const stage = new Stage({ plan: { systemPrompt, opening }, tools });
  Object.assign(stage.llms[0]!, { reply: concierge.reply });
  await stage.agentSaid(/How can I help you/);
  return { stage, bookings };
}

test('hours, an interruption, a booking, goodbye: the call ends by the agent', async () => {
  const { stage, bookings } = await call();
  await stage.caller.says('What are your opening hours?');
  await stage.caller.interrupts('Wait, where are you located?');
  await stage.agentSaid(/12 Elm Street/);
  const dialogue: [string, RegExp][] = [
    ['I want to book a cleaning for next Tuesday.', /Which one suits you/],
    ['The first one, please.', /your name/],
    ['My name is Peter Miller.', /phone number/],
    ['My number is four one five, five five five, one two one two.', /Shall I book it/],
    ['Yes, please. Book it.', /You are all set/],
  ];
  for (const [line, answer] of dialogue) {
    await stage.caller.says(line);
    await stage.agentSaid(answer);
  }
  expect(bookings).toMatchObject([{ attendeeName: 'Peter Miller', attendeePhone: '4155551212' }]);
  await stage.caller.says('No, thank you. Goodbye.');
  await stage.agentSaid(/Goodbye!/);
  expect(await stage.ends()).toBe('agent_ended');
  expect(stage.of('tool.called').map(({ name }) => name)).toEqual([
    'find_slots',
    'book_appointment',
    'end_call',
  ]);
  expect(stage.degradations).toEqual([]);
});

test('who asks for a person is handed over', async () => {
  const { stage } = await call();
  await stage.caller.says('Can I talk to a real person, please?');
  await stage.agentSaid(/put you through/);
  await stage.until(() => stage.transfers.length > 0);
  expect(stage.transfers).toEqual(['+14155550100']);
  expect(await stage.ends()).toBe('transferred');
});

test('a transfer that is refused is told of, and a message offered', async () => {
  const { plan } = await receptionist();
  const { systemPrompt, opening, tools } = plan;
  const stage = new Stage({
    plan: { systemPrompt, opening },
    tools,
    control: { transfer: async () => false },
  });
  Object.assign(stage.llms[0]!, { reply: concierge.reply });
  await stage.agentSaid(/How can I help you/);
  await stage.caller.says('Can I talk to a real person, please?');
  await stage.agentSaid(/could not put you through.*Shall I take a message/);
  stage.caller.hangsUp();
  expect(await stage.ends()).toBe('caller_hung_up');
});

test('a caller who speaks first is greeted, and nothing of the call is left behind', async () => {
  const { plan } = await receptionist();
  const { systemPrompt, tools } = plan;
  const stage = new Stage({ plan: { systemPrompt, opening: { mode: 'caller' } }, tools });
  Object.assign(stage.llms[0]!, { reply: concierge.reply });
  await stage.caller.says('Hello?');
  await stage.agentSaid(/Hello! How can I help you/);
  expect(await stage.cleanEnd()).toEqual([]);
});
