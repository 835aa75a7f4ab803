import type { AudioFrame, SampleRate } from '#audio/frame';
import {
  ProviderError,
  type SpeechToText,
  type SttEvent,
  type SttOptions,
  type SttStream,
} from '#engine/ports';
import { isJsonObject, parseJson } from '#kernel/json';
import { connectionError, statusError } from '../stream/provider-errors.ts';
import type { SpeechAccess } from '../stream/speech-access.ts';

/** Audio kept before speech is noticed, and the longest stretch sent at once. */
const LEAD_MS = 300;
const TAIL_MS = 400;
const SEGMENT_MAX_MS = 28_000;

/**
 * OpenAI's transcription endpoint and every server that offers the same one (Groq's Whisper, local servers): each
 * stretch of speech is sent as a WAV file when it may be over. Source: OpenAI API reference, createTranscription.
 */
export function openaiRecognition(access: SpeechAccess & { name?: string }): SpeechToText {
  const model = access.model ?? 'gpt-4o-mini-transcribe';
  const name = `${access.name ?? 'openai'}/${model}`;
  return {
    name,
    can: { interim: false, endpointing: false },
    open: (options, on, signal) => new TranscriptionStream({ ...access, model, name, options }, on, signal),
  };
}

type Setup = SpeechAccess & { model: string; name: string; options: SttOptions };

class TranscriptionStream implements SttStream {
  readonly #setup: Setup;
  readonly #on: (event: SttEvent) => void;
  readonly #signal: AbortSignal;
  readonly #ring: Int16Array;
  /** Samples taken in all, and the line time of the first. */
  #total = 0;
  #originMs = 0;
  #segment = 0;
  /** Line time at which the current segment's audio begins; null between segments. */
  #fromMs: number | null = null;
  #request: AbortController | null = null;

  constructor(setup: Setup, on: (event: SttEvent) => void, signal: AbortSignal) {
    this.#setup = setup;
    this.#on = on;
    this.#signal = signal;
    this.#ring = new Int16Array(Math.ceil(((SEGMENT_MAX_MS + 2_000) / 1000) * setup.options.rateHz));
  }

  push(frame: AudioFrame): void {
    if (this.#total === 0) this.#originMs = frame.atMs;
    const samples = frame.samples;
    for (let i = 0; i < samples.length; i++) this.#ring[(this.#total + i) % this.#ring.length] = samples[i]!;
    this.#total += samples.length;
  }

  onset(atMs: number): void {
    this.#fromMs ??= atMs - LEAD_MS;
  }

  flush(lastSpeechMs: number): void {
    if (this.#fromMs === null || this.#signal.aborted) return;
    const samples = this.#cut(Math.max(this.#fromMs, lastSpeechMs - SEGMENT_MAX_MS), lastSpeechMs + TAIL_MS);
    this.#request?.abort();
    this.#request = new AbortController();
    void this.#transcribe(samples, this.#segment, AbortSignal.any([this.#signal, this.#request.signal]));
  }

  commit(): void {
    this.#segment++;
    this.#fromMs = null;
  }

  #cut(fromMs: number, toMs: number): Int16Array {
    const rate = this.#setup.options.rateHz;
    const oldest = Math.max(0, this.#total - this.#ring.length);
    const from = Math.max(oldest, Math.round(((fromMs - this.#originMs) / 1000) * rate));
    const to = Math.min(this.#total, Math.round(((toMs - this.#originMs) / 1000) * rate));
    const samples = new Int16Array(Math.max(0, to - from));
    for (let i = 0; i < samples.length; i++) samples[i] = this.#ring[(from + i) % this.#ring.length]!;
    return samples;
  }

  async #transcribe(samples: Int16Array, segment: number, signal: AbortSignal): Promise<void> {
    try {
      const text = await this.#ask(samples, signal);
      if (!signal.aborted && text !== '') this.#on({ type: 'final', segment, text });
    } catch (thrown) {
      if (signal.aborted) return;
      const error = thrown instanceof ProviderError ? thrown : connectionError(this.#setup.name, thrown);
      const { message, retryAfterMs } = error;
      this.#on({ type: 'error', fatal: true, message, retryAfterMs });
    }
  }

  async #ask(samples: Int16Array, signal: AbortSignal): Promise<string> {
    const { apiKey, baseUrl, model, name, options, stallMs, reach } = this.#setup;
    const form = new FormData();
    form.set('file', new Blob([wavFile(samples, options.rateHz)], { type: 'audio/wav' }), 'turn.wav');
    form.set('model', model);
    form.set('language', options.language.slice(0, 2));
    form.set('response_format', 'json');
    if (options.hints && options.hints.length > 0) form.set('prompt', options.hints.join(', '));
    const deadline = AbortSignal.timeout(stallMs ?? 5_000);
    try {
      const response = await (reach?.fetch ?? fetch)(
        `${baseUrl ?? 'https://api.openai.com/v1'}/audio/transcriptions`,
        {
          method: 'POST',
          headers: { authorization: `Bearer ${apiKey}` },
          body: form,
          signal: AbortSignal.any([signal, deadline]),
        },
      );
      const body = await response.text();
      if (!response.ok) throw statusError(name, response.status, response.headers.get('retry-after'));
      const answer = parseJson(body);
      if (!isJsonObject(answer) || typeof answer.text !== 'string') {
        throw new ProviderError(name, 'invalid', `${name} answered without text`);
      }
      return answer.text.trim();
    } catch (error) {
      if (deadline.aborted) throw new ProviderError(name, 'stalled', `${name} sent nothing for too long`);
      throw error;
    }
  }
}

/** A mono 16-bit WAV file. */
function wavFile(samples: Int16Array, rateHz: SampleRate): ArrayBuffer {
  const file = new ArrayBuffer(44 + samples.length * 2);
  const view = new DataView(file);
  const ascii = (at: number, text: string) => {
    for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i));
  };
  ascii(0, 'RIFF');
  view.setUint32(4, 36 + samples.length * 2, true);
  ascii(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rateHz, true);
  view.setUint32(28, rateHz * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  ascii(36, 'data');
  view.setUint32(40, samples.length * 2, true);
  for (let i = 0; i < samples.length; i++) view.setInt16(44 + i * 2, samples[i]!, true);
  return file;
}
