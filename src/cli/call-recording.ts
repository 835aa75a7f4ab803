import { writeWav } from '#audio/wav';
import type { Phone } from '#cli/phone';

/** What a phone said and heard, kept for as long as the call lasts. */
export class CallRecording {
  readonly #spoken: Int16Array[] = [];
  readonly #heard: Int16Array[] = [];

  constructor(phone: Phone) {
    phone.listen((frame) => {
      this.#spoken.push(frame.spoken.slice());
      this.#heard.push(frame.heard.slice());
    });
  }

  /** A WAV file of what the caller heard. */
  heardWav(): Uint8Array {
    return writeWav({ rateHz: 8000, channels: [joined(this.#heard)] });
  }

  /** A WAV file of both sides, the caller left. */
  stereoWav(): Uint8Array {
    return writeWav({ rateHz: 8000, channels: [joined(this.#spoken), joined(this.#heard)] });
  }
}

function joined(frames: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(frames.reduce((length, frame) => length + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    all.set(frame, at);
    at += frame.length;
  }
  return all;
}
