import { Player } from './player.js';

/** The player on the audio thread. Takes the player's messages and `{ close: true }`; posts its reports. */
class PlaybackProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.player = new Player(sampleRate, (report) => this.port.postMessage(report));
    this.isOpen = true;
    this.port.onmessage = ({ data }) => {
      if (data.close) this.isOpen = false;
      else this.player.take(data);
    };
  }

  process(_inputs, outputs) {
    this.player.fill(outputs[0][0]);
    return this.isOpen;
  }
}

registerProcessor('playback', PlaybackProcessor);
