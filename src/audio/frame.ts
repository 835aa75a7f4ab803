/** Sample rates that audio in Patchbay comes in. */
export type SampleRate = 8000 | 16000 | 22050 | 24000 | 44100 | 48000;

/**
 * A piece of mono audio: signed 16-bit samples. `atMs` is the time of the first sample on the line's own clock
 * (milliseconds of audio since the line opened).
 *
 * Frames are borrowed: `samples` belongs to whoever pushes and is only valid until `push` returns. Copy to keep.
 */
export interface AudioFrame {
  samples: Int16Array;
  rateHz: SampleRate;
  atMs: number;
}

/** Takes frames, synchronously. Must not throw and must not keep the frame. */
export interface AudioSink {
  push(frame: AudioFrame): void;
}

/** Milliseconds in one telephony frame. */
export const FRAME_MS = 20;
