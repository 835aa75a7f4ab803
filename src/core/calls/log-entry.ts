import type { TurnId } from '#kernel/ids';
import type { Json, JsonObject } from '#kernel/json';

/** Why a call ended. */
export type EndReason =
  | 'caller_hung_up'
  | 'agent_ended'
  | 'transferred'
  | 'idle'
  | 'max_duration'
  | 'ended_by_operator'
  | 'voicemail'
  | 'busy'
  | 'no_answer'
  | 'rejected'
  | 'drained'
  | 'failed';

export interface TurnStages {
  readonly endpointMs: number;
  readonly sttMs: number;
  readonly llmFirstTokenMs: number;
  readonly ttsFirstByteMs: number;
  readonly playMs: number;
}

/** What one entry says; the engine's call events have these forms. */
type LogBody =
  | { type: 'call.started' }
  | { type: 'user.speaking' }
  | { type: 'user.heard'; text: string; final: boolean }
  | { type: 'turn.ended'; text: string; fromMs: number; toMs: number }
  | { type: 'agent.speaking'; purpose: string }
  | {
      type: 'agent.said';
      purpose: string;
      text: string;
      fromMs: number;
      toMs: number;
      interrupted: boolean;
      unheardChars: number;
    }
  | { type: 'agent.interrupted'; resumed: boolean }
  | { type: 'turn.latency'; voiceToVoiceMs: number; stages: TurnStages }
  | { type: 'tool.called'; toolCallId: string; name: string; arguments: JsonObject }
  | { type: 'tool.returned'; toolCallId: string; name: string; ok: boolean; result: Json; tookMs: number }
  | { type: 'digit'; digit: string }
  | { type: 'transfer'; to: string; outcome: 'started' | 'done' | 'failed' }
  | { type: 'voicemail'; left: boolean }
  | {
      type: 'usage';
      stage: 'stt' | 'llm' | 'tts';
      provider: string;
      unit: 'audioMs' | 'inputTokens' | 'outputTokens' | 'chars';
      amount: number;
    }
  | { type: 'degraded'; stage: string; provider?: string; step: string; why: string }
  | { type: 'call.ended'; reason: EndReason; durationMs: number };

/** One entry of a call's log: `seq` counts from 0, `atMs` is milliseconds since the call started. */
export type LogEntry = {
  readonly seq: number;
  readonly atMs: number;
  readonly turnId?: TurnId;
} & Readonly<LogBody>;
