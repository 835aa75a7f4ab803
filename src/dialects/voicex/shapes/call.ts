import { type Static, Type } from 'typebox';
import type { Call, CallDetail, CallMetrics, TranscriptEntry } from '#core/calls/call';
import type { WebhookDelivery } from '#core/webhooks/webhook';
import { nullable } from '#http/operation';
import type { JsonObject } from '#kernel/json';
import { usdFromMicros } from '#kernel/money';
import { Id, OpenObject, Timestamp } from '../schemas.ts';

export const CallStatusWord = Type.Enum(['active', 'completed', 'failed']);

const callFields = {
  _id: Id,
  agentId: Id,
  agentName: Type.String({ examples: ['Sales Bot'] }),
  status: CallStatusWord,
  callSid: nullable(Type.String({ description: "The carrier's id of the call." })),
  from: Type.String({ examples: ['+15559876543'] }),
  to: Type.String({ examples: ['+15551234567'] }),
  direction: Type.Enum(['inbound', 'outbound']),
  type: Type.Enum(['phone', 'web']),
  startedAt: Timestamp,
  endedAt: nullable(Timestamp),
  durationSec: nullable(Type.Number({ minimum: 0 })),
  endReason: nullable(Type.String()),
  recordingUrl: nullable(Type.String({ description: 'Takes the same credentials; null when not recorded.' })),
};

export const CallBody = Type.Object(callFields);

const TranscriptBody = Type.Array(
  Type.Object({
    role: Type.Enum(['user', 'assistant', 'tool', 'system']),
    text: Type.String({ description: 'In the words that were heard.' }),
    atMs: Type.Number(),
    endMs: Type.Number(),
    turnId: nullable(Type.String()),
    interrupted: Type.Boolean(),
  }),
);

const MessagesBody = Type.Array(
  Type.Object({
    text: Type.String(),
    name: nullable(Type.String()),
    phone: nullable(Type.String({ description: 'Where to call back.' })),
    atMs: Type.Number(),
  }),
  { description: 'What the caller left for the business.' },
);

const StagesBody = Type.Object({
  endpointMs: Type.Number(),
  sttMs: Type.Number(),
  llmFirstTokenMs: Type.Number(),
  ttsFirstByteMs: Type.Number(),
  playMs: Type.Number(),
});

const MetricsBody = Type.Object({
  turns: Type.Array(
    Type.Object({ turnId: nullable(Type.String()), voiceToVoiceMs: Type.Number(), stages: StagesBody }),
  ),
  voiceToVoiceMs: nullable(Type.Object({ p50: Type.Number(), p95: Type.Number() })),
  interruptions: Type.Integer(),
  cost: Type.Object({
    totalUsd: Type.Number(),
    components: Type.Array(
      Type.Object({
        component: Type.String(),
        provider: Type.String(),
        unit: Type.String(),
        amount: Type.Number(),
        costUsd: Type.Number(),
      }),
    ),
  }),
});

export const CallDetailBody = Type.Object({
  ...callFields,
  transcript: TranscriptBody,
  messages: MessagesBody,
  summary: nullable(Type.String()),
  sentiment: nullable(Type.Enum(['positive', 'neutral', 'negative'])),
  disposition: nullable(Type.String()),
  extracted: OpenObject,
  metrics: MetricsBody,
});

export const DeliveryBody = Type.Object({
  event: Type.Enum(['call.started', 'call.ended', 'call.error']),
  webhookId: Type.String({ description: 'The same for every try.' }),
  attempt: Type.Integer({ minimum: 1 }),
  host: Type.String(),
  startedAt: Timestamp,
  endedAt: nullable(Timestamp),
  status: nullable(Type.Integer({ description: 'What the receiver answered.' })),
  failure: nullable(Type.String()),
});

/** One try to deliver a call's webhook. */
export function showDelivery(delivery: WebhookDelivery): Static<typeof DeliveryBody> {
  const { event, webhookId, attempt, host, startedAt, endedAt, status, failure } = delivery;
  const times = { startedAt: startedAt.toISOString(), endedAt: endedAt?.toISOString() ?? null };
  return { event, webhookId, attempt, host, ...times, status, failure };
}

/** A call as it is listed. `publicUrl` starts the recording's address. */
export function showCall(call: Call, publicUrl: string): Static<typeof CallBody> {
  return {
    _id: call.id,
    agentId: call.assistantId,
    agentName: call.assistantName,
    status: call.status,
    callSid: call.carrierRef,
    from: call.from,
    to: call.to,
    direction: call.direction,
    type: call.type,
    startedAt: call.startedAt.toISOString(),
    endedAt: call.endedAt?.toISOString() ?? null,
    durationSec: call.durationMs === null ? null : call.durationMs / 1000,
    endReason: call.endReason,
    recordingUrl:
      call.recordingKey === null ? null : `${publicUrl}/voicex/api/dashboard/calls/${call.id}/recording`,
  };
}

/** A call with all that its log tells. */
export function showCallDetail(call: CallDetail, publicUrl: string): Static<typeof CallDetailBody> {
  return {
    ...showCall(call, publicUrl),
    transcript: call.transcript.map(showEntry),
    messages: call.messages.map((message) => ({ ...message })),
    summary: call.analysis?.summary ?? null,
    sentiment: call.analysis?.sentiment ?? null,
    disposition: call.analysis?.disposition ?? null,
    extracted: (call.analysis?.extracted ?? {}) satisfies JsonObject,
    metrics: showMetrics(call.metrics),
  };
}

function showEntry(entry: TranscriptEntry): Static<typeof TranscriptBody>[number] {
  return { ...entry };
}

function showMetrics(metrics: CallMetrics): Static<typeof MetricsBody> {
  return {
    turns: metrics.turns.map((turn) => ({ ...turn, stages: { ...turn.stages } })),
    voiceToVoiceMs: metrics.voiceToVoiceMs && { ...metrics.voiceToVoiceMs },
    interruptions: metrics.interruptions,
    cost: {
      totalUsd: usdFromMicros(metrics.cost.totalMicros),
      components: metrics.cost.components.map(({ costMicros, ...component }) => ({
        ...component,
        costUsd: usdFromMicros(costMicros),
      })),
    },
  };
}
