import {
  ProviderError,
  type SpeakOptions,
  type SpeechChunk,
  type TextToSpeech,
  type TimedWord,
} from '#engine/ports';
import { isJsonObject, type JsonObject, parseJson } from '#kernel/json';
import { Channel } from '../stream/channel.ts';
import { SampleReader } from '../stream/samples.ts';
import type { SpeechAccess } from '../stream/speech-access.ts';
import { VendorSocket } from '../stream/vendor-socket.ts';

/**
 * ElevenLabs over its `stream-input` socket: μ-law 8 kHz for telephone lines, PCM else, with the words' times from the
 * alignment. The key goes into a header. Source: ElevenLabs API reference, text-to-speech websockets.
 */
export function elevenlabsSpeech(access: SpeechAccess): TextToSpeech {
  const model = access.model ?? 'eleven_flash_v2_5';
  return {
    name: `elevenlabs/${model}`,
    speak: (text, options, signal) => speak({ ...access, model }, { text, options }, signal),
  };
}

async function* speak(
  access: SpeechAccess & { model: string },
  said: { text: AsyncIterable<string>; options: SpeakOptions },
  signal: AbortSignal,
): AsyncGenerator<SpeechChunk> {
  const phone = said.options.rateHz === 8000;
  const answer = new Answer(`elevenlabs/${access.model}`, phone, access.stallMs ?? 5_000);
  const socket = new VendorSocket({
    name: answer.name,
    url: streamUrl(access, said.options),
    headers: { 'xi-api-key': access.apiKey },
    reach: access.reach,
    message: (body) => answer.take(body.toString('utf8')),
    over: (why) => answer.over(why),
  });
  const stop = () => answer.chunks.end();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (!signal.aborted) void feed(socket, said, answer);
    if (!signal.aborted) yield* answer.chunks;
  } finally {
    signal.removeEventListener('abort', stop);
    answer.stop();
    socket.close();
  }
}

function streamUrl(access: SpeechAccess & { model: string }, options: SpeakOptions): string {
  const base = (access.baseUrl ?? 'wss://api.elevenlabs.io').replace(/^http/, 'ws');
  const query = new URLSearchParams({
    model_id: access.model,
    output_format: options.rateHz === 8000 ? 'ulaw_8000' : 'pcm_24000',
    auto_mode: 'true',
    sync_alignment: 'true',
    inactivity_timeout: '60',
  });
  return `${base}/v1/text-to-speech/${encodeURIComponent(options.voice)}/stream-input?${query}`;
}

async function feed(
  socket: VendorSocket,
  said: { text: AsyncIterable<string>; options: SpeakOptions },
  answer: Answer,
): Promise<void> {
  try {
    socket.send(JSON.stringify({ text: ' ', voice_settings: { speed: said.options.speed } }));
    for await (const text of said.text) {
      if (text.trim() === '') continue;
      answer.expect();
      socket.send(JSON.stringify({ text: `${text.trim()} `, flush: true }));
    }
    answer.expect();
    socket.send(JSON.stringify({ text: '' }));
  } catch (error) {
    answer.chunks.fail(error);
  }
}

/** Puts the vendor's messages together: audio with the words it speaks, the end, or the reason of a failure. */
class Answer {
  readonly name: string;
  readonly chunks = new Channel<SpeechChunk>();
  readonly #phone: boolean;
  readonly #samples: SampleReader;
  readonly #stallMs: number;
  #timer: NodeJS.Timeout | null = null;
  #complete = false;

  constructor(name: string, phone: boolean, stallMs: number) {
    this.name = name;
    this.#phone = phone;
    this.#samples = new SampleReader(phone ? 'mulaw' : 'pcm16');
    this.#stallMs = stallMs;
  }

  /** Something was sent that audio must follow. */
  expect(): void {
    this.#arm();
  }

  take(body: string): void {
    const message = parseJson(body);
    if (!isJsonObject(message)) return;
    if (typeof message.error === 'string' || typeof message.code === 'number') {
      const refused = /api_key|unauthorized|voice/i.test(
        JSON.stringify(message.error ?? message.message ?? ''),
      );
      const kind = refused ? 'refused' : 'unavailable';
      this.chunks.fail(new ProviderError(this.name, kind, `${this.name} reported an error`));
      return;
    }
    if (typeof message.audio === 'string' && message.audio !== '')
      this.#audio(message.audio, message.alignment);
    if (message.isFinal === true) {
      this.#complete = true;
      this.stop();
      this.chunks.end();
    }
  }

  over(why: ProviderError | null): void {
    this.stop();
    if (why === null || this.#complete) this.chunks.end();
    else this.chunks.fail(why);
  }

  /** Ends the watch for a stall. */
  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #audio(base64: string, alignment: unknown): void {
    if (this.#timer) this.#arm();
    const samples = this.#samples.read(Buffer.from(base64, 'base64'));
    const words = isJsonObject(alignment) ? wordsOf(alignment) : [];
    const text = words.map((word) => word.text).join(' ');
    this.chunks.put({
      samples,
      rateHz: this.#phone ? 8000 : 24000,
      ...(text === '' ? {} : { text, words }),
    });
  }

  #arm(): void {
    this.stop();
    this.#timer = setTimeout(() => {
      this.chunks.fail(new ProviderError(this.name, 'stalled', `${this.name} sent nothing for too long`));
    }, this.#stallMs);
  }
}

/** Words with their times from the vendor's alignment of single characters. */
function wordsOf(alignment: JsonObject): TimedWord[] {
  const chars = asArray<string>(alignment.chars ?? alignment.characters);
  const starts = asArray<number>(alignment.charStartTimesMs);
  const durations = asArray<number>(alignment.charDurationsMs ?? alignment.charsDurationsMs);
  const words: TimedWord[] = [];
  let current: TimedWord | null = null;
  chars.forEach((char, i) => {
    const fromMs = starts[i] ?? 0;
    const toMs = fromMs + (durations[i] ?? 0);
    if (char.trim() === '') current = null;
    else if (current) {
      current.text += char;
      current.toMs = toMs;
    } else {
      current = { text: char, fromMs, toMs };
      words.push(current);
    }
  });
  return words;
}

function asArray<T>(value: unknown): T[] {
  return Array.isArray(value) ? (value as T[]) : [];
}
