import type { AudioFrame } from '#audio/frame';
import { encodeMulaw } from '#audio/g711';
import type { SpeechToText, SttEvent, SttOptions, SttStream, TimedWord } from '#engine/ports';
import { isJsonObject, type JsonObject, parseJson } from '#kernel/json';
import type { SpeechAccess } from '../stream/speech-access.ts';
import { VendorSocket } from '../stream/vendor-socket.ts';

/** Deepgram closes after 10 s without audio or a KeepAlive. */
const KEEP_ALIVE_MS = 4_000;

/**
 * Deepgram's streaming recogniser (`/v1/listen`): μ-law on 8 kHz lines, linear PCM else; interim results, its own
 * end-of-turn signal, Finalize on flush. Source: Deepgram API reference, live audio.
 */
export function deepgramRecognition(access: SpeechAccess): SpeechToText {
  const model = access.model ?? 'nova-3';
  return {
    name: `deepgram/${model}`,
    can: { interim: true, endpointing: true },
    open: (options, on, signal) => new DeepgramStream({ ...access, model, options }, on, signal),
  };
}

type DeepgramSetup = SpeechAccess & { model: string; options: SttOptions };

class DeepgramStream implements SttStream {
  readonly #socket: VendorSocket;
  readonly #phone: boolean;
  readonly #on: (event: SttEvent) => void;
  readonly #keepAlive: NodeJS.Timeout;
  readonly #stallMs: number;
  #lastAudioMs = performance.now();
  #stalled: NodeJS.Timeout | null = null;
  #segment = 0;
  /** Text of this segment that will not change any more. */
  #settled = '';
  #words: TimedWord[] = [];

  constructor(setup: DeepgramSetup, on: (event: SttEvent) => void, signal: AbortSignal) {
    this.#phone = setup.options.rateHz === 8000;
    this.#on = on;
    this.#stallMs = setup.stallMs ?? 5_000;
    this.#socket = new VendorSocket({
      name: `deepgram/${setup.model}`,
      url: listenUrl(setup),
      headers: { authorization: `Token ${setup.apiKey}` },
      reach: setup.reach,
      message: (body) => this.#take(parseJson(body.toString('utf8'))),
      over: (why) => {
        this.#stop();
        if (why) on({ type: 'error', fatal: true, message: why.message, retryAfterMs: why.retryAfterMs });
      },
    });
    this.#keepAlive = setInterval(() => {
      if (performance.now() - this.#lastAudioMs > KEEP_ALIVE_MS) this.#socket.send('{"type":"KeepAlive"}');
    }, KEEP_ALIVE_MS);
    const close = () => {
      this.#stop();
      this.#socket.close('{"type":"CloseStream"}');
    };
    if (signal.aborted) close();
    else signal.addEventListener('abort', close, { once: true });
  }

  push(frame: AudioFrame): void {
    this.#lastAudioMs = performance.now();
    const samples = frame.samples;
    const bytes = Buffer.allocUnsafe(this.#phone ? samples.length : samples.length * 2);
    if (this.#phone) encodeMulaw(samples, bytes, 0);
    else for (let i = 0; i < samples.length; i++) bytes.writeInt16LE(samples[i]!, i * 2);
    this.#socket.send(bytes);
  }

  onset(): void {}

  flush(): void {
    this.#socket.send('{"type":"Finalize"}');
    this.#stalled ??= setTimeout(() => {
      this.#on({ type: 'error', fatal: true, message: 'deepgram sent nothing for too long' });
    }, this.#stallMs);
  }

  commit(): void {
    if (this.#settled !== '') this.#nextSegment();
  }

  #stop(): void {
    clearInterval(this.#keepAlive);
    if (this.#stalled) clearTimeout(this.#stalled);
    this.#stalled = null;
  }

  #take(message: unknown): void {
    if (this.#stalled) clearTimeout(this.#stalled);
    this.#stalled = null;
    if (!isJsonObject(message) || message.type !== 'Results') return;
    const heard = readResult(message);
    const text = [this.#settled, heard.text].filter((part) => part !== '').join(' ');
    if (!heard.final) {
      if (heard.text !== '') this.#on({ type: 'interim', segment: this.#segment, text });
      return;
    }
    this.#settled = text;
    this.#words.push(...heard.words);
    if (text !== '') {
      const { confidence } = heard;
      this.#on({ type: 'final', segment: this.#segment, text, confidence, words: [...this.#words] });
    }
    if (heard.turnOver && text !== '') {
      this.#on({ type: 'endOfTurn' });
      this.#nextSegment();
    }
  }

  #nextSegment(): void {
    this.#segment++;
    this.#settled = '';
    this.#words = [];
  }
}

function listenUrl(setup: DeepgramSetup): string {
  const base = (setup.baseUrl ?? 'wss://api.deepgram.com').replace(/^http/, 'ws');
  const { options } = setup;
  const query = new URLSearchParams({
    model: setup.model,
    language: options.language,
    encoding: options.rateHz === 8000 ? 'mulaw' : 'linear16',
    sample_rate: String(options.rateHz),
    channels: '1',
    interim_results: 'true',
    endpointing: '300',
    smart_format: 'true',
    mip_opt_out: 'true',
  });
  const hintName = setup.model.startsWith('nova-3') ? 'keyterm' : 'keywords';
  for (const hint of options.hints ?? []) query.append(hintName, hint);
  return `${base}/v1/listen?${query}`;
}

interface HeardResult {
  text: string;
  confidence: number | undefined;
  words: TimedWord[];
  final: boolean;
  turnOver: boolean;
}

function readResult(message: JsonObject): HeardResult {
  const channel = isJsonObject(message.channel) ? message.channel : {};
  const best = Array.isArray(channel.alternatives) ? channel.alternatives[0] : undefined;
  const alternative = isJsonObject(best) ? best : {};
  const words = Array.isArray(alternative.words) ? alternative.words.filter(isJsonObject) : [];
  return {
    text: typeof alternative.transcript === 'string' ? alternative.transcript.trim() : '',
    confidence: typeof alternative.confidence === 'number' ? alternative.confidence : undefined,
    words: words.map((word) => ({
      text: String(word.punctuated_word ?? word.word ?? ''),
      fromMs: Math.round(Number(word.start) * 1000),
      toMs: Math.round(Number(word.end) * 1000),
    })),
    final: message.is_final === true,
    turnOver: message.speech_final === true,
  };
}
