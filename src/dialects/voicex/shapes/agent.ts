import { type Static, Type } from 'typebox';
import type { AssistantView, HttpTool } from '#core/assistants/assistant';
import { nullable } from '#http/operation';
import { Id, OpenObject, Timestamp } from '../schemas.ts';

const listedFields = {
  _id: Id,
  name: Type.String({ examples: ['Sales Bot'] }),
  llmProviderId: Id,
  llmModelId: Type.String({ examples: ['concierge'] }),
  ttsProviderId: Id,
  ttsModelId: Type.String({ examples: ['rms'] }),
  sttProviderId: Id,
  sttModelId: Type.String({ examples: ['tiny'] }),
  active: Type.Boolean(),
  status: Type.Enum(['active', 'paused']),
  pauseReason: nullable(Type.String()),
  createdAt: Timestamp,
  updatedAt: Timestamp,
};

export const AgentBody = Type.Object(listedFields);

const HttpToolBody = Type.Object({
  name: Type.String({ examples: ['Sales Bot'] }),
  description: Type.String(),
  parameters: OpenObject,
  method: Type.String(),
  url: Type.String(),
  headerNames: Type.Array(Type.String(), { description: 'Values are never shown: they may hold keys.' }),
  timeoutMs: Type.Integer(),
  whenInterrupted: Type.String(),
});

export const AgentDetailBody = Type.Object({
  ...listedFields,
  persona: Type.Object({
    systemPrompt: Type.String({ examples: ['You are a sales assistant.'] }),
    greeting: Type.String({ examples: ['Hi! How can I help?'] }),
    personality: Type.String({ examples: ['friendly'] }),
    language: Type.String({ examples: ['en-US'] }),
    guardrails: Type.String({ examples: ['Keep responses short.'] }),
  }),
  llmConfig: Type.Object({
    temperature: Type.Optional(Type.Number()),
    maxTokens: Type.Optional(Type.Integer()),
  }),
  ttsConfig: Type.Object({ speed: Type.Optional(Type.Number()) }),
  thresholds: Type.Object({
    silenceTimeoutMs: Type.Integer({ examples: [700] }),
    maxCallDurationSec: Type.Integer({ examples: [1800] }),
    interruptionSensitivity: Type.String(),
    endpointingMs: Type.Integer({ examples: [200] }),
  }),
  firstMessageMode: Type.String(),
  knowledge: Type.String(),
  tools: Type.Object({
    http: Type.Array(HttpToolBody),
    transfers: Type.Array(
      Type.Object({ name: Type.String(), to: Type.String(), description: Type.String() }),
    ),
    calendar: Type.Boolean(),
    messages: Type.Boolean(),
  }),
  variables: Type.Record(Type.String(), Type.String()),
  recording: Type.Object({ enabled: Type.Boolean(), announce: Type.Boolean() }),
  transferOnFailureTo: nullable(Type.String()),
  timezone: nullable(Type.String()),
  endedWebhookUrl: nullable(Type.String()),
});

/** An agent as it is listed. */
export function showAgent(agent: AssistantView): Static<typeof AgentBody> {
  return {
    _id: agent.id,
    name: agent.name,
    llmProviderId: agent.llm.providerId,
    llmModelId: agent.llm.modelId,
    ttsProviderId: agent.tts.providerId,
    ttsModelId: agent.tts.modelId,
    sttProviderId: agent.stt.providerId,
    sttModelId: agent.stt.modelId,
    active: agent.active,
    status: agent.status,
    pauseReason: agent.pauseReason,
    createdAt: agent.createdAt.toISOString(),
    updatedAt: agent.updatedAt.toISOString(),
  };
}

/** An agent with the configuration it was written with. */
export function showAgentDetail(agent: AssistantView): Static<typeof AgentDetailBody> {
  const { maxCallDurationSec, ...thresholds } = agent.thresholds;
  return {
    ...showAgent(agent),
    persona: { ...agent.persona },
    llmConfig: { ...agent.llmConfig },
    ttsConfig: { ...agent.ttsConfig },
    thresholds: {
      ...thresholds,
      maxCallDurationSec: maxCallDurationSec ?? agent.effectiveMaxCallDurationSec,
    },
    firstMessageMode: agent.firstMessageMode,
    knowledge: agent.knowledge,
    tools: {
      http: agent.tools.http.map(showHttpTool),
      transfers: agent.tools.transfers.map((transfer) => ({ ...transfer })),
      calendar: agent.tools.calendar,
      messages: agent.tools.messages,
    },
    variables: { ...agent.variables },
    recording: { ...agent.recording },
    transferOnFailureTo: agent.transferOnFailureTo,
    timezone: agent.timezone,
    endedWebhookUrl: agent.endedWebhookUrl,
  };
}

function showHttpTool({ headers, ...tool }: HttpTool): Static<typeof HttpToolBody> {
  return { ...tool, headerNames: Object.keys(headers) };
}
