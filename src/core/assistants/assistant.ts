import type { AssistantId, ProviderId, TenantId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';

export interface Persona {
  readonly systemPrompt: string;
  readonly greeting: string;
  readonly personality: string;
  /** BCP 47. */
  readonly language: string;
  readonly guardrails: string;
}

export interface ModelRef {
  readonly providerId: ProviderId;
  readonly modelId: string;
}

export interface LlmConfig {
  /** 0 to 2; the provider's own when absent. */
  readonly temperature?: number;
  readonly maxTokens?: number;
}

export interface TtsConfig {
  /** 1 is the voice's own pace; 0.25 to 4. */
  readonly speed?: number;
}

export type InterruptionSensitivity = 'low' | 'medium' | 'high';

export interface Thresholds {
  readonly silenceTimeoutMs: number;
  /** As asked for; a call ends at the lower of this and the plan's. Null is the plan's. */
  readonly maxCallDurationSec: number | null;
  readonly interruptionSensitivity: InterruptionSensitivity;
  readonly endpointingMs: number;
}

/** An HTTP function of the tenant. `url` and header values may hold `{{name}}` of parameters and call variables. */
export interface HttpTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of type object. */
  readonly parameters: JsonObject;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly whenInterrupted: 'abort' | 'finish';
}

export interface TransferDestination {
  /** What the model calls it: `sales`. */
  readonly name: string;
  /** E.164. */
  readonly to: string;
  readonly description: string;
}

export interface AssistantTools {
  readonly http: readonly HttpTool[];
  readonly transfers: readonly TransferDestination[];
  /** Whether the assistant offers slots and books appointments. */
  readonly calendar: boolean;
  /** Whether the assistant takes messages for the tenant. */
  readonly messages: boolean;
}

/** Who speaks first: the assistant with its greeting, the caller, or the assistant with words of the model's own. */
export type FirstMessageMode = 'assistant' | 'caller' | 'model';

export interface Recording {
  readonly enabled: boolean;
  /** Whether the caller is told first. */
  readonly announce: boolean;
}

/** What answers a call. */
export interface Assistant {
  readonly id: AssistantId;
  readonly tenantId: TenantId;
  readonly name: string;
  readonly persona: Persona;
  readonly llm: ModelRef;
  readonly tts: ModelRef;
  readonly stt: ModelRef;
  readonly llmConfig: LlmConfig;
  readonly ttsConfig: TtsConfig;
  readonly thresholds: Thresholds;
  readonly active: boolean;
  /** The assistant every tenant has from its first day; outside the plan's count, never deleted. */
  readonly isDefault: boolean;
  readonly firstMessageMode: FirstMessageMode;
  /** Facts the assistant answers from, in plain text. */
  readonly knowledge: string;
  readonly tools: AssistantTools;
  /** Defaults of `{{name}}` in prompt and greeting. */
  readonly variables: Readonly<Record<string, string>>;
  readonly recording: Recording;
  /** E.164, or null. */
  readonly transferOnFailureTo: string | null;
  /** IANA zone; the tenant's when null. */
  readonly timezone: string | null;
  /** Told of each call that has ended; null tells nobody. */
  readonly endedWebhookUrl: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type AssistantStatus = 'active' | 'paused';

/** An assistant with what the server computes. `pauseReason` is null exactly when `status` is `active`. */
export interface AssistantView extends Assistant {
  readonly status: AssistantStatus;
  /** Words for people. */
  readonly pauseReason: string | null;
  /** The lower of the assistant's own limit and the plan's. */
  readonly effectiveMaxCallDurationSec: number;
}
