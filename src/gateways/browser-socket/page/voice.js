import { Microphone } from './microphone.js';
import { OpusEncoder } from './opus.js';
import { Speaker } from './speaker.js';

/**
 * The sound of one call: microphone and loudspeaker over one AudioContext, and the codec between them and the wire.
 * Make it inside a click: browsers only let a page sound after one.
 */
export class Voice {
  /** @param {{ packet(packet: Uint8Array | Int16Array): void, played(playedMs: number, clears: number): void,
   *            level(who: 'caller' | 'agent', level: number): void, microphoneLost(): void,
   *            suspended(is: boolean): void, codecFailed(): void }} on */
  constructor(on) {
    this.on = on;
    this.context = new AudioContext({ latencyHint: 'interactive' });
    this.context.onstatechange = () => on.suspended(this.isSuspended);
    this.microphone = null;
    this.speaker = null;
    this.encoder = null;
  }

  /** Whether the browser keeps the page from sounding (phones do that after an interruption). */
  get isSuspended() {
    return this.context.state === 'suspended' || this.context.state === 'interrupted';
  }

  get hasMicrophone() {
    return this.microphone !== null;
  }

  /** Lets the page sound (again). Call it from a click. */
  wake() {
    return this.context.resume();
  }

  /** Opens the microphone; throws a Trouble. */
  async openMicrophone() {
    this.microphone = await Microphone.open(this.context, {
      frame: (pcm, level) => this.capture(pcm, level),
      lost: () => {
        this.microphone?.close();
        this.microphone = null;
        this.on.microphoneLost();
      },
    });
  }

  /** @param {'pcm16' | 'opus'} codec what the wire carries from now on */
  async use(codec) {
    this.encoder?.close();
    this.speaker?.close();
    this.encoder = codec === 'opus' ? new OpusEncoder(this.on.packet, this.on.codecFailed) : null;
    this.speaker = await Speaker.open(this.context, codec, {
      played: this.on.played,
      level: (level) => this.on.level('agent', level),
      failed: this.on.codecFailed,
    });
  }

  capture(pcm, level) {
    this.on.level('caller', level);
    if (this.encoder) this.encoder.push(pcm);
    else this.on.packet(pcm);
  }

  /** @param {ArrayBuffer} packet */
  play(packet) {
    this.speaker.push(packet);
  }

  clear(n, playedMs) {
    this.speaker.clear(n, playedMs);
  }

  mute(muted) {
    this.microphone?.mute(muted);
  }

  close() {
    this.context.onstatechange = null;
    this.microphone?.close();
    this.encoder?.close();
    this.speaker?.close();
    this.context.close();
  }
}
