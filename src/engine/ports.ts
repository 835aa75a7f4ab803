import type { AudioSink, SampleRate } from '#audio/frame';
import type { HangupReason } from '#engine/events';
import type { CallId, TurnId } from '#kernel/ids';
import type { Json, JsonObject } from '#kernel/json';

/* ---------- the line ---------- */

export interface LineListener {
  /** The caller's audio, in order, at the line's rate. */
  audio?: AudioSink;
  /** One DTMF digit: `0`-`9`, `*`, `#`, `A`-`D`. */
  digit?(digit: string): void;
  /** The agent's audio as it really leaves for the caller: paced, in order, without what `clear` threw away. */
  played?: AudioSink;
}

/**
 * The media leg of one call. `push` queues agent audio (copied at once, any length, at `rateHz`); the line paces it
 * out in real time. Nothing here throws after the line has gone: pushes are then dropped.
 */
export interface Transport extends AudioSink {
  readonly rateHz: SampleRate;
  /** Aborts when the line has gone, whoever closed it; `reason` is a HangupReason. */
  readonly signal: AbortSignal;
  /** Milliseconds of pushed audio that the caller has been played since the line opened (carrier's marks where it gives them). */
  readonly playedMs: number;
  /** Milliseconds of pushed audio still to be played. */
  readonly queuedMs: number;
  /** Milliseconds since the line opened: the clock that `atMs` of its frames is on. */
  readonly lineMs: number;
  /** Adds a listener; several may listen (the session, the recorder). */
  listen(on: LineListener): void;
  /** Throws away all audio not yet played, at the carrier too. `playedMs` is exact when it returns. */
  clear(): void;
  /**
   * Pauses playout, keeping what has not been played: no more leaves for the caller until `resume`, though the carrier's
   * own small lead may still be heard. `clear` leaves a pause as it is. Lines without it are paused by `clear` and
   * given the rest again.
   */
  hold?(): void;
  /** Goes on after `hold`, with the very next sample. */
  resume?(): void;
  /** Resolves when everything pushed so far has been played, was cleared, or the signal or the line aborts. */
  drained(signal: AbortSignal): Promise<void>;
  /** Hangs up this leg. Idempotent; the first reason stands. */
  close(why: HangupReason): void;
}

/* ---------- providers ---------- */

/** How a provider has been doing in all calls of the process. */
export interface ProviderHealth {
  /** Whether it failed a moment ago, so that another is asked first where there is one. */
  readonly isResting: boolean;
  /** It failed, and may have said for how long it wants to be left alone. */
  failed(retryAfterMs: number | undefined): void;
  worked(): void;
}

/** Something that several calls use and that may fail in all of them at once. */
export interface SharedProvider {
  readonly health?: ProviderHealth | undefined;
}

/* ---------- hearing ---------- */

/** Voice activity of one analysis window (32 ms for Silero). `atMs` is the line time of the window's end. */
export interface VadEvent {
  atMs: number;
  /** 0 to 1. */
  probability: number;
}

export interface Vad {
  readonly name: string;
  open(rateHz: SampleRate, on: (event: VadEvent) => void): AudioSink & Disposable;
}

export interface SttOptions {
  rateHz: SampleRate;
  /** BCP 47, such as `en-US`. */
  language: string;
  /** Words that are likely to be said (names, products). */
  hints?: readonly string[];
}

/** A word and the line time it was spoken at. */
export interface TimedWord {
  text: string;
  fromMs: number;
  toMs: number;
}

/**
 * What a recogniser reports. A *segment* is a stretch of speech with one text; its latest text replaces the earlier
 * ones, and the caller's turn is its segments' texts in order.
 */
export type SttEvent =
  /** `confidence` is the recogniser's own, 0 to 1. */
  | { type: 'interim'; segment: number; text: string; confidence?: number }
  | { type: 'final'; segment: number; text: string; confidence?: number; words?: readonly TimedWord[] }
  /** The recogniser's own end-of-turn signal, where it has one (`can.endpointing`). */
  | { type: 'endOfTurn' }
  /** The stream is lost when `fatal`; otherwise it goes on. `message` never holds a credential. */
  | { type: 'error'; fatal: boolean; message: string; retryAfterMs?: number };

export interface SttStream extends AudioSink {
  /** The caller began to speak at this line time. Recognisers that need no hint ignore it. */
  onset(atMs: number): void;
  /** Speech may be over since `lastSpeechMs`: answer with a `final` for what was said so far, as fast as possible. */
  flush(lastSpeechMs: number): void;
  /** The turn was taken: what comes next is a new segment. */
  commit(): void;
}

export interface SpeechToText extends SharedProvider {
  /** `provider/model`, as it is shown in metrics and events. */
  readonly name: string;
  readonly can: {
    interim: boolean;
    endpointing: boolean;
  };
  open(options: SttOptions, on: (event: SttEvent) => void, signal: AbortSignal): SttStream;
}

export interface HeardTurn {
  text: string;
  silenceMs: number;
  history: readonly ChatMessage[];
  /** BCP 47. */
  language: string;
  /** Where in the caller's range the voice ended: -0.5 at the bottom, 0 in the middle; undefined if unknown. */
  ending?: number | undefined;
}

