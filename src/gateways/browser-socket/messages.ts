import type { CallEvent, HangupReason, SayPurpose, TurnStages } from '#engine/events';
import { isJsonObject, type JsonObject, parseJson } from '#kernel/json';

/** How audio is packed on the socket: 20 ms of 16 kHz mono each, as samples (little-endian) or as one Opus packet. */
export type PacketFormat = 'pcm16' | 'opus';

/** What a browser may say. Audio comes as binary messages beside these. */
export type BrowserMessage =
  | { type: 'start'; token: string; codec: PacketFormat }
  | { type: 'resume'; callId: string; resumeToken: string; codec: PacketFormat; playedMs: number | null }
  | { type: 'text'; text: string }
  | { type: 'digit'; digit: string }
  | { type: 'played'; ms: number; n: number }
  | { type: 'hangup' }
  | { type: 'ping' };

/** What the server says. */
export type ServerMessage =
  | {
      type: 'ready';
      callId: string;
      assistant: { name: string };
      codec: PacketFormat;
      rateHz: number;
      resumed: boolean;
      resume: { token: string; withinMs: number };
    }
  | { type: 'clear'; n: number; playedMs: number }
  | { type: 'heard'; turnId?: string; text: string; final: boolean; atMs: number }
  | { type: 'turn'; turnId?: string; text: string; atMs: number }
  | {
      type: 'speaking';
      who: 'caller' | 'agent' | 'nobody';
      turnId?: string;
      purpose?: SayPurpose;
      atMs: number;
    }
  | {
      type: 'said';
      turnId?: string;
      text: string;
      purpose: SayPurpose;
      interrupted: boolean;
      fromMs: number;
      toMs: number;
    }
  | { type: 'latency'; turnId?: string; voiceToVoiceMs: number; stages: TurnStages }
  | { type: 'tool'; turnId?: string; name: string; state: 'called' | 'done' | 'failed'; tookMs?: number }
  | { type: 'ended'; reason: HangupReason; durationMs: number }
  | { type: 'error'; code: string; message: string }
  | { type: 'pong' };

/**
 * A message that can't be taken. With a code it ends the socket, closed with that code and the message as its reason;
 * without one its sender is told and the call goes on.
 */
export class BadMessage extends Error {
  readonly code: 1003 | 1007 | 1008 | null;

  constructor(code: BadMessage['code'], reason: string) {
    super(reason);
    this.name = 'BadMessage';
    this.code = code;
  }
}

const MAX_TEXT_CHARS = 2_000;
const RATE_HZ = 16_000;

/**
 * Reads a text message; null for a type that this server doesn't know (a newer client's), which is ignored.
 * Throws BadMessage.
 */
export function readMessage(raw: Buffer): BrowserMessage | null {
  const message = parseJson(raw.toString('utf8'));
  if (message === undefined) throw new BadMessage(1007, 'message is not JSON');
  if (!isJsonObject(message) || typeof message.type !== 'string') {
    throw new BadMessage(1008, 'message has no type');
  }
  switch (message.type) {
    case 'start':
      return { type: 'start', token: required(message, 'token'), codec: codecOf(message) };
    case 'resume':
      return readResume(message);
    case 'text':
      return { type: 'text', text: spoken(message) };
    case 'digit':
      return { type: 'digit', digit: digitOf(message) };
    case 'played':
      return { type: 'played', ms: amount(message, 'ms'), n: amount(message, 'n') };
    case 'hangup':
    case 'ping':
      return { type: message.type };
    default:
      return null;
  }
}

/** What the visitor may see of a call's event; null for what is none of a visitor's business. */
export function messageOf(event: CallEvent): ServerMessage | null {
  const { turnId, atMs } = event;
  switch (event.type) {
    case 'user.speaking':
      return { type: 'speaking', who: 'caller', turnId, atMs };
    case 'user.heard':
      return { type: 'heard', turnId, text: event.text, final: event.final, atMs };
    case 'turn.ended':
      return { type: 'turn', turnId, text: event.text, atMs };
    case 'agent.speaking':
      return { type: 'speaking', who: 'agent', turnId, purpose: event.purpose, atMs };
    case 'agent.said': {
      const { text, purpose, interrupted, fromMs, toMs } = event;
      return { type: 'said', turnId, text, purpose, interrupted, fromMs, toMs };
    }
    case 'turn.latency':
      return { type: 'latency', turnId, voiceToVoiceMs: event.voiceToVoiceMs, stages: event.stages };
    case 'tool.called':
      return { type: 'tool', turnId, name: event.name, state: 'called' };
    case 'tool.returned':
      return {
        type: 'tool',
        turnId,
        name: event.name,
        state: event.ok ? 'done' : 'failed',
        tookMs: event.tookMs,
      };
    default:
      return null;
  }
}

function readResume(message: JsonObject): BrowserMessage {
  return {
    type: 'resume',
    callId: required(message, 'callId'),
    resumeToken: required(message, 'resumeToken'),
    codec: codecOf(message),
    playedMs: message.playedMs === undefined ? null : amount(message, 'playedMs'),
  };
}

function codecOf(message: JsonObject): PacketFormat {
  const { codec = 'pcm16', rateHz = RATE_HZ } = message;
  if (codec !== 'pcm16' && codec !== 'opus') throw new BadMessage(1003, 'codec must be pcm16 or opus');
  if (rateHz !== RATE_HZ) throw new BadMessage(1003, `rateHz must be ${RATE_HZ}`);
  return codec;
}

function spoken(message: JsonObject): string {
  const text = required(message, 'text').trim();
  if (text === '') throw new BadMessage(null, 'text is empty');
  if (text.length > MAX_TEXT_CHARS)
    throw new BadMessage(null, `text is longer than ${MAX_TEXT_CHARS} characters`);
  return text;
}

function digitOf(message: JsonObject): string {
  const digit = required(message, 'digit').toUpperCase();
  if (!/^[0-9*#A-D]$/.test(digit)) throw new BadMessage(null, 'digit must be one of 0-9 * # A-D');
  return digit;
}

function required(message: JsonObject, key: string): string {
  const value = message[key];
  if (typeof value !== 'string' || value === '') throw new BadMessage(1008, `${key} is missing`);
  return value;
}

function amount(message: JsonObject, key: string): number {
  const value = message[key];
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw new BadMessage(1008, `${key} must be a number of at least 0`);
  }
  return value;
}
