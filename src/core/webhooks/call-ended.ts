import type { Call, CallDetail, TranscriptEntry } from '#core/calls/call';
import type { CallId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';

/** What receivers are sent when a call has ended; docs/webhooks.md has its JSON Schema. */
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
    readonly endedAt: string;
    readonly durationSec: number;
    readonly endReason: string;
    readonly recordingUrl: string | null;
    /** In the words that were heard. */
    readonly transcript: readonly TranscriptEntry[];
    readonly summary: string | null;
    readonly sentiment: 'positive' | 'neutral' | 'negative' | null;
    readonly disposition: string | null;
    readonly extracted: JsonObject;
  };
}

/** The event of a call; null while it goes on. */
export function callEnded(call: CallDetail, recordingUrl: (callId: CallId) => string): CallEnded | null {
  const { id, status, endedAt, durationMs, endReason, analysis } = call;
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
      endedAt: endedAt.toISOString(),
      durationSec: durationMs / 1000,
      endReason,
      recordingUrl: call.recordingKey === null ? null : recordingUrl(id),
      transcript: call.transcript,
      summary: analysis?.summary ?? null,
      sentiment: analysis?.sentiment ?? null,
      disposition: analysis?.disposition ?? null,
      extracted: analysis?.extracted ?? {},
    },
  };
}
