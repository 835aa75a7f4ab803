import type { Tool } from '#engine/ports';
import type { AssistantId, CallId, TenantId } from '#kernel/ids';

export type InterruptionSensitivity = 'low' | 'medium' | 'high';

/** Sentences the engine says on its own account, in the assistant's language. */
export interface Phrases {
  /** While a tool takes long. */
  filler: string;
  /** When our answer failed once. */
  reprompt: string;
  /** To a caller who says nothing, first and second time. */
  idle: readonly [string, string];
  /** Before hanging up on silence. */
  idleGoodbye: string;
  /** Before hanging up at the time limit. */
  timeLimit: string;
  /** Before hanging up, when nothing works any more. */
  trouble: string;
}

/** All an engine needs to know of an assistant for one call. Frozen at launch: later edits touch later calls only. */
export interface CallPlan {
  readonly callId: CallId;
  readonly tenantId: TenantId;
  readonly assistantId: AssistantId;
  readonly direction: 'inbound' | 'outbound';
  readonly type: 'phone' | 'web';
  readonly from: string;
  readonly to: string;
  /** BCP 47. */
  readonly language: string;
  /** IANA zone of the tenant, for the model's sense of today. */
  readonly timezone: string;
  /** Instructions, guardrails, facts and variables already filled in. */
  readonly systemPrompt: string;
  readonly opening: { mode: 'assistant'; text: string } | { mode: 'caller' } | { mode: 'model' };
  /** Left on an answering machine, once its greeting is over, and all that is said then; null is a conversation. */
  readonly voicemailMessage: string | null;
  /** Said before anything else when the call is recorded and the tenant asks for it. */
  readonly announcement: string | null;
  readonly temperature: number | undefined;
  readonly maxTokens: number | undefined;
  readonly speed: number;
  readonly hints: readonly string[];
  readonly thresholds: {
    /** Silence after a finished-sounding turn. */
    readonly endpointingMs: number;
    /** Silence after which an unfinished-sounding turn is taken all the same. */
    readonly silenceTimeoutMs: number;
    readonly interruptionSensitivity: InterruptionSensitivity;
    readonly maxCallDurationMs: number;
    /** Silence of both sides before the caller is asked; the call ends after the third. */
    readonly idleMs: number;
  };
  readonly tools: readonly Tool[];
  readonly phrases: Phrases;
  /** Where to send the caller when nothing works any more. */
  readonly transferOnFailureTo: string | null;
  readonly record: boolean;
}
