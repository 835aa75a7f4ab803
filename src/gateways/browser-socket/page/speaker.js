import { OpusDecoder } from './opus.js';
import { Player } from './player.js';

const LINE_RATE_HZ = 16000;

/** Plays the agent's packets as they come and tells what was really played. */
export class Speaker {
  /**
   * @param {AudioContext} context
   * @param {'pcm16' | 'opus'} codec
   * @param {{ played(playedMs: number, clears: number): void, level(level: number): void, failed(): void }} on
   */
  static async open(context, codec, on) {
    return new Speaker(await openOutput(context), codec, on);
  }

  constructor(output, codec, on) {
    this.output = output;
    output.onReport = ({ playedMs, level, clears }) => {
      on.level(level);
      setTimeout(() => on.played(playedMs, clears), output.latencyMs);
    };
    const post = (samples, rateHz) => output.take({ samples, rateHz });
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
    this.output.take({ clear: n, playedMs });
  }

  close() {
    this.output.onReport = () => {};
    this.output.close();
    this.decoder.close();
  }
}

/** Pages that are not secure have no AudioWorklet: there the player runs beside the page's own work. */
async function openOutput(context) {
  if (!context.audioWorklet) return new ScriptOutput(context);
  await context.audioWorklet.addModule(new URL('./playback-worklet.js', import.meta.url));
  return new WorkletOutput(context);
}

/** How much later than the player the loudspeaker is. */
function latencyOf(context) {
  return (context.outputLatency || context.baseLatency || 0) * 1000;
}

class WorkletOutput {
  constructor(context) {
    this.context = context;
    this.onReport = () => {};
    this.node = new AudioWorkletNode(context, 'playback', {
      numberOfInputs: 0,
      numberOfOutputs: 1,
      outputChannelCount: [1],
    });
    this.node.port.onmessage = ({ data }) => this.onReport(data);
    this.node.connect(context.destination);
  }

  get latencyMs() {
    return latencyOf(this.context);
  }

  take(message) {
    this.node.port.postMessage(message, message.samples ? [message.samples.buffer] : []);
  }

  close() {
    this.node.port.postMessage({ close: true });
    this.node.disconnect();
  }
}

const BLOCK_SAMPLES = 1024;

class ScriptOutput {
  constructor(context) {
    this.context = context;
    this.onReport = () => {};
    this.player = new Player(context.sampleRate, (report) => this.onReport(report));
    this.node = context.createScriptProcessor(BLOCK_SAMPLES, 0, 1);
    this.node.onaudioprocess = ({ outputBuffer }) => this.player.fill(outputBuffer.getChannelData(0));
    this.node.connect(context.destination);
  }

  get latencyMs() {
    return latencyOf(this.context) + (BLOCK_SAMPLES / this.context.sampleRate) * 1000;
  }

  take(message) {
    this.player.take(message);
  }

  close() {
    this.node.onaudioprocess = null;
    this.node.disconnect();
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
