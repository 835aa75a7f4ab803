import type { SampleRate } from '#audio/frame';
import type { InterruptionSensitivity } from '#engine/call-plan';
import { BARGE_IN, RESUMED_MS } from '#engine/turn-policy';

export interface GateRules {
  /** Probability at which speech begins, and under which it stops being speech. */
  readonly on: number;
  readonly off: number;
  /** Voiced milliseconds that are reported when they are reached, ascending. */
  readonly marksMs: readonly number[];
}

/** What the gate finds, in line time. */
export interface GateListener {
  /** The quiet line became loud at `atMs`: perhaps with speech, the detector has not judged it yet. */
  sound(atMs: number): void;
  /** Speech began at `atMs`, found in hindsight. */
  onset(atMs: number): void;
  /** A mark is reached; or, `isAgain`, a stretch that has passed one goes on after a pause. */
  voiced(onsetMs: number, voicedMs: number, isAgain: boolean): void;
  /** No speech since `lastSpeechMs`, which was the last sample of it. */
  pause(lastSpeechMs: number, voicedMs: number): void;
}

const ON: Readonly<Record<InterruptionSensitivity, number>> = { high: 0.4, medium: 0.5, low: 0.65 };

export function gateRules(sensitivity: InterruptionSensitivity): GateRules {
  const { holdAfterMs, interruptAfterMs, surelyAfterMs } = BARGE_IN[sensitivity];
  const marksMs = [RESUMED_MS, holdAfterMs, interruptAfterMs, surelyAfterMs].sort((a, b) => a - b);
  return { on: ON[sensitivity], off: Math.min(0.35, ON[sensitivity] - 0.1), marksMs };
}

/** Silence by energy that makes a pause, whatever the detector still says: it takes that long to change its mind. */
const PAUSE_MS = 100;
/**
 * Inside a soft word (the "please" of somebody who breaks in) the detector may doubt for up to 240 ms, without being
 * sure of silence. While the line stays as loud, so long a doubt is no pause, and counts as voice.
 */
const DIP_MS = 360;
const SILENT = 0.1;
/** Verdicts so far below the threshold still add up to an onset: two or three in a row do. */
const NEARLY = 0.15;
/** A gap between words: speech that goes on within it is the same stretch. */
const GAP_MS = 300;
/** How far back the beginning of a stretch is looked for. */
const LOOK_BACK_MS = 400;
/** Silence inside a stretch that its beginning may be found across: the closure of a plosive. */
const CLOSURE_MS = 60;
/** Still, or again, speech by the detector and silence by energy for this long: the energy threshold is wrong. */
const MISJUDGED_MS = 200;
const WINDOW_MS = 32;
const BLOCKS_PER_SECOND = 200;
const SLOTS = 64;
/** Energy thresholds, in RMS of 16-bit samples. */
const FLOOR_RMS = 40;
const OVER_NOISE = 2.2;
const UNDER_SPEECH = 0.035;

/**
 * Finds where speech begins and, in hindsight, which was its last sample. The voice detector says *that* somebody
 * speaks, the energy of 5 ms blocks says *when*: so neither its delay at the start nor its decay at the end reaches
 * the silence that turns are measured by. Allocates nothing after construction.
 */
export class SpeechGate {
  readonly #rules: GateRules;
  readonly #on: GateListener;
  /** Per frame: when its first and last loud block began and ended; NaN when it had none. */
  readonly #firstLoud = new Float64Array(SLOTS).fill(Number.NaN);
  readonly #lastLoud = new Float64Array(SLOTS).fill(Number.NaN);
  #slot = 0;
  #state: 'quiet' | 'speech' = 'quiet';
  #probability = 0;
  #evidence = 0;
  #noiseRms = 20;
  #speechRms = 0;
  #endMs = 0;
  #loudMs = Number.NEGATIVE_INFINITY;
  #onsetMs = 0;
  #lastSpeechMs = Number.NEGATIVE_INFINITY;
  #mark = 0;

  constructor(rules: GateRules, on: GateListener) {
    this.#rules = rules;
    this.#on = on;
  }

  /** Whether the caller speaks at this moment. */
  get isSpeech(): boolean {
    return this.#state === 'speech';
  }

  /** Line time of the last sample of speech; negative infinity before the first. */
  get lastSpeechMs(): number {
    return this.#lastSpeechMs;
  }

  /** Whether the newest frame was loud: all there is to go by when the voice detector has failed. */
  get isLoud(): boolean {
    return this.#endMs - this.#loudMs < 2 * WINDOW_MS;
  }

