import type {
  Assistant,
  AssistantTools,
  AssistantView,
  LlmConfig,
  Persona,
  Recording,
  Thresholds,
  TtsConfig,
} from '#core/assistants/assistant';
import type { Scope } from '#kernel/scope';

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
}

/** At creation a name is needed; providers left out are the embedded ones. */
export type AssistantDraft = AssistantEdit & { readonly name: string };

export interface Assistants {
  /** Oldest first. The tenant's default assistant is left out unless asked for. */
  list(scope: Scope, filter?: { includeDefault?: boolean }): Promise<AssistantView[]>;
  /** Throws `not_found`. */
  get(scope: Scope, id: string): Promise<AssistantView>;
  /** The one every tenant has from its first day. */
  getDefault(scope: Scope): Promise<AssistantView>;
  /**
   * Throws `invalid` (with the field; a provider that is unknown or another tenant's counts as one), `forbidden` (a
   * global model outside the plan) or `quota` (the plan has room for no more).
   */
  create(scope: Scope, draft: AssistantDraft): Promise<AssistantView>;
  /** Nested blocks are merged. Throws as `create`, and `not_found`; a refused update changes nothing. */
  update(scope: Scope, id: string, edit: AssistantEdit): Promise<AssistantView>;
  /** Throws `not_found`, and `precondition` for the default assistant. */
  remove(scope: Scope, id: string): Promise<void>;
}
