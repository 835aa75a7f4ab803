import { describe, expect, test } from 'vitest';
import { collectDigitsTool, endCallTool, sendDigitsTool, transferTool } from '#engine/built-in-tools';
import type { LlmStep } from '#engine/fakes/scripted-llm';
import type { LlmRequest, Tool, ToolContext, ToolOutcome } from '#engine/ports';
import { pause } from '#kernel/clock';
import type { JsonObject } from '#kernel/json';
import { Stage, type StageOptions } from './stage.ts';

const parameters: JsonObject = {
  type: 'object',
  properties: { day: { type: 'string', enum: ['Monday', 'Tuesday'] } },
  required: ['day'],
};

interface Ran {
  args: JsonObject;
  context: ToolContext;
  signal: AbortSignal;
}

/** A tool that takes a while, and a call that uses it once before it answers. */
function withTool(
  answer: string,
  tool: Partial<Tool> & { takesMs?: number; outcome?: ToolOutcome },
  first: LlmStep[],
) {
  const ran: Ran[] = [];
  let call: Stage | undefined;
  const whole: Tool = {
    spec: { name: 'find_slot', description: 'finds a slot', parameters },
    whenInterrupted: 'abort',
    timeoutMs: 30_000,
    run: async (args, context, signal) => {
      ran.push({ args, context, signal });
      await pause(call!.clock, tool.takesMs ?? 200, signal);
      return tool.outcome ?? { ok: true, result: { slot: '10:30' } };
    },
    ...tool,
  };
  call = new Stage({ tools: [whole], llm: (_, nth) => (nth === 0 ? first : answer) });
  return { call, ran };
}

const asked: LlmStep[] = [{ call: 'find_slot', arguments: { day: 'Monday' } }];
const results = (request: LlmRequest) => request.messages.filter((message) => message.role === 'tool');

