import type {
  Call,
  CallDetail,
  CallMetrics,
  LeftMessage,
  TranscriptEntry,
  TurnMetrics,
} from '#core/calls/call';
import type { CallId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import { usdFromMicros } from '#kernel/money';

/** What receivers are sent when a call has ended; docs/schemas/call-ended.json is its JSON Schema. */
export interface CallEnded {
  readonly type: 'call.ended';
  /** When the call ended. */
  readonly timestamp: string;
  readonly data: {
    readonly callId: CallId;
    readonly callSid: string | null;
    readonly agentId: string;
    readonly agentName: string;
    readonly status: Exclude<Call['status'], 'active'>;
    readonly type: Call['type'];
    readonly direction: Call['direction'];
    readonly from: string;
    readonly to: string;
    readonly startedAt: string;
    /** When its media opened; null where they never did. */
    readonly answeredAt: string | null;
    readonly endedAt: string;
    readonly durationSec: number;
    readonly endReason: string;
    readonly recordingUrl: string | null;
    /** In the words that were heard. */
    readonly transcript: readonly TranscriptEntry[];
    /** What the caller left for the business. */
    readonly messages: readonly LeftMessage[];
    readonly summary: string | null;
    readonly sentiment: 'positive' | 'neutral' | 'negative' | null;
    readonly disposition: string | null;
    readonly extracted: JsonObject;
    readonly latency: {
      /** From the end of the caller's speech to the first sound of the answer; null before the first measured turn. */
      readonly voiceToVoiceMs: { readonly p50: number; readonly p95: number } | null;
      readonly turns: readonly TurnMetrics[];
      readonly interruptions: number;
    };
    readonly cost: CostShown;
    readonly variables: Readonly<Record<string, string>>;
    readonly metadata: JsonObject;
  };
}

interface CostShown {
  readonly currency: 'USD';
  /** What is billed for the time on the line. */
  readonly total: number;
  readonly billedSec: number;
  /** What the models used cost at their vendors' list prices; not part of `total`. */
  readonly vendors: number;
}

/** The event of a call; null while it goes on. */
export function callEnded(call: CallDetail, recordingUrl: (callId: CallId) => string): CallEnded | null {
  const { id, status, endedAt, durationMs, endReason, analysis, metrics } = call;
  if (status === 'active' || endedAt === null || durationMs === null || endReason === null) return null;
  return {
    type: 'call.ended',
    timestamp: endedAt.toISOString(),
    data: {
      callId: id,
      callSid: call.carrierRef,
      agentId: call.assistantId,
      agentName: call.assistantName,
      status,
      type: call.type,
      direction: call.direction,
      from: call.from,
      to: call.to,
      startedAt: call.startedAt.toISOString(),
      answeredAt: call.answeredAt?.toISOString() ?? null,
      endedAt: endedAt.toISOString(),
      durationSec: durationMs / 1000,
      endReason,
      recordingUrl: call.recordingKey === null ? null : recordingUrl(id),
      transcript: call.transcript,
      messages: call.messages,
      summary: analysis?.summary ?? null,
      sentiment: analysis?.sentiment ?? null,
      disposition: analysis?.disposition ?? null,
      extracted: analysis?.extracted ?? {},
      latency: {
        voiceToVoiceMs: metrics.voiceToVoiceMs,
        turns: metrics.turns,
        interruptions: metrics.interruptions,
      },
      cost: costShown(metrics.cost),
      variables: call.variables,
      metadata: call.metadata,
    },
  };
}

function costShown({ components, totalMicros }: CallMetrics['cost']): CostShown {
  const line = components.filter(({ component }) => component === 'call');
  const billedMicros = line.reduce((sum, { costMicros }) => sum + costMicros, 0);
  const billedMs = line.reduce((sum, { amount }) => sum + amount, 0);
  return {
    currency: 'USD',
    total: usdFromMicros(billedMicros),
    billedSec: Math.ceil(billedMs / 1000),
    vendors: usdFromMicros(totalMicros - billedMicros),
  };
}
