import type { CallId, TurnId } from '#kernel/ids';
import type { Json, JsonObject } from '#kernel/json';

/** Why a call ended. */
export type HangupReason =
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

/** Milliseconds from the caller's last speech sample, stage by stage; each is that stage's own share. */
export interface TurnStages {
  /** End of speech to the decision that the turn is over. */
  endpointMs: number;
  /** From that decision to the final transcript (0 when it was there already). */
  sttMs: number;
  /** From transcript to the model's first token. */
  llmFirstTokenMs: number;
  /** From the first token to the first synthesized audio. */
  ttsFirstByteMs: number;
  /** From that audio to the first audible sample leaving for the caller. */
  playMs: number;
}

export type Stage = 'stt' | 'llm' | 'tts' | 'vad' | 'tool' | 'line';

/** Why the agent said something. */
export type SayPurpose =
  | 'opening'
  | 'reply'
  | 'filler'
  | 'reprompt'
  | 'idle'
  | 'goodbye'
  | 'canned'
  | 'announcement';

/** What an event says, apart from which call and when. */
export type CallEventBody =
  | { type: 'call.started' }
  | { type: 'user.speaking' }
  | { type: 'user.heard'; text: string; final: boolean }
  | { type: 'turn.ended'; text: string; fromMs: number; toMs: number }
  | { type: 'agent.speaking'; purpose: SayPurpose }
  /** `text` is what was played, cut at the word where the caller broke in; `unheardChars` were synthesized in vain. */
  | {
      type: 'agent.said';
      purpose: SayPurpose;
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
  /** A step down from normal service, or back (`recovered`). */
  | {
      type: 'degraded';
      stage: Stage;
      provider?: string;
      step: 'filler' | 'reprompt' | 'fallback' | 'canned' | 'transfer' | 'hangup' | 'recovered';
      why: string;
    }
  | { type: 'call.ended'; reason: HangupReason; durationMs: number };

/** One entry of a call's log. `seq` counts from 0 without gaps; `atMs` is milliseconds since the call started. */
export type CallEvent = { callId: CallId; seq: number; atMs: number; turnId?: TurnId } & CallEventBody;
