import type { AudioFrame } from '#audio/frame';
import type { CallerScript } from '#engine/fakes/caller-script';
import { ProviderError, type SpeechToText, type SttEvent, type SttStream } from '#engine/ports';
import type { Cancel, Clock } from '#kernel/clock';

export interface ScriptedSttOptions {
  clock: Clock;
  script: CallerScript;
  name?: string;
  /** From a flush, or from the end of speech, to the final words; default 50. */
  finalMs?: number;
  /** Interim words this often while the caller speaks; 0 for never. Default 500. */
  interimEveryMs?: number;
  /** Gives final words by itself, this long after speech ends; default never. */
  ownFinalMs?: number;
  /** Says by itself that the turn is over, this long after speech ends. */
  endOfTurnMs?: number;
  /** Throws when it is opened, as long as this says so. */
  refuses?(): ProviderError | null;
  /** Breaks at these line times of its audio. */
  breaksAtMs?: readonly number[];
  /** Answers nothing any more, as long as this says so. */
  isStalled?(): boolean;
}

/** A recogniser that finds the caller's script in the audio: only in audio that it was really given. */
export class ScriptedStt implements SpeechToText {
  readonly name: string;
  readonly can: SpeechToText['can'];
  readonly #options: ScriptedSttOptions;
  /** Streams open now, and ever. */
  live = 0;
  opened = 0;
  readonly breaksLeft: number[];

  constructor(options: ScriptedSttOptions) {
    this.#options = options;
    this.name = options.name ?? 'scripted/stt';
    this.can = { interim: options.interimEveryMs !== 0, endpointing: options.endOfTurnMs !== undefined };
    this.breaksLeft = [...(options.breaksAtMs ?? [])];
  }

  open(_options: unknown, on: (event: SttEvent) => void, signal: AbortSignal): SttStream {
    const refusal = this.#options.refuses?.();
    if (refusal) throw refusal;
    this.live++;
    this.opened++;
    signal.addEventListener('abort', () => this.live--, { once: true });
    return new ScriptedSttStream({ ...this.#options, stt: this }, on, signal);
  }
}

const LOUD = 500;

class ScriptedSttStream implements SttStream {
  readonly #options: ScriptedSttOptions & { stt: ScriptedStt };
  readonly #on: (event: SttEvent) => void;
  readonly #signal: AbortSignal;
  #segment = 0;
  /** Script time up to which words belong to earlier segments. */
  #fromMs: number | null = null;
  #heardMs = 0;
  #lastLoudMs = Number.NEGATIVE_INFINITY;
  #nextInterimMs = Number.POSITIVE_INFINITY;
  #quiet: Cancel | undefined;

  constructor(
    options: ScriptedSttOptions & { stt: ScriptedStt },
    on: (event: SttEvent) => void,
    signal: AbortSignal,
  ) {
    this.#options = options;
    this.#on = on;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#quiet?.(), { once: true });
  }

  onset(): void {}

  push(frame: AudioFrame): void {
    this.#fromMs ??= frame.atMs;
    this.#heardMs = frame.atMs + (frame.samples.length * 1000) / frame.rateHz;
    let isLoud = false;
    for (let i = 0; i < frame.samples.length && !isLoud; i++) isLoud = Math.abs(frame.samples[i]!) > LOUD;
    if (isLoud) this.#loud();
    const breakAt = this.#options.stt.breaksLeft[0];
    if (breakAt === undefined || this.#heardMs < breakAt) return;
    this.#options.stt.breaksLeft.shift();
    this.#on({ type: 'error', fatal: true, message: 'the stream broke' });
  }

  flush(lastSpeechMs: number): void {
    this.#later(this.#options.finalMs ?? 50, () => this.#final(lastSpeechMs + 100));
  }

  commit(): void {
    this.#fromMs = this.#heardMs;
    this.#segment++;
    this.#quiet?.();
    this.#nextInterimMs = Number.POSITIVE_INFINITY;
  }

  #loud(): void {
    const { interimEveryMs = 500, ownFinalMs, endOfTurnMs, clock } = this.#options;
    const isNew = this.#heardMs - this.#lastLoudMs > 300;
    this.#lastLoudMs = this.#heardMs;
    if (interimEveryMs > 0) {
      if (isNew) this.#nextInterimMs = this.#heardMs + interimEveryMs;
      if (this.#heardMs >= this.#nextInterimMs) {
        this.#nextInterimMs += interimEveryMs;
        this.#say('interim', this.#heardMs);
      }
    }
    if (ownFinalMs === undefined && endOfTurnMs === undefined) return;
    this.#quiet?.();
    const silenceMs = ownFinalMs ?? endOfTurnMs ?? 0;
    this.#quiet = clock.after(silenceMs, () => {
      this.#final(this.#heardMs);
      if (endOfTurnMs !== undefined) this.#on({ type: 'endOfTurn' });
    });
  }

  #final(toMs: number): void {
    this.#say('final', Math.min(toMs, this.#heardMs));
  }

  #say(type: 'interim' | 'final', toMs: number): void {
    if (this.#signal.aborted || this.#options.isStalled?.()) return;
    const text = this.#options.script.words(this.#fromMs ?? 0, toMs);
    if (type === 'interim' && text === '') return;
    this.#on({ type, segment: this.#segment, text });
  }

  #later(delayMs: number, run: () => void): void {
    const segment = this.#segment;
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#signal.removeEventListener('abort', cancel);
      if (segment === this.#segment) run();
    });
    this.#signal.addEventListener('abort', cancel, { once: true });
  }
}

/** A refusal as vendors give it. */
export function refused(provider: string): ProviderError {
  return new ProviderError(provider, 'refused', 'the key was refused');
}
