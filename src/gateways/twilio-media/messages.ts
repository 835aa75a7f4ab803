import { isJsonObject, type JsonObject, parseJson } from '#kernel/json';

/** A message of Twilio's, as far as a call needs it. */
export type StreamMessage =
  | { event: 'connected' }
  | { event: 'start'; streamSid: string; callSid: string | null; token: string | null }
  | {
      event: 'media';
      streamSid: string | null;
      isCaller: boolean;
      timestampMs: number | undefined;
      payload: string;
    }
  | { event: 'dtmf'; digit: string }
  | { event: 'mark'; name: string }
  | { event: 'stop' }
  | { event: 'unknown' };

/** A message that ends the stream: the WebSocket close code and the reason its sender is told. */
export class BadMessage extends Error {
  readonly code: 1003 | 1007 | 1008;

  constructor(code: BadMessage['code'], reason: string) {
    super(reason);
    this.name = 'BadMessage';
    this.code = code;
  }
}

/** Reads any message of the Media Streams protocol. Numbers may come as strings, as Twilio sends them. Throws BadMessage. */
export function readMessage(raw: Buffer): StreamMessage {
  const message = parseJson(raw.toString('utf8'));
  if (message === undefined) throw new BadMessage(1007, 'message is not JSON');
  if (!isJsonObject(message) || typeof message.event !== 'string') {
    throw new BadMessage(1008, 'message has no event');
  }
  switch (message.event) {
    case 'connected':
    case 'stop':
      return { event: message.event };
    case 'start':
      return readStart(message);
    case 'media':
      return readMedia(message);
    case 'dtmf':
      return { event: 'dtmf', digit: requireText(part(message, 'dtmf'), 'digit').toUpperCase() };
    case 'mark':
      return { event: 'mark', name: requireText(part(message, 'mark'), 'name') };
    default:
      return { event: 'unknown' };
  }
}

function readStart(message: JsonObject): StreamMessage {
  const start = part(message, 'start');
  const format = start.mediaFormat;
  if (isJsonObject(format) && !isPhoneAudio(format)) {
    throw new BadMessage(1003, 'media must be audio/x-mulaw, 8000 Hz, 1 channel');
  }
  const parameters = isJsonObject(start.customParameters) ? start.customParameters : {};
  return {
    event: 'start',
    streamSid: text(start, 'streamSid') ?? requireText(message, 'streamSid'),
    callSid: text(start, 'callSid'),
    token: text(parameters, 'token'),
  };
}

function readMedia(message: JsonObject): StreamMessage {
  const media = part(message, 'media');
  const timestampMs = Number(media.timestamp);
  return {
    event: 'media',
    streamSid: text(message, 'streamSid'),
    isCaller: media.track === undefined || media.track === 'inbound',
    timestampMs: Number.isFinite(timestampMs) && timestampMs >= 0 ? timestampMs : undefined,
    payload: requireText(media, 'payload'),
  };
}

function isPhoneAudio(format: JsonObject): boolean {
  const { encoding = 'audio/x-mulaw', sampleRate = 8000, channels = 1 } = format;
  return encoding === 'audio/x-mulaw' && Number(sampleRate) === 8000 && Number(channels) === 1;
}

function part(message: JsonObject, key: string): JsonObject {
  const value = message[key];
  if (!isJsonObject(value)) throw new BadMessage(1008, `${key} is missing`);
  return value;
}

function text(fields: JsonObject, key: string): string | null {
  const value = fields[key];
  return typeof value === 'string' && value !== '' ? value : null;
}

function requireText(fields: JsonObject, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string') throw new BadMessage(1008, `${key} is missing`);
  return value;
}
