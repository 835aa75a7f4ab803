import type { HttpTool, ModelRef } from '#core/assistants/assistant';
import type { JsonObject } from '#kernel/json';

/** What a tenant's backend wants the assistant to be for one call. What is absent stays as the assistant has it. */
export interface CallBrief {
  readonly systemPrompt?: string;
  readonly firstMessage?: string;
  /** BCP 47. */
  readonly language?: string;
  readonly llm?: ModelRef;
  readonly tts?: ModelRef;
  readonly stt?: ModelRef;
  /** In place of the assistant's own. */
  readonly tools?: readonly HttpTool[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly metadata?: JsonObject;
  /** Left on an answering machine that was waited for. */
  readonly voicemailMessage?: string;
}
