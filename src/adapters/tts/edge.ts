import { createHash, randomUUID } from 'node:crypto';
import { MPEGDecoder } from 'mpg123-decoder';
import {
  ProviderError,
  type SpeakOptions,
  type SpeechChunk,
  type TextToSpeech,
  type TimedWord,
} from '#engine/ports';
import { isJsonObject, parseJson } from '#kernel/json';
import { Channel, untilAborted } from '../stream/channel.ts';
import type { VendorReach } from '../stream/speech-access.ts';
import { type HandshakeAnswer, VendorSocket } from '../stream/vendor-socket.ts';

const NAME = 'edge/read-aloud';
/** The public constants of the browser's own read-aloud service; the service may change or refuse them any day. */
const TRUSTED_TOKEN = '6A5AA1D4EAFF4E9FB37E23D68491D6F4';
const BROWSER_VERSION = '143.0.3650.75';
const ORIGIN = 'chrome-extension://jdiccldimpdaibmpdkjnbmckianbfold';
const FORMAT = 'audio-24khz-48kbitrate-mono-mp3';
const WINDOWS_EPOCH_OFFSET_SEC = 11_644_473_600;
/** The service refuses longer texts. */
const TEXT_MAX_BYTES = 4_096;

export interface EdgeAccess {
  baseUrl?: string;
  stallMs?: number;
  reach?: VendorReach;
}

/**
 * The read-aloud voices of Microsoft Edge: no key, no promise. MP3 is all it offers, so audio is decoded here. Source:
 * observed protocol, as public clients describe it.
 */
export function edgeSpeech(access: EdgeAccess): TextToSpeech {
  const clock: ServiceClock = { aheadMs: 0 };
  return {
    name: NAME,
    speak: (text, options, signal) => speak({ ...access, clock }, { text, options }, signal),
  };
}

/** By how much the service's clock is ahead of ours, as far as is known: it refuses tokens of another time. */
interface ServiceClock {
  aheadMs: number;
}

type Session = EdgeAccess & { clock: ServiceClock };

/** The service refused a token, and told what time it is. */
class OtherTime extends Error {
  readonly refusal: ProviderError;
  readonly serviceMs: number;

  constructor(refusal: ProviderError, serviceMs: number) {
    super(refusal.message);
    this.refusal = refusal;
    this.serviceMs = serviceMs;
  }
}

async function* speak(
  session: Session,
  said: { text: AsyncIterable<string>; options: SpeakOptions },
  signal: AbortSignal,
): AsyncGenerator<SpeechChunk> {
  for await (const text of untilAborted(said.text, signal)) {
    if (signal.aborted) return;
    for (const part of cutToSize(text)) {
      if (part.trim() !== '') yield* speakInTime(session, { text: part, options: said.options }, signal);
    }
  }
}

/** Tries once more by the service's own clock when it refuses ours, as the protocol's clients do. */
async function* speakInTime(
  session: Session,
  said: { text: string; options: SpeakOptions },
  signal: AbortSignal,
): AsyncGenerator<SpeechChunk> {
  try {
    yield* speakPart(session, said, signal);
  } catch (thrown) {
    if (!(thrown instanceof OtherTime)) throw thrown;
    session.clock.aheadMs = thrown.serviceMs - Date.now();
    try {
      yield* speakPart(session, said, signal);
    } catch (again) {
      throw again instanceof OtherTime ? again.refusal : again;
    }
  }
}

async function* speakPart(
  session: Session,
  said: { text: string; options: SpeakOptions },
  signal: AbortSignal,
): AsyncGenerator<SpeechChunk> {
  const decoder = new MPEGDecoder();
  await decoder.ready;
  const answer = new EdgeAnswer(decoder, said.text);
  const socket = new VendorSocket({
    name: NAME,
    url: synthesisUrl(session),
    reach: session.reach,
    headers: {
      origin: ORIGIN,
      'user-agent': userAgent(),
      cookie: `muid=${randomUUID().replaceAll('-', '')}`,
    },
    message: (body, isBinary) => (isBinary ? answer.audio(body) : answer.text(body.toString('utf8'))),
    over: (why, refusal) => (why ? answer.chunks.fail(timed(why, refusal)) : answer.chunks.end()),
  });
  const stop = () => answer.chunks.end();
  signal.addEventListener('abort', stop, { once: true });
  const stalled = setTimeout(
    () => answer.chunks.fail(new ProviderError(NAME, 'stalled', 'edge sent nothing for too long')),
    session.stallMs ?? 5_000,
  );
  try {
    socket.send(configMessage());
    socket.send(ssmlMessage(said.text, said.options));
    for await (const chunk of answer.chunks) {
      stalled.refresh();
      yield chunk;
    }
  } finally {
    clearTimeout(stalled);
    signal.removeEventListener('abort', stop);
    socket.close();
    decoder.free();
  }
}

function timed(why: ProviderError, refusal: HandshakeAnswer | undefined): ProviderError | OtherTime {
  const serviceMs = Date.parse(refusal?.date ?? '');
  return refusal?.status === 403 && Number.isFinite(serviceMs) ? new OtherTime(why, serviceMs) : why;
}

