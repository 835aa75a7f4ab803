import { Resampler } from './resampler.js';

const LINE_RATE_HZ = 16000;
const FRAME_SAMPLES = 320;

/**
 * Turns the microphone into 20 ms frames of 16 kHz mono PCM. Posts `{ pcm: Int16Array, level }` for each, `level`
 * being its RMS from 0 to 1.
 */
class CaptureProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, LINE_RATE_HZ);
    this.frame = new Int16Array(FRAME_SAMPLES);
    this.filled = 0;
    this.energy = 0;
    this.open = true;
    this.port.onmessage = () => {
      this.open = false;
    };
  }

  process(inputs) {
    const channels = inputs[0];
    if (this.open && channels.length > 0) this.take(this.resampler.process(mixDown(channels)));
    return this.open;
  }

  take(samples) {
    for (const sample of samples) {
      const clipped = Math.max(-1, Math.min(1, sample));
      this.energy += clipped * clipped;
      this.frame[this.filled++] = Math.round(clipped * 32767);
      if (this.filled === FRAME_SAMPLES) this.post();
    }
  }

  post() {
    const level = Math.sqrt(this.energy / FRAME_SAMPLES);
    this.port.postMessage({ pcm: this.frame, level }, [this.frame.buffer]);
    this.frame = new Int16Array(FRAME_SAMPLES);
    this.filled = 0;
    this.energy = 0;
  }
}

function mixDown(channels) {
  if (channels.length === 1) return channels[0];
  const mono = new Float32Array(channels[0].length);
  for (const channel of channels) {
    for (let i = 0; i < mono.length; i++) mono[i] += channel[i] / channels.length;
  }
  return mono;
}

registerProcessor('capture', CaptureProcessor);