describe('a tool', () => {
  test('runs once, with a key of its own, and its result goes to the model', async () => {
    const { call, ran } = withTool('Half past ten.', {}, [{ say: 'Let me look.' }, ...asked]);
    await call.caller.says('Is Monday free?');
    await call.agentSaid(/Half past/);
    expect(call.said).toEqual(['Let me look.', 'Half past ten.']);
    expect(ran.map(({ args }) => args)).toEqual([{ day: 'Monday' }]);
    expect(ran[0]!.context.idempotencyKey).toContain(call.of('turn.ended')[0]!.turnId);
    expect(call.of('tool.called')).toMatchObject([{ name: 'find_slot', arguments: { day: 'Monday' } }]);
    expect(call.of('tool.returned')).toMatchObject([{ ok: true, result: { slot: '10:30' }, tookMs: 200 }]);
    const messages = call.llms[0]!.requests[1]!.messages.slice(2);
    expect(messages).toEqual([
      {
        role: 'assistant',
        text: 'Let me look.',
        toolCalls: [expect.objectContaining({ name: 'find_slot' })],
      },
      { role: 'tool', toolCallId: 'call_0', name: 'find_slot', result: { slot: '10:30' } },
    ]);
    expect(await call.cleanEnd()).toEqual([]);
  });

  test('that takes long is spoken over: a filler at two seconds, and later another', async () => {
    const { call } = withTool('Half past ten.', { takesMs: 13_000 }, asked);
    const turn = await call.caller.says('Is Monday free?');
    await call.agentSaid(/Half past/);
    expect(call.said).toEqual(['One moment please.', 'One moment please.', 'Half past ten.']);
    const takenMs = call.of('turn.ended')[0]!.atMs;
    expect(call.line.audible[0]!.fromMs - takenMs).toBeGreaterThanOrEqual(2_000);
    expect(call.line.audible[0]!.fromMs - takenMs).toBeLessThan(2_200);
    expect(call.degradations).toEqual(['tool filler', 'tool filler']);
    expect(turn.toMs).toBeGreaterThan(0);
    const texts = call.llms[0]!.requests[1]!.messages.map((message) =>
      'text' in message ? message.text : '',
    );
    expect(texts).not.toContain('One moment please.');
  });

  test('gets no arguments that its schema forbids; the model hears why', async () => {
    const { call, ran } = withTool('Which day?', {}, [{ call: 'find_slot', arguments: { day: 'Someday' } }]);
    await call.caller.says('Is someday free?');
    await call.agentSaid(/Which day/);
    expect(ran).toEqual([]);
    expect(results(call.llms[0]!.requests[1]!)).toMatchObject([
      { result: { error: 'invalid arguments: `day` must be one of "Monday", "Tuesday"' } },
    ]);
    expect(call.of('tool.returned')).toMatchObject([{ ok: false }]);
  });

  test('that does not exist is an error the model hears', async () => {
    const { call } = withTool('I cannot.', {}, [{ call: 'fly', arguments: {} }]);
    await call.caller.says('Can you fly?');
    await call.agentSaid(/cannot/);
    expect(results(call.llms[0]!.requests[1]!)).toMatchObject([
      { result: { error: 'there is no tool named fly' } },
    ]);
  });

  test('is given up at its time limit and told to stop', async () => {
    const { call, ran } = withTool('It takes too long.', { takesMs: 60_000, timeoutMs: 5_000 }, asked);
    await call.caller.says('Is Monday free?');
    await call.agentSaid(/too long/);
    expect(call.of('tool.returned')).toMatchObject([{ ok: false, tookMs: 5_000 }]);
    expect(ran[0]!.signal.aborted).toBe(true);
    expect(await call.cleanEnd()).toEqual([]);
  });

  test('that throws is an error the model hears, without its words', async () => {
    const run = () => {
      throw new TypeError('secret in the message');
    };
    const { call } = withTool('That failed.', { run }, asked);
    await call.caller.says('Is Monday free?');
    await call.agentSaid(/failed/);
    expect(JSON.stringify(call.events)).not.toContain('secret');
    expect(call.of('tool.returned')).toMatchObject([
      { ok: false, result: { error: 'it failed: TypeError' } },
    ]);
  });

  test('asked for again and again is taken away, so that the model must answer', async () => {
    const call = new Stage({
      tools: [
        {
          spec: { name: 'look', description: 'looks', parameters: { type: 'object' } },
          whenInterrupted: 'abort',
          timeoutMs: 1_000,
          run: async () => ({ ok: true, result: 'nothing' }),
        },
      ],
      llm: (request) => (request.tools.length > 0 ? [{ call: 'look', arguments: {} }] : 'I found nothing.'),
    });
    await call.caller.says('Will you look it up?');
    await call.agentSaid(/found nothing/);
    expect(call.of('tool.called')).toHaveLength(6);
  });

  test('runs beside the others of its round', async () => {
    const { call } = withTool('Both are free.', { takesMs: 1_000 }, [
      { call: 'find_slot', arguments: { day: 'Monday' }, id: 'a' },
      { call: 'find_slot', arguments: { day: 'Tuesday' }, id: 'b' },
    ]);
    await call.caller.says('Is Monday or Tuesday free?');
    await call.agentSaid(/Both/);
    const [first, last] = call.of('tool.returned');
    expect(last!.atMs - first!.atMs).toBeLessThan(10);
    expect(results(call.llms[0]!.requests[1]!)).toHaveLength(2);
  });

  test('that must finish does so after the caller has hung up, and is in the log', async () => {
    const { call, ran } = withTool('Booked.', { takesMs: 2_000, whenInterrupted: 'finish' }, asked);
    await call.caller.says('Is Monday free?');
    await call.until(() => ran.length === 1);
    call.caller.hangsUp();
    expect(await call.ends()).toBe('caller_hung_up');
    expect(call.of('tool.returned')).toMatchObject([{ ok: true }]);
    expect(call.of('call.ended')[0]!.durationMs).toBeLessThan(call.of('call.ended')[0]!.atMs - 1_000);
    expect(await call.leftovers()).toEqual([]);
  });

  test('that never finishes does not keep a call from ending', async () => {
    const { call } = withTool(
      'Booked.',
      { takesMs: 600_000, timeoutMs: 600_000, whenInterrupted: 'finish' },
      asked,
    );
    await call.caller.says('Is Monday free?');
    await call.until(() => call.of('tool.called').length === 1);
    call.caller.hangsUp();
    await call.ends(6_000);
    expect(await call.leftovers()).toEqual([]);
  });
});

describe('ending the call', () => {
  test('happens after the goodbye has been heard', async () => {
    const call = new Stage({
      tools: [endCallTool()],
      llm: () => [{ say: 'You are welcome. Goodbye!' }, { call: 'end_call', arguments: {} }],
    });
    await call.caller.says('Thank you, that is all.');
    expect(await call.ends()).toBe('agent_ended');
    expect(call.said).toEqual(['You are welcome. Goodbye!']);
    expect(call.line.closedWith).toBe('agent_ended');
    const [said, ended] = [call.of('agent.said')[0]!, call.of('call.ended')[0]!];
    expect(said.interrupted).toBe(false);
    expect(ended.atMs - said.toMs).toBeLessThan(100);
    expect(await call.leftovers()).toEqual([]);
  });

  test('with a farewell says it', async () => {
    const call = new Stage({
      tools: [endCallTool()],
      llm: () => [{ call: 'end_call', arguments: { farewell: 'Have a nice day.' } }],
    });
    await call.caller.says('Thank you, that is all.');
    expect(await call.ends()).toBe('agent_ended');
    expect(call.of('agent.said')).toMatchObject([{ purpose: 'goodbye', text: 'Have a nice day.' }]);
  });

  test('is called off when the caller speaks into the goodbye', async () => {
    const call = new Stage({
      tools: [endCallTool()],
      llm: (_, nth) =>
        nth === 0
          ? [
              { say: 'You are welcome, and have a very nice day. Goodbye!' },
              { call: 'end_call', arguments: {} },
            ]
          : 'Of course, at nine.',
    });
    await call.caller.says('Thank you, that is all.');
    await call.caller.interrupts('Wait, when do you open tomorrow?', { afterMs: 600 });
    await call.agentSaid(/Of course/);
    expect(call.endedWith).toBe(null);
  });
});

