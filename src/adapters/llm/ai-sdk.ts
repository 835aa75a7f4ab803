import {
  APICallError,
  type JSONValue,
  jsonSchema,
  type ModelMessage,
  RetryError,
  type LanguageModel as SdkModel,
  streamText,
  type TextStreamPart,
  type ToolSet,
  tool,
} from 'ai';
import {
  type ChatMessage,
  type LanguageModel,
  type LlmDelta,
  type LlmRequest,
  ProviderError,
  type ToolSpec,
} from '#engine/ports';
import type { JsonObject } from '#kernel/json';
import { connectionError, statusError } from '../stream/provider-errors.ts';

/**
 * Any model the AI SDK reaches, as our LanguageModel. Tools are only described to the model: the engine runs them.
 * Nothing is retried here, because the engine fails over faster than a retry would answer.
 */
export function aiSdkModel(name: string, model: SdkModel): LanguageModel {
  return { name, reply: (request, signal) => replyWith(name, model, { request, signal }) };
}

async function* replyWith(
  name: string,
  model: SdkModel,
  call: { request: LlmRequest; signal: AbortSignal },
): AsyncGenerator<LlmDelta> {
  const { request, signal } = call;
  const stream = streamText({
    model,
    messages: request.messages.map(toModelMessage),
    allowSystemInMessages: true,
    tools: toToolSet(request.tools),
    temperature: request.temperature,
    maxOutputTokens: request.maxTokens,
    maxRetries: 0,
    abortSignal: signal,
    // Errors arrive as parts of the stream; the SDK would print them to the console as well.
    onError() {},
  });
  try {
    for await (const part of stream.fullStream) {
      if (signal.aborted) return;
      const delta = toDelta(name, part);
      if (delta) yield delta;
    }
  } catch (error) {
    if (signal.aborted) return;
    throw toProviderError(name, error);
  }
}

function toDelta(name: string, part: TextStreamPart<ToolSet>): LlmDelta | null {
  switch (part.type) {
    case 'text-delta':
      return part.text === '' ? null : { type: 'text', text: part.text };
    case 'tool-call':
      return {
        type: 'toolCall',
        call: { id: part.toolCallId, name: part.toolName, arguments: (part.input ?? {}) as JsonObject },
      };
    case 'finish':
      return {
        type: 'usage',
        inputTokens: part.totalUsage.inputTokens ?? 0,
        outputTokens: part.totalUsage.outputTokens ?? 0,
      };
    case 'error':
      throw toProviderError(name, part.error);
    default:
      return null;
  }
}

function toModelMessage(message: ChatMessage): ModelMessage {
  switch (message.role) {
    case 'system':
    case 'user':
      return { role: message.role, content: message.text };
    case 'assistant': {
      const calls = (message.toolCalls ?? []).map((call) => ({
        type: 'tool-call' as const,
        toolCallId: call.id,
        toolName: call.name,
        input: call.arguments,
      }));
      const words = message.text === '' ? [] : [{ type: 'text' as const, text: message.text }];
      return { role: 'assistant', content: [...words, ...calls] };
    }
    case 'tool':
      return {
        role: 'tool',
        content: [
          {
            type: 'tool-result',
            toolCallId: message.toolCallId,
            toolName: message.name,
            output: { type: 'json', value: message.result as JSONValue },
          },
        ],
      };
  }
}

function toToolSet(specs: readonly ToolSpec[]): ToolSet | undefined {
  if (specs.length === 0) return undefined;
  const set: ToolSet = {};
  for (const spec of specs) {
    set[spec.name] = tool({ description: spec.description, inputSchema: jsonSchema(spec.parameters) });
  }
  return set;
}

/** Vendors' messages can quote the request with its key, so only the status and our own words are kept. */
function toProviderError(name: string, thrown: unknown): ProviderError {
  const error = RetryError.isInstance(thrown) ? thrown.lastError : thrown;
  if (error instanceof ProviderError) return error;
  if (!APICallError.isInstance(error)) return connectionError(name, error);
  const status = error.statusCode;
  if (status === undefined) return new ProviderError(name, 'unavailable', `${name} cannot be reached`);
  return statusError(name, status, error.responseHeaders?.['retry-after']);
}
