import { type Static, Type } from 'typebox';
import type { AssistantDraft, AssistantEdit } from '#core/assistants/service';
import { nullable } from '#http/operation';
import { Id, OpenObject } from '../schemas.ts';

const Persona = Type.Object({
  systemPrompt: Type.String({ examples: ['You are a sales assistant.'] }),
  greeting: Type.String({ examples: ['Hi! How can I help?'] }),
  personality: Type.String({ examples: ['friendly'] }),
  language: Type.String({ description: 'Language tag such as en-US.', examples: ['en-US'] }),
  guardrails: Type.String({ examples: ['Keep responses short.'] }),
});

const models = {
  llmProviderId: Id,
  llmModelId: Type.String({ examples: ['concierge'] }),
  ttsProviderId: Id,
  ttsModelId: Type.String({ examples: ['rms'] }),
  sttProviderId: Id,
};

const Tools = Type.Object({
  http: Type.Array(
    Type.Object({
      name: Type.String(),
      description: Type.String(),
      parameters: OpenObject,
      method: Type.Enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
      url: Type.String(),
      headers: Type.Record(Type.String(), Type.String()),
      timeoutMs: Type.Integer(),
      whenInterrupted: Type.Enum(['abort', 'finish']),
    }),
  ),
  transfers: Type.Array(Type.Object({ name: Type.String(), to: Type.String(), description: Type.String() })),
  calendar: Type.Boolean({ description: 'Offers slots and books appointments.' }),
  messages: Type.Boolean({ description: 'Takes messages.' }),
});

/** Fields that may be left out; those from `sttModelId` on go beyond the contract. */
const tuning = Type.Partial(
  Type.Object({
    llmConfig: Type.Partial(Type.Object({ temperature: Type.Number(), maxTokens: Type.Integer() })),
    ttsConfig: Type.Partial(Type.Object({ speed: Type.Number() })),
    thresholds: Type.Partial(
      Type.Object({
        silenceTimeoutMs: Type.Integer({ examples: [700] }),
        maxCallDurationSec: Type.Integer({ examples: [1800] }),
        interruptionSensitivity: Type.Enum(['low', 'medium', 'high']),
        endpointingMs: Type.Integer({ examples: [200] }),
      }),
    ),
    active: Type.Boolean(),
    sttModelId: Type.String({ examples: ['tiny'] }),
    firstMessageMode: Type.Enum(['assistant', 'caller', 'model'], { description: 'Who speaks first.' }),
    knowledge: Type.String({ description: 'Facts to answer from, in plain text.' }),
    tools: Type.Partial(Tools),
    variables: Type.Record(Type.String(), Type.String(), { description: 'Defaults of {{name}}.' }),
    recording: Type.Partial(Type.Object({ enabled: Type.Boolean(), announce: Type.Boolean() })),
    transferOnFailureTo: nullable(Type.String({ description: 'E.164.' })),
    timezone: nullable(Type.String({ description: 'IANA zone.' })),
    endedWebhookUrl: nullable(Type.String({ description: 'Told of each call that has ended.' })),
  }),
).properties;

export const CreateAgentBody = Type.Object({
  name: Type.String({ minLength: 1 }),
  persona: Type.Object({ ...Type.Partial(Persona).properties, systemPrompt: Type.String() }),
  ...models,
  ...tuning,
});

export const UpdateAgentBody = Type.Partial(
  Type.Object({ name: Type.String({ minLength: 1 }), persona: Type.Partial(Persona), ...models, ...tuning }),
);

/** What a client wrote of an agent. `status` and `pauseReason`, which clients may send too, are not read. */
export function readAgent(body: Static<typeof UpdateAgentBody>): AssistantEdit {
  return {
    name: body.name,
    persona: body.persona,
    llmProviderId: body.llmProviderId,
    llmModelId: body.llmModelId,
    ttsProviderId: body.ttsProviderId,
    ttsModelId: body.ttsModelId,
    sttProviderId: body.sttProviderId,
    sttModelId: body.sttModelId,
    llmConfig: body.llmConfig,
    ttsConfig: body.ttsConfig,
    thresholds: body.thresholds,
    active: body.active,
    firstMessageMode: body.firstMessageMode,
    knowledge: body.knowledge,
    tools: body.tools,
    variables: body.variables,
    recording: body.recording,
    transferOnFailureTo: body.transferOnFailureTo,
    timezone: body.timezone,
    endedWebhookUrl: body.endedWebhookUrl,
  };
}

/** The same for a new one. */
export function readNewAgent(body: Static<typeof CreateAgentBody>): AssistantDraft {
  return { ...readAgent(body), name: body.name };
}
