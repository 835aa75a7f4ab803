import type { IncomingMessage, ServerResponse } from 'node:http';
import { startVendor, type VendorMode, type VendorRequest, type VendorServer } from './vendor-server.ts';

/** What every model here says: these pieces, or, to a request that offers tools, one call of the first tool. */
export const PIECES = ['We ', 'are ', 'open ', 'until six.'];
export const TOOL_ARGUMENTS = { day: 'friday', guests: 2 };

type Chunk = { event?: string; data: unknown };

async function sendEvents(
  response: ServerResponse,
  chunks: readonly Chunk[],
  mode: VendorMode,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const [i, chunk] of chunks.entries()) {
    if (chunk.event) response.write(`event: ${chunk.event}\n`);
    response.write(`data: ${typeof chunk.data === 'string' ? chunk.data : JSON.stringify(chunk.data)}\n\n`);
    await new Promise((resolve) => setImmediate(resolve));
    if (i === 2 && mode === 'closed') return void response.destroy();
    if (i === 2 && mode === 'stalled') return;
  }
  response.end();
}

const offersTools = (request: VendorRequest) =>
  ((JSON.parse(request.body.toString()) as { tools?: unknown[] }).tools ?? []).length > 0;

const bearer = (headers: IncomingMessage['headers']) => headers.authorization?.replace(/^Bearer /, '');

/** `POST /chat/completions`, streamed: OpenAI, Groq, Ollama and every compatible server. */
export function chatVendor(): Promise<VendorServer> {
  return startVendor({
    key: bearer,
    http: (request, response, mode) => sendEvents(response, chatChunks(offersTools(request)), mode),
  });
}

/** Usage comes in the last chunk; Groq gives it under a name of its own. */
function chatChunks(tools: boolean): Chunk[] {
  const choice = (delta: object, reason: string | null) => ({
    data: {
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta, finish_reason: reason }],
    },
  });
  const json = JSON.stringify(TOOL_ARGUMENTS);
  const body = tools
    ? [
        choice(
          {
            role: 'assistant',
            tool_calls: [
              { index: 0, id: 'call_1', type: 'function', function: { name: 'book', arguments: '' } },
            ],
          },
          null,
        ),
        choice({ tool_calls: [{ index: 0, function: { arguments: json.slice(0, 9) } }] }, null),
        choice({ tool_calls: [{ index: 0, function: { arguments: json.slice(9) } }] }, null),
        choice({}, 'tool_calls'),
      ]
    : [...PIECES.map((content) => choice({ role: 'assistant', content }, null)), choice({}, 'stop')];
  const usage = { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 };
  const last = {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [],
    usage,
    x_groq: { usage },
  };
  return [...body, { data: last }, { data: '[DONE]' }];
}

/** `POST /messages`, streamed: Anthropic. */
export function anthropicVendor(): Promise<VendorServer> {
  return startVendor({
    key: (headers) => headers['x-api-key'] as string | undefined,
    http: (request, response, mode) => sendEvents(response, messageChunks(offersTools(request)), mode),
  });
}

function messageChunks(tools: boolean): Chunk[] {
  const chunk = (data: { type: string; [key: string]: unknown }): Chunk => ({ event: data.type, data });
  const json = JSON.stringify(TOOL_ARGUMENTS);
  const block = tools
    ? { type: 'tool_use', id: 'toolu_1', name: 'book', input: {} }
    : { type: 'text', text: '' };
  const deltas = tools
    ? [json.slice(0, 9), json.slice(9)].map((partial_json) => ({ type: 'input_json_delta', partial_json }))
    : PIECES.map((text) => ({ type: 'text_delta', text }));
  return [
    chunk({
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'm',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 12, output_tokens: 1 },
      },
    }),
    chunk({ type: 'content_block_start', index: 0, content_block: block }),
    ...deltas.map((delta) => chunk({ type: 'content_block_delta', index: 0, delta })),
    chunk({ type: 'content_block_stop', index: 0 }),
    chunk({
      type: 'message_delta',
      delta: { stop_reason: tools ? 'tool_use' : 'end_turn', stop_sequence: null },
      usage: { output_tokens: 5 },
    }),
    chunk({ type: 'message_stop' }),
  ];
}

/** `:streamGenerateContent`, streamed: Google. */
export function googleVendor(): Promise<VendorServer> {
  return startVendor({
    key: (headers) => headers['x-goog-api-key'] as string | undefined,
    http: (request, response, mode) => sendEvents(response, contentChunks(offersTools(request)), mode),
  });
}

function contentChunks(tools: boolean): Chunk[] {
  const parts = tools
    ? [{ functionCall: { name: 'book', args: TOOL_ARGUMENTS } }]
    : PIECES.map((text) => ({ text }));
  const usageMetadata = { promptTokenCount: 12, candidatesTokenCount: 5, totalTokenCount: 17 };
  const last = {
    candidates: [{ content: { role: 'model', parts: [] }, finishReason: 'STOP', index: 0 }],
    usageMetadata,
  };
  return [
    ...parts.map((part) => ({
      data: { candidates: [{ content: { role: 'model', parts: [part] }, index: 0 }] },
    })),
    { data: last },
  ];
}
