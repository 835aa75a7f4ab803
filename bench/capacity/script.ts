/**
 * The call that every call of the capacity benchmark plays, over and over: at 0.0 s the caller says A and the agent
 * begins a long reply; at 6.0 s the caller says B over it (a barge-in) and the agent gives a short reply.
 */
export const CYCLE_MS = 11_500;
export const A_MS = 3_080;
export const B_AT_MS = 6_000;
export const B_MS = 1_870;

export const ENDPOINT_MS = 300;
export const STT_FINAL_MS = 50;
export const STT_INTERIM_MS = 500;
export const LLM_FIRST_MS = 100;
export const LLM_TOKEN_MS = 20;
export const LLM_TOKENS = 30;
export const TTS_FIRST_MS = 80;
/** 100 ms of audio every 20 ms. */
export const TTS_CHUNK_MS = 100;
export const TTS_PACE_MS = 20;
export const LONG_REPLY_MS = 12_000;
export const SHORT_REPLY_MS = 2_000;

/** What a turn costs whatever the engine does: added latency is what comes on top. */
export const CONFIGURED_MS = ENDPOINT_MS + LLM_FIRST_MS + TTS_FIRST_MS;

export interface RunOrder {
  calls: number;
  /** Cycles before measuring begins, and cycles measured. */
  warmCycles: number;
  cycles: number;
}

/** What the process with the engine tells at the end. */
export interface EngineFigures {
  cpuMsPerCallSecond: number;
  cpuPercent: number;
  latenessP99Ms: number;
  latenessMaxMs: number;
  loopDelayP99Ms: number;
  rssMb: number;
  idleRssMb: number;
  callsStarted: number;
}

/** What the process with the phones tells at the end. */
export interface PhoneFigures {
  addedMs: number[];
  bargeInMs: number[];
  unanswered: number;
  closed: number;
}
