import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { llmVendors } from '#adapters/llm/vendors';
import { type LanguageModel, type LlmDelta, type LlmRequest, ProviderError } from '#engine/ports';
import {
  anthropicVendor,
  chatVendor,
  googleVendor,
  PIECES,
  TOOL_ARGUMENTS,
} from '#test/support/vendors/llm-vendors';
import { VENDOR_KEY, type VendorServer } from '#test/support/vendors/vendor-server';

const starters: Record<string, () => Promise<VendorServer>> = {
  openai: chatVendor,
  groq: chatVendor,
  ollama: chatVendor,
  'openai-compatible': chatVendor,
  anthropic: anthropicVendor,
  google: googleVendor,
};

const request: LlmRequest = {
  messages: [
    { role: 'system', text: 'You answer the phone.' },
    { role: 'user', text: 'Hello' },
    {
      role: 'assistant',
      text: 'One moment.',
      toolCalls: [{ id: 'call_0', name: 'book', arguments: { day: 'monday' } }],
    },
    { role: 'tool', toolCallId: 'call_0', name: 'book', result: { ok: false, why: 'full' } },
    { role: 'user', text: 'How long are you open?' },
  ],
  tools: [],
  temperature: 0.4,
  maxTokens: 200,
};
const book = {
  name: 'book',
  description: 'Books a table',
  parameters: {
    type: 'object',
    properties: { day: { type: 'string' }, guests: { type: 'integer' } },
    required: ['day'],
  },
};
const never = new AbortController().signal;

async function all(stream: AsyncIterable<LlmDelta>): Promise<LlmDelta[]> {
  const deltas: LlmDelta[] = [];
  for await (const delta of stream) deltas.push(delta);
  return deltas;
}

async function failure(stream: AsyncIterable<LlmDelta>): Promise<ProviderError> {
  const thrown = await all(stream).then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(ProviderError);
  return thrown as ProviderError;
}

it('has a test server for every vendor it can reach', () => {
  expect(Object.keys(starters).sort()).toEqual(Object.keys(llmVendors).sort());
});

describe.each(Object.keys(starters))('language model contract: %s', (name) => {
  let server: VendorServer;
  let model: LanguageModel;
  const open = (baseUrl: string, apiKey: string) => llmVendors[name]!({ model: 'model-1', apiKey, baseUrl });

  beforeAll(async () => {
    server = await starters[name]!();
  });
  beforeEach(() => {
    server.mode = 'ok';
    server.requests.length = 0;
    model = open(server.baseUrl, VENDOR_KEY);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('streams the answer piece by piece, then its usage', async () => {
    const deltas = await all(model.reply(request, never));
    expect(deltas.filter((delta) => delta.type === 'text').map((delta) => delta.text)).toEqual(PIECES);
    expect(deltas.at(-1)).toMatchObject({ type: 'usage', inputTokens: 12, outputTokens: 5 });
  });

  it('describes the tools and hands over the call, its arguments put together', async () => {
    const deltas = await all(model.reply({ ...request, tools: [book] }, never));
    const call = deltas.find((delta) => delta.type === 'toolCall')?.call;
    expect(call).toMatchObject({ name: 'book', arguments: TOOL_ARGUMENTS });
    expect(call?.id).toBeTruthy();
    expect(server.requests[0]!.body.toString()).toContain('Books a table');
  });

  it('sends the whole history, tool results included', async () => {
    await all(model.reply(request, never));
    const sent = server.requests[0]!.body.toString();
    for (const words of ['You answer the phone.', 'One moment.', 'full', 'How long are you open?']) {
      expect(sent).toContain(words);
    }
  });

  it('tells a refused key from everything else, without repeating it', async () => {
    const error = await failure(open(server.baseUrl, 'wrong-key-1234').reply(request, never));
    expect(error).toMatchObject({ kind: 'refused', retryable: false });
    expect(`${error.message} ${error.stack}`).not.toContain('wrong-key-1234');
    for (const seen of server.requests) expect(`${seen.path}?${seen.query}`).not.toContain('wrong-key-1234');
  });

  it('tells of a rate limit with the time to wait, and tries only once', async () => {
    server.mode = 'rate_limited';
    const error = await failure(model.reply(request, never));
    expect(error).toMatchObject({ kind: 'rate_limited', retryAfterMs: 7_000 });
    expect(server.requests.length).toBe(1);
  });

  it('reports an answer that breaks off, a vendor that is down, and one that cannot be reached', async () => {
    server.mode = 'closed';
    expect((await failure(model.reply(request, never))).retryable).toBe(true);
    server.mode = 'down';
    expect((await failure(model.reply(request, never))).kind).toBe('unavailable');
    expect((await failure(open('http://127.0.0.1:9', VENDOR_KEY).reply(request, never))).kind).toBe(
      'unavailable',
    );
  });

  it('ends quietly when it is aborted while the vendor stalls', async () => {
    server.mode = 'stalled';
    const abort = new AbortController();
    const deltas: LlmDelta[] = [];
    for await (const delta of model.reply(request, abort.signal)) {
      deltas.push(delta);
      abort.abort();
    }
    expect(deltas.length).toBe(1);
  });
});