/** Puts a synthesis together: MP3 frames become samples, the metadata gives the words' times. */
class EdgeAnswer {
  readonly chunks = new Channel<SpeechChunk>();
  readonly #decoder: MPEGDecoder;
  readonly #words: TimedWord[] = [];
  #text: string | undefined;

  constructor(decoder: MPEGDecoder, text: string) {
    this.#decoder = decoder;
    this.#text = text;
  }

  text(message: string): void {
    const path = /Path:([\w.]+)/.exec(message)?.[1];
    if (path === 'audio.metadata') this.#metadata(parseJson(message.slice(message.indexOf('\r\n\r\n') + 4)));
    if (path !== 'turn.end') return;
    if (this.#text === undefined) this.chunks.end();
    else this.chunks.fail(new ProviderError(NAME, 'closed', 'edge answered without audio'));
  }

  audio(message: Buffer): void {
    const headerBytes = message.length >= 2 ? message.readUInt16BE(0) : 0;
    const mp3 = message.subarray(2 + headerBytes);
    if (mp3.length === 0) return;
    const { channelData, samplesDecoded } = this.#decoder.decode(mp3);
    if (samplesDecoded === 0) return;
    const samples = new Int16Array(samplesDecoded);
    const wave = channelData[0]!;
    for (let i = 0; i < samplesDecoded; i++) samples[i] = Math.max(-1, Math.min(1, wave[i]!)) * 32_767;
    this.chunks.put({
      samples,
      rateHz: 24000,
      ...(this.#text === undefined ? {} : { text: this.#text, words: this.#words }),
    });
    this.#text = undefined;
  }

  /** Offsets and durations are in units of 100 ns. */
  #metadata(body: unknown): void {
    const list = isJsonObject(body) && Array.isArray(body.Metadata) ? body.Metadata : [];
    for (const entry of list) {
      const facts = isJsonObject(entry) && isJsonObject(entry.Data) ? entry.Data : null;
      const word = facts && isJsonObject(facts.text) ? facts.text.Text : null;
      if (typeof word !== 'string') continue;
      const fromMs = Number(facts!.Offset) / 10_000;
      this.#words.push({ text: word, fromMs, toMs: fromMs + Number(facts!.Duration) / 10_000 });
    }
  }
}

function synthesisUrl({ baseUrl, clock }: Session): string {
  const base = (baseUrl ?? 'wss://speech.platform.bing.com').replace(/^http/, 'ws');
  const query = new URLSearchParams({
    TrustedClientToken: TRUSTED_TOKEN,
    ConnectionId: randomUUID().replaceAll('-', ''),
    'Sec-MS-GEC': securityToken(Date.now() + clock.aheadMs),
    'Sec-MS-GEC-Version': `1-${BROWSER_VERSION}`,
  });
  return `${base}/consumer/speech/synthesize/readaloud/edge/v1?${query}`;
}

/** SHA-256 of the Windows file time, rounded down to five minutes, and the public token. */
function securityToken(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000) + WINDOWS_EPOCH_OFFSET_SEC;
  const ticks = BigInt(seconds - (seconds % 300)) * 10_000_000n;
  return createHash('sha256').update(`${ticks}${TRUSTED_TOKEN}`).digest('hex').toUpperCase();
}

function userAgent(): string {
  const major = BROWSER_VERSION.split('.')[0];
  return `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Safari/537.36 Edg/${major}.0.0.0`;
}

function configMessage(): string {
  const metadataoptions = { sentenceBoundaryEnabled: 'false', wordBoundaryEnabled: 'true' };
  const config = { context: { synthesis: { audio: { metadataoptions, outputFormat: FORMAT } } } };
  const head = [
    `X-Timestamp:${new Date().toUTCString()}`,
    'Content-Type:application/json; charset=utf-8',
    'Path:speech.config',
  ];
  return `${head.join('\r\n')}\r\n\r\n${JSON.stringify(config)}`;
}

function ssmlMessage(text: string, options: SpeakOptions): string {
  const percent = Math.round((options.speed - 1) * 100);
  const rate = `${percent >= 0 ? '+' : ''}${percent}%`;
  const ssml =
    `<speak version='1.0' xmlns='http://www.w3.org/2001/10/synthesis' xml:lang='${escapeXml(options.language)}'>` +
    `<voice name='${escapeXml(options.voice)}'><prosody pitch='+0Hz' rate='${rate}' volume='+0%'>` +
    `${escapeXml(text)}</prosody></voice></speak>`;
  const head = [
    `X-RequestId:${randomUUID().replaceAll('-', '')}`,
    'Content-Type:application/ssml+xml',
    `X-Timestamp:${new Date().toUTCString()}Z`,
    'Path:ssml',
  ];
  return `${head.join('\r\n')}\r\n\r\n${ssml}`;
}

function escapeXml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    "'": '&apos;',
    '"': '&quot;',
  };
  return text.replace(/[&<>'"]/g, (char) => entities[char]!);
}

/** Pieces of at most TEXT_MAX_BYTES once escaped, cut between words. */
function cutToSize(text: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (const word of text.split(/(?<=\s)/)) {
    if (part !== '' && Buffer.byteLength(escapeXml(part + word)) > TEXT_MAX_BYTES) {
      parts.push(part);
      part = '';
    }
    part += word;
  }
  return part === '' ? parts : [...parts, part];
}
