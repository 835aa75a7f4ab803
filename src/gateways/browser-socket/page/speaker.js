import { OpusDecoder } from './opus.js';

const LINE_RATE_HZ = 16000;

/** Plays the agent's packets as they come and tells what was really played. */
export class Speaker {
  /**
   * Null where the browser has no AudioWorklet (pages that are not secure): the agent is then read, not heard.
   * @param {AudioContext} context
   * @param {'pcm16' | 'opus'} codec
   * @param {{ played(playedMs: number, clears: number): void, level(level: number): void, failed(): void }} on
   */
  static async open(context, codec, on) {
    if (!context.audioWorklet) return null;
    await context.audioWorklet.addModule(new URL('./playback-worklet.js', import.meta.url));
    return new Speaker(context, codec, on);
  }

  constructor(context, codec, on) {
    this.context = context;
    this.node = new AudioWorkletNode(context, 'playback', {
      numberOfInputs: 0,
      numberOfOutputs: 1,
      outputChannelCount: [1],
    });
    this.node.connect(context.destination);
    this.node.port.onmessage = ({ data }) => {
      on.level(data.level);
      const latencyMs = (context.outputLatency || context.baseLatency || 0) * 1000;
      setTimeout(() => on.played(data.playedMs, data.clears), latencyMs);
    };
    const post = (samples, rateHz) => this.node.port.postMessage({ samples, rateHz }, [samples.buffer]);
    this.decoder = codec === 'opus' ? new OpusDecoder(post, on.failed) : new PcmDecoder(post);
  }

  /** @param {ArrayBuffer} packet */
  push(packet) {
    this.decoder.push(packet);
  }

  /**
   * Falls silent at once. Counting goes on from `playedMs`.
   * @param {number} n the clear's number
   * @param {number} playedMs
   */
  clear(n, playedMs) {
    this.decoder.clear();
    this.node.port.postMessage({ clear: n, playedMs });
  }

  close() {
    this.node.port.postMessage({ close: true });
    this.node.port.onmessage = null;
    this.node.disconnect();
    this.decoder.close();
  }
}

class PcmDecoder {
  constructor(onSamples) {
    this.onSamples = onSamples;
  }

  push(packet) {
    const pcm = new Int16Array(packet);
    const samples = new Float32Array(pcm.length);
    for (let i = 0; i < pcm.length; i++) samples[i] = pcm[i] / 32768;
    this.onSamples(samples, LINE_RATE_HZ);
  }

  clear() {}

  close() {}
}
