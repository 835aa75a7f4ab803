import { JitterBuffer } from './jitter-buffer.js';
import { Resampler } from './resampler.js';

const REPORT_MS = 50;

/**
 * What plays the agent, wherever it runs. Takes `{ samples: Float32Array, rateHz }` and `{ clear: n, playedMs }` (drop
 * everything, count on from `playedMs`). While it plays, and once more when it has run dry, it reports
 * `{ playedMs, level, clears }`: milliseconds played since the call began, the loudness from 0 to 1 and the number of
 * the last clear it has obeyed.
 */
export class Player {
  /**
   * @param {number} rateHz the loudspeaker's
   * @param {(report: { playedMs: number, level: number, clears: number }) => void} onReport
   */
  constructor(rateHz, onReport) {
    this.rateHz = rateHz;
    this.onReport = onReport;
    this.buffer = new JitterBuffer(rateHz);
    this.resamplers = new Map();
    this.baseMs = 0;
    this.clears = 0;
    this.energy = 0;
    this.samples = 0;
    this.isReported = true;
  }

  take(message) {
    if (message.clear === undefined) {
      this.buffer.push(this.resample(message.samples, message.rateHz));
      return;
    }
    this.buffer.clear();
    this.baseMs = message.playedMs - this.buffer.playedMs;
    this.clears = message.clear;
    this.report();
  }

  /** @param {Float32Array} output filled with what is due */
  fill(output) {
    const given = this.buffer.pull(output);
    if (given > 0) this.isReported = false;
    for (let i = 0; i < given; i++) this.energy += output[i] * output[i];
    this.samples += output.length;
    const due = this.samples >= (this.rateHz * REPORT_MS) / 1000;
    if (due && !this.isReported) this.report();
  }

  resample(samples, rateHz) {
    let resampler = this.resamplers.get(rateHz);
    if (!resampler) {
      resampler = new Resampler(rateHz, this.rateHz);
      this.resamplers.set(rateHz, resampler);
    }
    return resampler.process(samples);
  }

  report() {
    const level = this.samples > 0 ? Math.sqrt(this.energy / this.samples) : 0;
    this.onReport({ playedMs: this.baseMs + this.buffer.playedMs, level, clears: this.clears });
    this.isReported = !this.buffer.playing;
    this.energy = 0;
    this.samples = 0;
  }
}
