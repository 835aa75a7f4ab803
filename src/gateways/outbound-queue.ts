import type { WireCodec } from '#audio/codec';

const SMALLEST_BYTES = 8 * 1024;
/** A queue that has grown past this gives its memory back when it runs empty. */
const KEEP_BYTES = 256 * 1024;

/**
 * The agent's audio of one line, in the wire's own encoding: what has been sent but not yet heard, then what is still
 * to be sent. Positions are byte offsets in `bytes`, `head <= sent <= tail`; any `push` may move them all.
 */
export class OutboundQueue {
  readonly #codec: WireCodec;
  readonly #maxBytes: number;
  bytes = Buffer.alloc(0);
  head = 0;
  sent = 0;
  tail = 0;

  /** `maxSamples` bounds what may wait; pushes beyond it lose their end. */
  constructor(codec: WireCodec, maxSamples: number) {
    this.#codec = codec;
    this.#maxBytes = maxSamples * codec.bytesPerSample;
  }

  /** Encodes a copy of `samples` onto the end. Answers how many found no room. */
  push(samples: Int16Array): number {
    const width = this.#codec.bytesPerSample;
    const room = Math.max(0, this.#maxBytes - (this.tail - this.sent)) / width;
    const taken = samples.length > room ? samples.subarray(0, room) : samples;
    if (this.tail + taken.length * width > this.bytes.length) this.#makeRoom(taken.length * width);
    this.#codec.encode(taken, this.bytes, this.tail);
    this.tail += taken.length * width;
    return samples.length - taken.length;
  }

  /** Forgets everything. */
  clear(): void {
    this.head = 0;
    this.sent = 0;
    this.tail = 0;
    if (this.bytes.length > KEEP_BYTES) this.bytes = Buffer.alloc(0);
  }

  /** Moves to the front when that frees at least half, else doubles: each byte is moved a constant number of times. */
  #makeRoom(needed: number): void {
    const used = this.tail - this.head;
    const target =
      (used + needed) * 2 <= this.bytes.length
        ? this.bytes
        : Buffer.allocUnsafeSlow(Math.max(SMALLEST_BYTES, 2 ** Math.ceil(Math.log2((used + needed) * 2))));
    this.bytes.copy(target, 0, this.head, this.tail);
    this.bytes = target;
    this.sent -= this.head;
    this.tail = used;
    this.head = 0;
  }
}