/** Judges from the words, and from how the voice ended, whether the caller has finished. */
export interface TurnDetector {
  /** Probability, 0 to 1, that the turn is over. Must answer within a few milliseconds. */
  endOfTurn(heard: HeardTurn, signal: AbortSignal): Promise<number>;
}

/* ---------- thinking ---------- */

export type ChatMessage =
  | { role: 'system' | 'user'; text: string }
  | { role: 'assistant'; text: string; toolCalls?: readonly ToolCall[]; interrupted?: boolean }
  | { role: 'tool'; toolCallId: string; name: string; result: Json };

export interface ToolCall {
  id: string;
  name: string;
  arguments: JsonObject;
}

/** A tool as the model sees it. `parameters` is a JSON Schema of type object. */
export interface ToolSpec {
  name: string;
  description: string;
  parameters: JsonObject;
}

export interface LlmRequest {
  /** The first message is the system prompt. */
  messages: readonly ChatMessage[];
  tools: readonly ToolSpec[];
  temperature?: number;
  maxTokens?: number;
}

export type LlmDelta =
  | { type: 'text'; text: string }
  | { type: 'toolCall'; call: ToolCall }
  | { type: 'usage'; inputTokens: number; outputTokens: number };

export interface LanguageModel extends SharedProvider {
  readonly name: string;
  /** Streams one answer. Rejects with a ProviderError; ends quietly when the signal aborts. */
  reply(request: LlmRequest, signal: AbortSignal): AsyncIterable<LlmDelta>;
}

/* ---------- speaking ---------- */

export interface SpeakOptions {
  /** The vendor's voice id. */
  voice: string;
  /** 1 is the voice's own pace; 0.5 to 2. */
  speed: number;
  language: string;
  /** The line's rate: a vendor that can should answer in it. */
  rateHz: SampleRate;
}

export interface SpeechChunk {
  samples: Int16Array;
  rateHz: SampleRate;
  /** The text whose audio begins with this chunk; absent for a chunk that continues. */
  text?: string;
  /** Words with times relative to the start of the audio of `text`, where the vendor gives them. */
  words?: readonly TimedWord[];
}

export interface TextToSpeech {
  readonly name: string;
  /** Speaks sentences in order as they come. Rejects with a ProviderError; ends quietly when the signal aborts. */
  speak(text: AsyncIterable<string>, options: SpeakOptions, signal: AbortSignal): AsyncIterable<SpeechChunk>;
}

/** Why a provider failed, in words without credentials. `retryable` false: refused key, unknown voice, bad model. */
export class ProviderError extends Error {
  readonly provider: string;
  readonly kind: 'refused' | 'rate_limited' | 'stalled' | 'closed' | 'invalid' | 'unavailable' | 'full';
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  // biome-ignore lint/complexity/useMaxParams: an error's facts, in the order they are told
  constructor(provider: string, kind: ProviderError['kind'], message: string, retryAfterMs?: number) {
    super(message);
    this.name = 'ProviderError';
    this.provider = provider;
    this.kind = kind;
    this.retryable = kind !== 'refused' && kind !== 'invalid';
    this.retryAfterMs = retryAfterMs;
  }
}

/* ---------- acting ---------- */

export interface ToolContext {
  callId: CallId;
  turnId: TurnId;
  /** The same for every try of one tool call: give it to whatever has an effect outside. */
  idempotencyKey: string;
}

/** What a tool may ask of the call besides its result. */
export type ToolEffect =
  /** Hangs up when the agent's words, and `farewell` after them, have been played. */
  | { type: 'endCall'; farewell?: string }
  | { type: 'transfer'; to: string }
  | { type: 'collectDigits'; maxDigits: number; finishOn: string; timeoutMs: number }
  | { type: 'sendDigits'; digits: string };

export interface ToolOutcome {
  ok: boolean;
  /** Given to the model as it is. */
  result: Json;
  effect?: ToolEffect;
}

export interface Tool {
  readonly spec: ToolSpec;
  /** What a barge-in does to a run under way. */
  readonly whenInterrupted: 'abort' | 'finish';
  readonly timeoutMs: number;
  /** Arguments have been checked against `spec.parameters`. Never rejects for a failure the model should hear of. */
  run(args: JsonObject, context: ToolContext, signal: AbortSignal): Promise<ToolOutcome>;
}

/** Control of the call at the carrier, beyond its media. */
export interface CallControl {
  /** Hands the caller to another number. False when the carrier refused or cannot. The line closes soon after. */
  transfer(to: string, signal: AbortSignal): Promise<boolean>;
  /** Plays DTMF to the far end. False where the carrier cannot. */
  sendDigits(digits: string, signal: AbortSignal): Promise<boolean>;
}

/** The voices of one call: the first of each list is preferred, the rest stand in when it fails. */
export interface Voices {
  vad: Vad;
  stt: readonly SpeechToText[];
  llm: readonly LanguageModel[];
  tts: readonly (SharedProvider & { engine: TextToSpeech; voice: string })[];
  turns: TurnDetector;
  /** Audio made in advance of a fixed phrase, for when no voice works. The words it says are those of its chunks. */
  canned?(text: string): readonly SpeechChunk[] | undefined;
}
