import type { Assistant, HttpTool, ModelRef } from '#core/assistants/assistant';
import type { AssistantId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';

/** What a tenant's backend wants the assistant to be for one call. What is absent stays as the assistant has it. */
export interface CallBrief {
  /** Who answers, before any other rule. */
  readonly assistantId?: AssistantId;
  readonly systemPrompt?: string;
  /** Said first; an empty one has the model choose its own words. */
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

/** The assistant as the brief wants it, for one call. Its variables are laid over by the order of the call, not here. */
export function applyBrief(assistant: Assistant, brief: CallBrief): Assistant {
  const { systemPrompt, firstMessage, language, llm, tts, stt, tools } = brief;
  const { persona } = assistant;
  return {
    ...assistant,
    persona: {
      ...persona,
      systemPrompt: systemPrompt ?? persona.systemPrompt,
      greeting: firstMessage ?? persona.greeting,
      language: language ?? persona.language,
    },
    firstMessageMode: firstMessage === undefined ? assistant.firstMessageMode : 'assistant',
    llm: llm ?? assistant.llm,
    tts: tts ?? assistant.tts,
    stt: stt ?? assistant.stt,
    tools: tools === undefined ? assistant.tools : { ...assistant.tools, http: tools },
  };
}
