import type { ChatMessage, ToolCall } from '#engine/ports';
import type { Json } from '#kernel/json';

/** A tool call of the agent's; `result` is undefined while it runs, and for good when it was aborted. */
export interface CallSlot {
  readonly call: ToolCall;
  result: Json | undefined;
}

/** One thing the agent said (or did): `text` is what the caller has heard of it, or will if nothing comes between. */
export interface AgentEntry {
  readonly role: 'assistant';
  text: string;
  interrupted: boolean;
  readonly calls: CallSlot[];
}

type Entry = { role: 'user'; text: string } | AgentEntry;

const UNFINISHED: Json = { error: 'The caller spoke before this finished.' };
/** More than this many entries are forgotten from the start, so that the longest call stays affordable. */
const MAX_ENTRIES = 160;

/** What was said in a call, as the model gets to see it: the words the caller really heard. */
export class Conversation {
  readonly #systemPrompt: string;
  readonly #entries: Entry[] = [];

  constructor(systemPrompt: string) {
    this.#systemPrompt = systemPrompt;
  }

  /** The caller's words; what follows on without an answer in between is one message. */
  user(text: string): void {
    const last = this.#lastToldEntry();
    if (last?.role === 'user') last.text = `${last.text} ${text}`;
    else this.#append({ role: 'user', text });
  }

  add(entry: AgentEntry): void {
    this.#append(entry);
  }

  /** The prompt and everything said; `pending` is what the caller has said and not been taken at yet. */
  messages(pending?: string): ChatMessage[] {
    const messages: ChatMessage[] = [{ role: 'system', text: this.#systemPrompt }];
    for (const entry of this.#entries) {
      if (entry.role === 'user') messages.push({ role: 'user', text: entry.text });
      else if (isTold(entry)) messages.push(...told(entry));
    }
    if (pending === undefined) return messages;
    const last = messages.at(-1);
    if (last?.role === 'user')
      messages[messages.length - 1] = { role: 'user', text: `${last.text} ${pending}` };
    else messages.push({ role: 'user', text: pending });
    return messages;
  }

  #append(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length <= MAX_ENTRIES) return;
    const from = this.#entries.findIndex((one, i) => i >= MAX_ENTRIES / 4 && one.role === 'user');
    if (from > 0) this.#entries.splice(0, from);
  }

  #lastToldEntry(): Entry | undefined {
    return this.#entries.findLast((entry) => entry.role === 'user' || isTold(entry));
  }
}

function isTold(entry: AgentEntry): boolean {
  return entry.text !== '' || entry.calls.length > 0;
}

function told(entry: AgentEntry): ChatMessage[] {
  const { text, calls, interrupted } = entry;
  const flag = interrupted ? { interrupted } : {};
  if (calls.length === 0) return [{ role: 'assistant', text, ...flag }];
  return [
    { role: 'assistant', text, toolCalls: calls.map((slot) => slot.call), ...flag },
    ...calls.map(({ call, result }): ChatMessage => {
      return { role: 'tool', toolCallId: call.id, name: call.name, result: result ?? UNFINISHED };
    }),
  ];
}
