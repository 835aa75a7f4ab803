import type { Callbacks } from '#core/callbacks/callbacks';
import type { EndReason, TurnStages } from '#core/calls/log-entry';
import type { AssistantId, CallId, TenantId, TurnId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import type { MicroUsd } from '#kernel/money';

export type CallStatus = 'active' | 'completed' | 'failed';

export const CALL_STATUSES: readonly CallStatus[] = ['active', 'completed', 'failed'];

export type CallDirection = 'inbound' | 'outbound';
export type CallType = 'phone' | 'web';

/** What the job after the call found out. */
export interface CallAnalysis {
  readonly summary: string | null;
  readonly sentiment: 'positive' | 'neutral' | 'negative' | null;
  readonly disposition: string | null;
  /** Fields extracted by the assistant's own schema. */
  readonly extracted: JsonObject;
}

/**
 * One call: an inbound one from the moment its media opened, or its backend turned it away; an outbound one from the
 * moment it was ordered.
 */
export interface Call {
  readonly id: CallId;
  readonly tenantId: TenantId;
  readonly assistantId: AssistantId;
  /** As it was called when the call began. */
  readonly assistantName: string;
  readonly status: CallStatus;
  readonly type: CallType;
  readonly direction: CallDirection;
  readonly from: string;
  readonly to: string;
  /** The carrier's own id, Twilio's call SID. */
  readonly carrierRef: string | null;
  /** The node that holds its socket. */
  readonly nodeId: string;
  readonly variables: Readonly<Record<string, string>>;
  /** The tenant's backend, as it was to be told when the call began. */
  readonly callbacks: Callbacks;
  /** Whatever the tenant wants to find again. */
  readonly metadata: JsonObject;
  readonly startedAt: Date;
  /** When its media opened; null while, and where, nobody was connected. */
  readonly answeredAt: Date | null;
  readonly endedAt: Date | null;
  /** Null while it is active. */
  readonly durationMs: number | null;
  readonly endReason: EndReason | null;
  /** The recording's key among the blobs, null when the call was not recorded. */
  readonly recordingKey: string | null;
  readonly analysis: CallAnalysis | null;
}

export interface TranscriptEntry {
  readonly role: 'user' | 'assistant' | 'tool' | 'system';
  readonly text: string;
  readonly atMs: number;
  readonly endMs: number;
  readonly turnId: TurnId | null;
  /** The caller broke in; `text` ends with the last word that was heard. */
  readonly interrupted: boolean;
}

export interface TurnMetrics {
  readonly turnId: TurnId | null;
  readonly voiceToVoiceMs: number;
  readonly stages: TurnStages;
}

export interface CallCost {
  readonly totalMicros: MicroUsd;
  readonly components: readonly {
    readonly component: string;
    readonly provider: string;
    readonly unit: string;
    readonly amount: number;
    readonly costMicros: MicroUsd;
  }[];
}

export interface CallMetrics {
  readonly turns: readonly TurnMetrics[];
  /** Null before the first measured turn. */
  readonly voiceToVoiceMs: { readonly p50: number; readonly p95: number } | null;
  readonly interruptions: number;
  readonly cost: CallCost;
}

/** A message that the caller left for the business. */
export interface LeftMessage {
  readonly text: string;
  readonly name: string | null;
  /** Where to call back: the number that was given, else the one the call came from. */
  readonly phone: string | null;
  /** Milliseconds since the call began. */
  readonly atMs: number;
}

/** A call with all that its log tells. */
export interface CallDetail extends Call {
  readonly transcript: readonly TranscriptEntry[];
  readonly messages: readonly LeftMessage[];
  readonly metrics: CallMetrics;
}
