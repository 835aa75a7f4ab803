import type { AudioFrame, SampleRate } from '#audio/frame';
import type { Transport } from '#engine/ports';
import type { Clock } from '#kernel/clock';

/** Where a recording's bytes go, in order. Writes are queued by the sink; `finish` resolves when all are stored. */
export interface RecordingSink {
  write(bytes: Uint8Array): void;
  /** Ends the file; `audioBytes` is the number of bytes of samples, for the header. */
  finish(audioBytes: number): Promise<void>;
}

export interface Recorder {
  /** Writes what is still held and ends the file. Idempotent. */
  stop(): Promise<void>;
}

/** Audio held back so that both sides of one moment meet before they are written. */
const HELD_MS = 1_000;
/** The most that is held when one side runs ahead: what is older is written as it stands. */
const WINDOW_MS = 3_000;
const BYTES_PER_PAIR = 4;

/**
 * Records a line from now on: 16-bit stereo at the line's rate, caller left, agent right. Begun when the call begins,
 * it has an event's `atMs` as a place in the file, although the line has been open for a while then. Silence fills what
 * neither side sent.
 */
export function record(line: Transport, sink: RecordingSink, clock: Clock): Recorder {
  const track = new StereoTrack(line.rateHz, line.lineMs, sink);
  const startedAtMs = clock.nowMs();
  line.listen({
    audio: { push: (frame) => track.put(frame, 0) },
    played: { push: (frame) => track.put(frame, 1) },
  });
  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= track.finish(clock.nowMs() - startedAtMs);
    return stopped;
  };
  return { stop };
}

/** A sliding window of interleaved samples that is written out as it moves on. */
class StereoTrack {
  readonly #rateHz: SampleRate;
  /** The line's time at the file's first sample. */
  readonly #fromMs: number;
  readonly #sink: RecordingSink;
  readonly #window: Int16Array;
  /** Sample pairs written so far: the window's start. */
  #writtenPairs = 0;
  /** Pairs from the window's start that hold audio of either side. */
  #filledPairs = 0;
  #finished = false;

  constructor(rateHz: SampleRate, fromMs: number, sink: RecordingSink) {
    this.#rateHz = rateHz;
    this.#fromMs = fromMs;
    this.#sink = sink;
    this.#window = new Int16Array(2 * Math.ceil((WINDOW_MS / 1000) * rateHz));
  }

  put(frame: AudioFrame, channel: 0 | 1): void {
    if (this.#finished) return;
    const samples = frame.samples;
    const capacity = this.#window.length / 2;
    const place = Math.round(((frame.atMs - this.#fromMs) / 1000) * this.#rateHz);
    let at = place - this.#writtenPairs;
    if (at + samples.length > capacity) {
      this.#write(Math.min(at + samples.length - capacity + this.#heldPairs(), at + samples.length));
      at = place - this.#writtenPairs;
    }
    for (let i = Math.max(0, -at); i < samples.length; i++) {
      const pair = at + i;
      if (pair >= capacity) break;
      this.#window[2 * pair + channel] = samples[i]!;
    }
    this.#filledPairs = Math.max(this.#filledPairs, Math.min(capacity, at + samples.length));
    if (this.#filledPairs > 2 * this.#heldPairs()) this.#write(this.#filledPairs - this.#heldPairs());
  }

  async finish(durationMs: number): Promise<void> {
    if (this.#finished) return;
    const totalPairs = Math.round((durationMs / 1000) * this.#rateHz);
    this.#write(
      Math.max(this.#filledPairs, Math.min(totalPairs - this.#writtenPairs, this.#window.length / 2)),
    );
    this.#finished = true;
    await this.#sink.finish(this.#writtenPairs * BYTES_PER_PAIR);
  }

  #heldPairs(): number {
    return Math.round((HELD_MS / 1000) * this.#rateHz);
  }

  /** Writes the window's first `pairs` and moves it on; silence stands in for what lies beyond the window. */
  #write(pairs: number): void {
    let left = pairs;
    while (left > 0) {
      const now = Math.min(left, this.#window.length / 2);
      const bytes = new Uint8Array(now * BYTES_PER_PAIR);
      bytes.set(new Uint8Array(this.#window.buffer, 0, bytes.length));
      this.#sink.write(bytes);
      this.#window.copyWithin(0, now * 2);
      this.#window.fill(0, this.#window.length - now * 2);
      this.#writtenPairs += now;
      this.#filledPairs = Math.max(0, this.#filledPairs - now);
      left -= now;
    }
  }
}
