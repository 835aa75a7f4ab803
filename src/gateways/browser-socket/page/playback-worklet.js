import { JitterBuffer } from './jitter-buffer.js';
import { Resampler } from './resampler.js';

const REPORT_MS = 50;

/**
 * Plays the agent. Takes `{ samples: Float32Array, rateHz }`, `{ clear: n, playedMs }` (drop everything, count on from
 * `playedMs`) and `{ close: true }`. While it plays, and once more when it has run dry, it posts
 * `{ playedMs, level, clears }`: milliseconds played since the call began, the loudness from 0 to 1 and the number of
 * the last clear it has obeyed.
 */
class PlaybackProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.buffer = new JitterBuffer(sampleRate);
    this.resamplers = new Map();
    this.baseMs = 0;
    this.clears = 0;
    this.energy = 0;
    this.samples = 0;
    this.reported = true;
    this.open = true;
    this.port.onmessage = ({ data }) => this.onMessage(data);
  }

  onMessage(message) {
    if (message.close) this.open = false;
    else if (message.clear === undefined) this.buffer.push(this.resample(message.samples, message.rateHz));
    else {
      this.buffer.clear();
      this.baseMs = message.playedMs - this.buffer.playedMs;
      this.clears = message.clear;
      this.report();
    }
  }

  resample(samples, rateHz) {
    let resampler = this.resamplers.get(rateHz);
    if (!resampler) {
      resampler = new Resampler(rateHz, sampleRate);
      this.resamplers.set(rateHz, resampler);
    }
    return resampler.process(samples);
  }

  process(_inputs, outputs) {
    const output = outputs[0][0];
    const given = this.buffer.pull(output);
    if (given > 0) this.reported = false;
    for (let i = 0; i < given; i++) this.energy += output[i] * output[i];
    this.samples += output.length;
    const due = this.samples >= (sampleRate * REPORT_MS) / 1000;
    if (due && !this.reported) this.report();
    return this.open;
  }

  report() {
    const level = this.samples > 0 ? Math.sqrt(this.energy / this.samples) : 0;
    this.port.postMessage({ playedMs: this.baseMs + this.buffer.playedMs, level, clears: this.clears });
    this.reported = !this.buffer.playing;
    this.energy = 0;
    this.samples = 0;
  }
}

registerProcessor('playback', PlaybackProcessor);
