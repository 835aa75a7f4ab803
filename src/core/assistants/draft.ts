import type {
  Assistant,
  AssistantTools,
  LlmConfig,
  Persona,
  Recording,
  Thresholds,
  TtsConfig,
} from '#core/assistants/assistant';

/** What a client writes of an assistant. What is left out keeps its value, or gets its default at creation. */
export interface AssistantEdit {
  readonly name?: string;
  readonly persona?: Partial<Persona>;
  readonly llmProviderId?: string;
  readonly llmModelId?: string;
  readonly ttsProviderId?: string;
  readonly ttsModelId?: string;
  readonly sttProviderId?: string;
  /** Left out with a provider given: the provider's first model that the plan allows. */
  readonly sttModelId?: string;
  readonly llmConfig?: LlmConfig;
  readonly ttsConfig?: TtsConfig;
  readonly thresholds?: Partial<Thresholds>;
  readonly active?: boolean;
  readonly firstMessageMode?: Assistant['firstMessageMode'];
  readonly knowledge?: string;
  readonly tools?: Partial<AssistantTools>;
  readonly variables?: Readonly<Record<string, string>>;
  readonly recording?: Partial<Recording>;
  readonly transferOnFailureTo?: string | null;
  readonly timezone?: string | null;
  readonly endedWebhookUrl?: string | null;
}

/** At creation a name is needed; providers left out are the embedded ones. */
export type AssistantDraft = AssistantEdit & { readonly name: string };
