import type { Assistant, HttpTool, ModelRef } from '#core/assistants/assistant';
import type { SealedText, Secrets } from '#core/ports';
import type { AssistantId, CallId } from '#kernel/ids';
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

const context = (callId: CallId) => `call:${callId}`;

/** A brief may hold a tool's keys, so that it is stored sealed, for this call alone. */
export function sealBrief(secrets: Secrets, callId: CallId, brief: CallBrief): SealedText {
  return secrets.seal(JSON.stringify(brief), context(callId));
}

/** What was sealed; an empty brief for null. Throws `internal` for what is damaged or another call's. */
export function openBrief(secrets: Secrets, callId: CallId, sealed: SealedText | null): CallBrief {
  return sealed === null ? {} : (JSON.parse(secrets.open(sealed, context(callId))) as CallBrief);
}
