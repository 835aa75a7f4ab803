import type { AudioFrame, AudioSink } from '#audio/frame';
import { rms } from '#audio/mix';

/** How fast the shown level falls after a sound: to a tenth in this time. */
const FALL_MS = 300;

/** The loudness of a stream as a needle shows it: up at once, down slowly. */
export class LevelMeter implements AudioSink {
  #level = 0;

  /** 0 to 32768, of a full-scale square wave. */
  get level(): number {
    return this.#level;
  }

  push(frame: AudioFrame): void {
    const lengthMs = (frame.samples.length * 1000) / frame.rateHz;
    this.#level = Math.max(rms(frame.samples), this.#level * 0.1 ** (lengthMs / FALL_MS));
  }
}
