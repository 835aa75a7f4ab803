import type { Assistant, AssistantTools, Persona, Recording, Thresholds } from '#core/assistants/assistant';
import { embeddedModel } from '#core/providers/embedded';
import { newId, type TenantId } from '#kernel/ids';

/** What an assistant has where its owner said nothing. */
export const PERSONA: Persona = {
  systemPrompt: 'You are a helpful assistant who answers the telephone.',
  greeting: 'Hello! How can I help you?',
  personality: 'friendly',
  language: 'en-US',
  guardrails: '',
};

export const THRESHOLDS: Thresholds = {
  silenceTimeoutMs: 700,
  maxCallDurationSec: null,
  interruptionSensitivity: 'medium',
  endpointingMs: 500,
};

export const TOOLS: AssistantTools = { http: [], transfers: [], calendar: false, messages: false };

export const RECORDING: Recording = { enabled: false, announce: true };

/** An assistant on the embedded providers with nothing but a name. */
export function blankAssistant(tenantId: TenantId, name: string, now: Date): Assistant {
  return {
    id: newId('asst'),
    tenantId,
    name,
    persona: PERSONA,
    llm: embeddedModel('llm'),
    tts: embeddedModel('tts'),
    stt: embeddedModel('stt'),
    llmConfig: {},
    ttsConfig: {},
    thresholds: THRESHOLDS,
    active: true,
    isDefault: false,
    firstMessageMode: 'assistant',
    knowledge: '',
    tools: TOOLS,
    variables: {},
    recording: RECORDING,
    transferOnFailureTo: null,
    timezone: null,
    endedWebhookUrl: null,
    createdAt: now,
    updatedAt: now,
  };
}

/**
 * The assistant every tenant has from its first day: it answers where no other was chosen. It names the tenant where
 * that has a name.
 */
export function defaultAssistant(tenantId: TenantId, tenantName: string | null, now: Date): Assistant {
  const receptionist = tenantName === null ? 'a receptionist' : `the receptionist of ${tenantName}`;
  return {
    ...blankAssistant(tenantId, 'Receptionist', now),
    isDefault: true,
    persona: {
      ...PERSONA,
      systemPrompt: `You are ${receptionist}. Greet callers, find out what they need, answer what you know, and take a message when you cannot help.`,
      greeting:
        tenantName === null ? PERSONA.greeting : `Hello, you have reached ${tenantName}. How can I help you?`,
    },
    tools: { ...TOOLS, calendar: true, messages: true },
  };
}
