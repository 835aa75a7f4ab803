import { Trouble } from './trouble.js';

const TROUBLE_OF_ERROR = {
  NotAllowedError: 'permission_refused',
  SecurityError: 'permission_refused',
  NotFoundError: 'no_microphone',
  OverconstrainedError: 'no_microphone',
  NotReadableError: 'microphone_busy',
  AbortError: 'microphone_busy',
};

/** Whether this page may ask for a microphone at all. */
export function microphonePossible() {
  return globalThis.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);
}

/** The visitor's microphone as 20 ms frames of 16 kHz PCM. */
export class Microphone {
  /**
   * Asks for permission and starts capturing. Throws a Trouble.
   * @param {AudioContext} context
   * @param {{ frame(pcm: Int16Array, level: number): void, lost(): void }} on `lost`: the device went away
   */
  static async open(context, on) {
    if (!microphonePossible() || !context.audioWorklet) throw new Trouble('insecure_context');
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
    } catch (error) {
      throw new Trouble(TROUBLE_OF_ERROR[error.name] ?? 'no_microphone');
    }
    try {
      await context.audioWorklet.addModule(new URL('./capture-worklet.js', import.meta.url));
      return new Microphone(context, stream, on);
    } catch (error) {
      for (const track of stream.getTracks()) track.stop();
      throw error;
    }
  }

  constructor(context, stream, on) {
    this.stream = stream;
    this.muted = false;
    this.source = context.createMediaStreamSource(stream);
    this.node = new AudioWorkletNode(context, 'capture', { numberOfInputs: 1, numberOfOutputs: 0 });
    this.node.port.onmessage = ({ data }) => {
      if (!this.muted) on.frame(data.pcm, data.level);
    };
    this.source.connect(this.node);
    stream.getAudioTracks()[0].addEventListener('ended', () => on.lost());
  }

  /** While muted no frame leaves, and the browser records silence. */
  mute(muted) {
    this.muted = muted;
    for (const track of this.stream.getAudioTracks()) track.enabled = !muted;
  }

  close() {
    this.source.disconnect();
    this.node.port.postMessage('close');
    this.node.port.onmessage = null;
    for (const track of this.stream.getTracks()) track.stop();
  }
}
