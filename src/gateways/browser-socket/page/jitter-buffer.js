const MIN_TARGET_MS = 40;
const MAX_TARGET_MS = 240;
const STEP_MS = 20;
const CALM_MS = 5000;
const FADE_MS = 5;

/**
 * Agent audio between its arrival and the loudspeaker. Starts a stretch of speech once `targetMs` are there (or that
 * much time has gone by, so a short word is never withheld); every gap inside speech raises the target, calm lowers
 * it. Counts what was really played.
 */
export class JitterBuffer {
  /** @param {number} rateHz */
  constructor(rateHz) {
    this.rateHz = rateHz;
    this.targetMs = 60;
    this.chunks = [];
    this.offset = 0;
    this.queued = 0;
    this.played = 0;
    this.playing = false;
    this.waited = 0;
    this.sinceGap = 0;
    this.ranDryAgo = Number.POSITIVE_INFINITY;
    this.tail = new Float32Array(0);
  }

  get playedMs() {
    return (this.played / this.rateHz) * 1000;
  }

  get queuedMs() {
    return (this.queued / this.rateHz) * 1000;
  }

  /** @param {Float32Array} samples kept, not copied */
  push(samples) {
    if (samples.length === 0) return;
    const midSpeech = this.queued === 0 && this.ranDryAgo < this.rateHz * 0.15;
    if (midSpeech) {
      this.targetMs = Math.min(MAX_TARGET_MS, this.targetMs + STEP_MS);
      this.sinceGap = 0;
    }
    this.chunks.push(samples);
    this.queued += samples.length;
  }

  /** Throws away what has not been played, with a short fade so that it doesn't click. */
  clear() {
    this.tail = new Float32Array(Math.min(this.playing ? (this.rateHz * FADE_MS) / 1000 : 0, this.queued));
    this.drain(this.tail);
    for (let i = 0; i < this.tail.length; i++) this.tail[i] *= 1 - i / this.tail.length;
    this.chunks = [];
    this.offset = 0;
    this.queued = 0;
    this.playing = false;
    this.waited = 0;
    this.ranDryAgo = Number.POSITIVE_INFINITY;
  }

  /**
   * Fills `output` with what is due.
   * @param {Float32Array} output
   * @returns {number} how many of its samples are the agent's
   */
  pull(output) {
    output.fill(0);
    output.set(this.tail.subarray(0, output.length));
    this.tail = this.tail.slice(output.length);
    if (!this.playing) this.maybeStart(output.length);
    if (!this.playing) {
      this.ranDryAgo += output.length;
      return 0;
    }
    const given = this.drain(output);
    this.played += given;
    this.sinceGap += given;
    if (this.sinceGap > (this.rateHz * CALM_MS) / 1000) {
      this.targetMs = Math.max(MIN_TARGET_MS, this.targetMs - STEP_MS);
      this.sinceGap = 0;
    }
    if (this.queued === 0) {
      this.playing = false;
      this.waited = 0;
      this.ranDryAgo = 0;
    }
    return given;
  }

  maybeStart(blockSamples) {
    if (this.queued === 0) return;
    this.waited += blockSamples;
    const target = (this.rateHz * this.targetMs) / 1000;
    this.playing = this.queued >= target || this.waited >= target;
  }

  drain(output) {
    let filled = 0;
    while (filled < output.length && this.chunks.length > 0) {
      const chunk = this.chunks[0];
      const part = chunk.subarray(this.offset, this.offset + output.length - filled);
      output.set(part, filled);
      filled += part.length;
      this.offset += part.length;
      if (this.offset === chunk.length) {
        this.chunks.shift();
        this.offset = 0;
      }
    }
    this.queued -= filled;
    return filled;
  }
}