  /** The next audio, in order. */
  frame(samples: Int16Array, rateHz: SampleRate, atMs: number): void {
    const block = Math.max(1, Math.floor(rateHz / BLOCKS_PER_SECOND));
    const blockMs = 1000 / BLOCKS_PER_SECOND;
    const threshold = this.#threshold;
    const limit = threshold * threshold * block;
    const slot = (this.#slot + 1) % SLOTS;
    let total = 0;
    let first = Number.NaN;
    let last = Number.NaN;
    for (let from = 0; from + block <= samples.length; from += block) {
      let sum = 0;
      for (let i = from; i < from + block; i++) sum += samples[i]! * samples[i]!;
      total += sum;
      if (sum < limit) continue;
      const startMs = atMs + (from / block) * blockMs;
      if (Number.isNaN(first)) first = startMs;
      last = startMs + blockMs;
    }
    this.#slot = slot;
    this.#firstLoud[slot] = first;
    this.#lastLoud[slot] = last;
    this.#endMs = atMs + (samples.length * 1000) / rateHz;
    if (this.#state === 'quiet' && first - this.#loudMs >= PAUSE_MS) this.#on.sound(first);
    if (!Number.isNaN(last)) this.#loudMs = last;
    this.#learn(Math.sqrt(total / Math.max(1, samples.length)), !Number.isNaN(last));
    if (this.#state === 'speech') this.#goOn();
  }

  /** The detector's verdict on a window that ended at line time `atMs`. */
  verdict(probability: number, atMs: number): void {
    this.#probability = probability;
    if (this.#state === 'quiet') {
      const evidence = this.#evidence + probability - this.#rules.on + NEARLY;
      this.#evidence = Math.min(NEARLY, Math.max(0, evidence));
      if (this.#evidence >= NEARLY) this.#begin(atMs);
      return;
    }
    if (probability >= this.#rules.off) {
      const loudMs = this.#lastLoudBy(atMs);
      if (loudMs > this.#lastSpeechMs) this.#lastSpeechMs = loudMs;
    }
    this.#goOn();
  }

  get #threshold(): number {
    return Math.max(FLOOR_RMS, this.#noiseRms * OVER_NOISE, this.#speechRms * UNDER_SPEECH);
  }

  /** Follows the level of the noise and of the voice. */
  #learn(rms: number, isLoud: boolean): void {
    if (this.#state === 'speech') {
      if (isLoud) this.#speechRms += (rms - this.#speechRms) * (rms > this.#speechRms ? 0.3 : 0.02);
      return;
    }
    if (this.#probability < this.#rules.off) {
      this.#noiseRms += (rms - this.#noiseRms) * (rms < this.#noiseRms ? 0.2 : 0.02);
    }
  }

  #begin(atMs: number): void {
    const loudMs = this.#lastLoudBy(atMs);
    if (loudMs <= this.#lastSpeechMs) {
      if (atMs - this.#lastSpeechMs < MISJUDGED_MS || this.#probability < this.#rules.on) return;
      this.#speechRms /= 2;
      this.#noiseRms *= 0.7;
    }
    const onsetMs = Math.max(this.#firstLoudOf(atMs), this.#lastSpeechMs);
    const isSameStretch = onsetMs - this.#lastSpeechMs <= GAP_MS;
    this.#state = 'speech';
    this.#evidence = 0;
    this.#lastSpeechMs = Math.max(loudMs, onsetMs);
    if (!isSameStretch) {
      this.#onsetMs = onsetMs;
      this.#mark = 0;
    }
    this.#on.onset(onsetMs);
    if (this.#mark > 0) this.#on.voiced(this.#onsetMs, this.#lastSpeechMs - this.#onsetMs, true);
    this.#goOn();
  }

  #goOn(): void {
    const isVoice = this.#probability >= this.#rules.off;
    const isDip = !isVoice && this.#probability >= SILENT && this.#endMs - this.#loudMs < PAUSE_MS;
    const heardMs = Math.max(this.#lastSpeechMs, this.#loudMs);
    const untilMs = isVoice ? heardMs : this.#lastSpeechMs;
    if (this.#endMs - untilMs >= (isDip ? DIP_MS : PAUSE_MS)) {
      this.#lastSpeechMs = untilMs;
      this.#state = 'quiet';
      this.#on.pause(untilMs, untilMs - this.#onsetMs);
      return;
    }
    const voicedMs = (isDip ? heardMs : untilMs) - this.#onsetMs;
    while (this.#mark < this.#rules.marksMs.length && voicedMs >= this.#rules.marksMs[this.#mark]!) {
      this.#mark++;
      this.#on.voiced(this.#onsetMs, voicedMs, false);
    }
  }

  /** Where the loud stretch that reaches to `atMs` began. */
  #firstLoudOf(atMs: number): number {
    let firstMs = Number.NaN;
    for (let back = 0; back < SLOTS; back++) {
      const slot = (this.#slot - back + SLOTS) % SLOTS;
      const from = this.#firstLoud[slot]!;
      if (Number.isNaN(from) || from > atMs) continue;
      const reference = Number.isNaN(firstMs) ? atMs : firstMs;
      if (atMs - from > LOOK_BACK_MS) break;
      if (!Number.isNaN(firstMs) && reference - this.#lastLoud[slot]! > CLOSURE_MS) break;
      firstMs = from;
    }
    return Number.isNaN(firstMs) ? atMs - WINDOW_MS : firstMs;
  }

  /** The end of the last loud block up to `atMs`; negative infinity when none is remembered. */
  #lastLoudBy(atMs: number): number {
    for (let back = 0; back < SLOTS; back++) {
      const slot = (this.#slot - back + SLOTS) % SLOTS;
      const lastMs = this.#lastLoud[slot]!;
      if (!Number.isNaN(lastMs) && lastMs <= atMs) return lastMs;
    }
    return Number.NEGATIVE_INFINITY;
  }
}
