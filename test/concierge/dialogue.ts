import { expect } from 'vitest';
import { SANDBOX_API_KEY, sandboxCalendar } from '#adapters/calendar/sandbox/sandbox-calendar';
import { concierge } from '#adapters/llm/concierge';
import type { CallOrder } from '#core/calls/order';
import { schemaProblems } from '#engine/arguments';
import type { ChatMessage, LlmDelta, Tool, ToolCall, ToolSpec } from '#engine/ports';
import { newId } from '#kernel/ids';
import type { Json, JsonObject } from '#kernel/json';
import { silentLog } from '#kernel/log';
import { demoReceptionist } from '#runtime/demo-receptionist';
import { planCall } from '#runtime/plan';
import type { TakenMessage } from '#runtime/tools/message-tool';
import { toolsFor } from '#runtime/tools/toolbox';
import { ManualClock } from '#test/support/manual-clock';
import { bookingsInMemory } from './bookings-in-memory.ts';

/** Thursday, 19 November 2026, 10:05 in New York. */
export const NOW_MS = Date.parse('2026-11-19T15:05:00Z');
const ZONE = 'America/New_York';
const never = new AbortController().signal;

/** What a test's own tool answers. */
type Answer = Json | ((args: JsonObject) => Json);

export interface ToolDouble {
  spec: ToolSpec;
  answer: Answer;
}

export interface Script {
  prompt: string;
  greeting?: string;
  tools?: readonly (Tool | ToolDouble)[];
}

/** One conversation with the concierge, its tools really run. */
export class Talk {
  readonly messages: ChatMessage[];
  readonly calls: ToolCall[] = [];
  readonly effects: string[] = [];
  readonly #tools: readonly (Tool | ToolDouble)[];

  constructor({ prompt, greeting, tools = [] }: Script) {
    this.messages = [{ role: 'system', text: prompt }];
    if (greeting) this.messages.push({ role: 'assistant', text: greeting });
    this.#tools = tools;
  }

  /** The names of the tools called so far. */
  get called(): string[] {
    return this.calls.map(({ name }) => name);
  }

  /** The arguments of the last call of a tool. */
  argumentsOf(name: string): JsonObject | undefined {
    return this.calls.findLast((call) => call.name === name)?.arguments;
  }

  /** Says something; the agent's words in answer, tools run between. */
  async says(text: string): Promise<string> {
    this.messages.push({ role: 'user', text });
    return this.answer();
  }

  /** Breaks in: the last answer was heard as far as `heard`, then the caller says `text`. */
  async interrupts(heard: string, text: string): Promise<string> {
    const last = this.messages.findLastIndex(({ role }) => role === 'assistant');
    const entry = this.messages[last];
    if (entry?.role !== 'assistant' || !entry.text.startsWith(heard)) throw new Error(`never said: ${heard}`);
    this.messages.splice(last, this.messages.length, { role: 'assistant', text: heard, interrupted: true });
    return this.says(text);
  }

  async answer(): Promise<string> {
    let said = '';
    for (let round = 0; round < 6; round++) {
      const { text, calls } = await this.#once();
      said = said === '' ? text : `${said} ${text}`.trim();
      if (text !== '' || calls.length > 0)
        this.messages.push({ role: 'assistant', text, ...(calls.length > 0 ? { toolCalls: calls } : {}) });
      if (calls.length === 0) return said;
      for (const call of calls) await this.#run(call);
      if (this.effects.length > 0) return said;
    }
    throw new Error(`no end of tools after ${this.called.join(', ')}`);
  }

  async #once(): Promise<{ text: string; calls: ToolCall[] }> {
    const request = { messages: this.messages, tools: this.#tools.map(({ spec }) => spec) };
    const deltas: LlmDelta[] = [];
    for await (const delta of concierge.reply(request, never)) deltas.push(delta);
    const again: LlmDelta[] = [];
    for await (const delta of concierge.reply(request, never)) again.push(delta);
    expect(again).toEqual(deltas);
    expect(deltas.at(-1)).toMatchObject({ type: 'usage' });
    const text = deltas.map((delta) => (delta.type === 'text' ? delta.text : '')).join('');
    return { text, calls: deltas.flatMap((delta) => (delta.type === 'toolCall' ? [delta.call] : [])) };
  }

  async #run(call: ToolCall): Promise<void> {
    const tool = this.#tools.find(({ spec }) => spec.name === call.name);
    if (!tool) throw new Error(`no tool ${call.name}`);
    expect(
      schemaProblems(tool.spec.parameters, call.arguments),
      `${call.name} ${JSON.stringify(call.arguments)}`,
    ).toEqual([]);
    expect(this.calls.map(({ id }) => id)).not.toContain(call.id);
    this.calls.push(call);
    let result: Json;
    if ('run' in tool) {
      const context = { callId: newId('call'), turnId: newId('turn'), idempotencyKey: call.id };
      const outcome = await tool.run(call.arguments, context, never);
      if (outcome.effect) this.effects.push(outcome.effect.type);
      result = outcome.result;
    } else result = typeof tool.answer === 'function' ? tool.answer(call.arguments) : tool.answer;
    this.messages.push({ role: 'tool', toolCallId: call.id, name: call.name, result });
  }
}

/** The demo receptionist as a call would have her: planned prompt, real tools over the sandbox's calendar. */
export async function receptionist(tools = demoReceptionist.tools, nowMs = NOW_MS) {
  const clock = new ManualClock({ startMs: nowMs });
  const store = bookingsInMemory();
  const tenantId = newId('ten');
  const messages: TakenMessage[] = [];
  const assistant = {
    ...demoReceptionist,
    id: newId('asst'),
    tenantId,
    variables: {},
    llmConfig: {},
    ttsConfig: {},
    thresholds: {},
    firstMessageMode: 'assistant',
    transferOnFailureTo: null,
    tools: { http: [], transfers: [], calendar: false, messages: false, ...tools },
  };
  const order = {
    callId: newId('call'),
    tenantId,
    tenantName: 'Demo',
    timezone: ZONE,
    type: 'phone',
    direction: 'inbound',
    from: '+12125550188',
    to: '+14155550199',
    variables: {},
    assistant,
    voicemailMessage: null,
    maxDurationMs: 600_000,
  } as unknown as CallOrder;
  const box = await toolsFor(order, {
    http: { checkUrl() {}, fetch: () => Promise.reject(new Error('no network here')) },
    calendars: {
      open: async () => sandboxCalendar({ apiKey: SANDBOX_API_KEY, tenantId, timezone: ZONE, store, clock }),
    },
    signingSecret: async () => 'secret',
    deliverMessage: async (_tenantId, message) => void messages.push(message),
    clock,
    log: silentLog,
  });
  const plan = planCall(order, box, nowMs);
  const greeting = plan.opening.mode === 'assistant' ? plan.opening.text : '';
  return {
    talk: new Talk({ prompt: plan.systemPrompt, greeting, tools: plan.tools }),
    plan,
    bookings: store.rows,
    messages,
  };
}