describe('a transfer', () => {
  const options = (taken: boolean): StageOptions => ({
    tools: [transferTool([{ name: 'sales', to: '+12125550110' }])],
    control: { transfer: async () => taken },
    llm: (_, nth) =>
      nth === 0
        ? [{ say: 'I will put you through.' }, { call: 'transfer_call', arguments: { destination: 'sales' } }]
        : 'Nobody answers there, sorry.',
  });

  test('comes after the caller has been told, and ends the call', async () => {
    const call = new Stage(options(true));
    await call.caller.says('I want to talk to sales.');
    expect(await call.ends()).toBe('transferred');
    expect(call.said).toEqual(['I will put you through.']);
    expect(call.transfers).toEqual(['+12125550110']);
    expect(call.of('transfer').map((event) => event.outcome)).toEqual(['started', 'done']);
    expect(call.of('transfer')[0]!.atMs).toBeGreaterThanOrEqual(call.of('agent.said')[0]!.toMs);
    expect(await call.leftovers()).toEqual([]);
  });

  test('that fails is told to the model, and the call goes on', async () => {
    const call = new Stage(options(false));
    await call.caller.says('I want to talk to sales.');
    await call.agentSaid(/Nobody answers/);
    expect(call.of('transfer').map((event) => event.outcome)).toEqual(['started', 'failed']);
    expect(results(call.llms[0]!.requests[1]!)).toMatchObject([{ result: { transferred: false } }]);
    expect(await call.cleanEnd()).toEqual([]);
  });

  test('that the carrier never answers fails in the end', async () => {
    const call = new Stage({ ...options(true), control: { transfer: () => new Promise(() => {}) } });
    await call.caller.says('I want to talk to sales.');
    await call.agentSaid(/Nobody answers/);
    expect(await call.cleanEnd()).toEqual([]);
  });
});

describe('keys', () => {
  const asking: LlmStep[] = [
    { say: 'Please enter your four digit code.' },
    { call: 'collect_digits', arguments: { max_digits: 4, timeout_seconds: 5 } },
  ];

  const collecting = () =>
    new Stage({ tools: [collectDigitsTool()], llm: (_, nth) => (nth === 0 ? asking : 'Thank you.') });

  test('are collected until there are enough', async () => {
    const call = collecting();
    await call.caller.says('I want to check my account.');
    await call.agentSaid(/code/);
    await call.caller.isSilent(1_000);
    for (const key of '1234') {
      call.caller.presses(key);
      await call.caller.isSilent(400);
    }
    await call.agentSaid(/Thank you/);
    expect(results(call.llms[0]!.requests[1]!)).toMatchObject([
      { result: { digits: '1234', complete: true } },
    ]);
    expect(call.of('digit').map((event) => event.digit)).toEqual(['1', '2', '3', '4']);
    expect(call.turns).toHaveLength(1);
    expect(call.degradations).toEqual([]);
  });

  test('end with #, and may be pressed into the prompt', async () => {
    const call = collecting();
    await call.caller.says('I want to check my account.');
    await call.agentSpeaks();
    await call.caller.isSilent(800);
    call.caller.presses('12#');
    await call.agentSaid(/Thank you/);
    expect(results(call.llms[0]!.requests[1]!)).toMatchObject([{ result: { digits: '12' } }]);
    expect(call.of('agent.said')[0]).toMatchObject({ interrupted: true });
  });

  test('that do not come are waited for as long as was said, without a filler', async () => {
    const call = collecting();
    await call.caller.says('I want to check my account.');
    const prompt = await call.agentSaid(/code/);
    await call.agentSaid(/Thank you/);
    expect(results(call.llms[0]!.requests[1]!)).toMatchObject([{ result: { digits: '', complete: false } }]);
    expect(call.of('tool.returned')[0]!.atMs).toBeGreaterThan(0);
    expect(call.line.audible.at(-1)!.fromMs - prompt.toMs).toBeGreaterThan(5_000);
    expect(call.said).not.toContain('One moment please.');
  });

  test('not asked for are a turn of their own, together', async () => {
    const call = new Stage({ llm: () => 'You pressed five six.' });
    await call.caller.isSilent(500);
    call.caller.presses('5');
    await call.caller.isSilent(300);
    call.caller.presses('6');
    await call.agentSaid(/five six/);
    expect(call.turns).toEqual(['[DTMF 56]']);
  });

  test('can be pressed by the agent', async () => {
    const call = new Stage({
      tools: [sendDigitsTool()],
      llm: (_, nth) => (nth === 0 ? [{ call: 'send_digits', arguments: { digits: '12#' } }] : 'Done.'),
    });
    await call.caller.says('Press twelve please.');
    await call.agentSaid(/Done/);
    expect(call.sentDigits).toEqual(['12#']);
    expect(results(call.llms[0]!.requests[1]!)).toMatchObject([{ result: { sent: true } }]);
  });
});
