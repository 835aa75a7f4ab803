import type { SampleRate } from '#audio/frame';
import { resample } from '#audio/resample';
import { WasiRun, type WasmModule } from './wasi.ts';
import { type Phone, type WordSpan, wordTimes } from './word-times.ts';

/** flite's voices in the package, each with how much slower than its own pace it is understood best over a telephone. */
export const FLITE_VOICES = {
  rms: { stretch: 1 },
  slt: { stretch: 1.2 },
  awb: { stretch: 1 },
  kal16: { stretch: 1.1 },
} as const satisfies Record<string, { stretch: number }>;

export type FliteVoice = keyof typeof FLITE_VOICES;

/** A piece of text to be spoken. */
export interface SpeechOrder {
  voice: FliteVoice;
  /** 1 is the voice's own pace. */
  speed: number;
  rateHz: SampleRate;
  /** What is said, word by word as the listener would count them; an entry may be several spoken words. */
  words: readonly string[];
}

/** Its audio, without silence around it, and where in it each entry of `words` is. */
export interface SpokenAudio {
  samples: Int16Array;
  words: WordSpan[];
}

const OUTPUT = 'speech.wav';
/** Kept of the silence before and after the sounds. */
const BEFORE_MS = 15;
const AFTER_MS = 45;
const FADE_MS = 4;

/** flite in WebAssembly: each utterance is a run of its own, made ready while the one before is played. */
export class FliteEngine {
  readonly #module: WasmModule;
  #next: WasiRun;

  constructor(module: WasmModule) {
    this.#module = module;
    this.#next = new WasiRun(module);
  }

  /** Speaks, synchronously. Throws when flite fails or makes no sound. */
  speak(order: SpeechOrder): SpokenAudio {
    const stretch = FLITE_VOICES[order.voice].stretch / order.speed;
    const text = order.words.filter((word) => word !== '').join(' ');
    const pace = ['--setf', `duration_stretch=${stretch.toFixed(3)}`];
    const run = this.#next;
    const outcome = run.run(['flite', '-voice', order.voice, ...pace, '-psdur', '-t', text, '-o', OUTPUT]);
    const wave = outcome.files.get(OUTPUT);
    if (outcome.code !== 0 || !wave) throw new Error(`flite ended with ${outcome.code}`);
    return spokenAudio(order, readWave(wave), phonesPrinted(outcome.printed));
  }

  /** Makes the next run ready: worth doing while nobody waits. */
  prepare(): void {
    this.#next = new WasiRun(this.#module);
  }
}

interface Wave {
  samples: Int16Array;
  rateHz: SampleRate;
}

/** flite's own RIFF file: a 44-byte header, the rate at 24, 16-bit mono samples. */
function readWave(file: Uint8Array): Wave {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  if (file.length <= 44) throw new Error('flite made no sound');
  const bytes = file.slice(44);
  const samples = new Int16Array(bytes.buffer, 0, bytes.length >> 1);
  return { samples, rateHz: view.getUint32(24, true) as SampleRate };
}

function phonesPrinted(printed: string): Phone[] {
  return [...printed.matchAll(/(\S+):(\d+(?:\.\d+)?)/g)].map((m) => ({
    name: m[1]!,
    endMs: Number(m[2]) * 1000,
  }));
}

function spokenAudio(order: SpeechOrder, wave: Wave, phones: readonly Phone[]): SpokenAudio {
  const sounding = phones.flatMap((phone, i) => (phone.name === 'pau' ? [] : [i]));
  const totalMs = (wave.samples.length * 1000) / wave.rateHz;
  const first = sounding[0];
  const last = sounding.at(-1);
  const beginMs = first === undefined || first === 0 ? 0 : phones[first - 1]!.endMs;
  const endMs = last === undefined ? totalMs : phones[last]!.endMs;
  const fromMs = Math.max(0, beginMs - BEFORE_MS);
  const at = (timeMs: number) => Math.round((timeMs * wave.rateHz) / 1000);
  const cut = wave.samples.slice(at(fromMs), at(Math.min(totalMs, endMs + AFTER_MS)));
  fade(cut, at(FADE_MS));
  const spans =
    sounding.length > 0
      ? wordTimes(order.words, phones)
      : order.words.map(() => ({ fromMs: 0, toMs: totalMs }));
  return {
    samples: resample(cut, wave.rateHz, order.rateHz),
    words: spans.map((span) => ({
      fromMs: Math.max(0, span.fromMs - fromMs),
      toMs: Math.max(0, span.toMs - fromMs),
    })),
  };
}

/** A cut in the middle of a sound must not click. */
function fade(samples: Int16Array, count: number): void {
  for (let i = 0; i < Math.min(count, samples.length >> 1); i++) {
    samples[i] = (samples[i]! * i) / count;
    samples[samples.length - 1 - i] = (samples[samples.length - 1 - i]! * i) / count;
  }
}
