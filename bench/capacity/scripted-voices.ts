import type { AudioFrame, SampleRate } from '#audio/frame';
import type {
  LanguageModel,
  LlmDelta,
  LlmRequest,
  SpeechChunk,
  SpeechToText,
  SttEvent,
  SttStream,
  TextToSpeech,
} from '#engine/ports';
import { type Clock, pause } from '#kernel/clock';
import * as script from './script.ts';

/** Mean magnitude above which a frame holds speech; the phones send digital silence in between. */
const SPEECH_LEVEL = 40;

/**
 * Recognises the script: interims every 500 ms of speech, and the final 50 ms after the frame that holds the last
 * sample of A or B, whose lengths it knows.
 */
export function scriptedRecognition(clock: Clock): SpeechToText {
  return {
    name: 'scripted/stt',
    can: { interim: true, endpointing: false },
    open: (_options, on, signal) => new ScriptedStream(clock, on, signal),
  };
}

class ScriptedStream implements SttStream {
  readonly #clock: Clock;
  readonly #on: (event: SttEvent) => void;
  readonly #signal: AbortSignal;
  #segment = 0;
  #utterances = 0;
  #fromMs = -1;
  #lastLoudMs = -10_000;
  #interims = 0;

  constructor(clock: Clock, on: (event: SttEvent) => void, signal: AbortSignal) {
    this.#clock = clock;
    this.#on = on;
    this.#signal = signal;
  }

  push(frame: AudioFrame): void {
    const isLoud = level(frame.samples) > SPEECH_LEVEL;
    if (this.#fromMs < 0) {
      if (isLoud && frame.atMs - this.#lastLoudMs > 500) this.#begin(frame.atMs);
    } else this.#follow(frame.atMs + 20);
    if (isLoud) this.#lastLoudMs = frame.atMs;
  }

  onset(): void {}
  flush(): void {}
  commit(): void {
    this.#segment++;
  }

  #begin(atMs: number): void {
    this.#fromMs = atMs;
    this.#interims = 0;
  }

  #follow(toMs: number): void {
    const isA = this.#utterances % 2 === 0;
    const said = isA ? 'please tell me everything about it' : 'wait that is enough now';
    const spokenMs = toMs - this.#fromMs;
    if (spokenMs >= (isA ? script.A_MS : script.B_MS)) {
      const segment = this.#segment;
      this.#utterances++;
      this.#fromMs = -1;
      this.#clock.after(script.STT_FINAL_MS, () => {
        if (!this.#signal.aborted) this.#on({ type: 'final', segment, text: `${said}.`, confidence: 0.99 });
      });
    } else if (Math.floor(spokenMs / script.STT_INTERIM_MS) > this.#interims) {
      this.#interims++;
      this.#on({ type: 'interim', segment: this.#segment, text: said });
    }
  }
}

function level(samples: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i += 4) sum += Math.abs(samples[i]!);
  return (4 * sum) / samples.length;
}

/** First token after 100 ms, then one every 20 ms; a long answer to A and a short one to B. */
export function scriptedModel(clock: Clock): LanguageModel {
  return { name: 'scripted/llm', reply: (request, signal) => answer(clock, request, signal) };
}

async function* answer(clock: Clock, request: LlmRequest, signal: AbortSignal): AsyncGenerator<LlmDelta> {
  const asked = request.messages.findLast((message) => message.role === 'user');
  const word = asked?.role === 'user' && asked.text.includes('enough') ? 'short' : 'longer';
  const startedMs = clock.nowMs();
  for (let i = 0; i < script.LLM_TOKENS; i++) {
    const dueMs = startedMs + script.LLM_FIRST_MS + i * script.LLM_TOKEN_MS;
    await pause(clock, Math.max(0, dueMs - clock.nowMs()), signal);
    if (signal.aborted) return;
    yield { type: 'text', text: i % 10 === 9 ? `${word}. ` : `${word} ` };
  }
}

/** First audio 80 ms after the first text, then 100 ms of audio every 20 ms; a word's length is by the reply's kind. */
export function scriptedSpeech(clock: Clock): TextToSpeech {
  return {
    name: 'scripted/tts',
    speak: (text, options, signal) => speak(clock, { text, rateHz: options.rateHz }, signal),
  };
}

async function* speak(
  clock: Clock,
  said: { text: AsyncIterable<string>; rateHz: SampleRate },
  signal: AbortSignal,
): AsyncGenerator<SpeechChunk> {
  const tone = toneOf(script.TTS_CHUNK_MS, said.rateHz);
  let dueMs = 0;
  for await (const text of said.text) {
    if (dueMs === 0) dueMs = clock.nowMs() + script.TTS_FIRST_MS;
    const words = text.trim().split(/\s+/);
    const wordMs =
      (words[0]?.startsWith('short') ? script.SHORT_REPLY_MS : script.LONG_REPLY_MS) / script.LLM_TOKENS;
    const chunks = Math.max(1, Math.round((words.length * wordMs) / script.TTS_CHUNK_MS));
    for (let i = 0; i < chunks; i++) {
      await pause(clock, Math.max(0, dueMs - clock.nowMs()), signal);
      if (signal.aborted) return;
      yield { samples: tone, rateHz: said.rateHz, ...(i === 0 ? { text } : {}) };
      dueMs += script.TTS_PACE_MS;
    }
  }
}

const tones = new Map<number, Int16Array>();

function toneOf(ms: number, rateHz: number): Int16Array {
  let tone = tones.get(rateHz);
  if (!tone) {
    tone = new Int16Array((ms * rateHz) / 1000);
    for (let i = 0; i < tone.length; i++)
      tone[i] = Math.round(6_000 * Math.sin((2 * Math.PI * 400 * i) / rateHz));
    tones.set(rateHz, tone);
  }
  return tone;
}
