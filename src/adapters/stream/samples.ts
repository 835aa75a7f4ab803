import { decodeMulaw } from '#audio/g711';

/** How raw audio without a header stands in a vendor's answer. */
export type RawEncoding = 'mulaw' | 'pcm16';

/** Turns the pieces of a byte stream into samples; a sample that is cut between two pieces is put together again. */
export class SampleReader {
  readonly #encoding: RawEncoding;
  #odd = -1;

  constructor(encoding: RawEncoding) {
    this.#encoding = encoding;
  }

  /** Samples that are whole so far, in an array of their own. */
  read(bytes: Uint8Array): Int16Array {
    if (this.#encoding === 'mulaw') {
      const samples = new Int16Array(bytes.length);
      decodeMulaw(bytes, 0, samples);
      return samples;
    }
    const held = this.#odd >= 0 ? 1 : 0;
    const total = bytes.length + held;
    const samples = new Int16Array(total >> 1);
    let at = 0;
    if (held === 1 && bytes.length > 0) {
      samples[0] = this.#odd | (bytes[0]! << 8);
      at = 1;
    }
    for (let i = held; i < samples.length; i++, at += 2) samples[i] = bytes[at]! | (bytes[at + 1]! << 8);
    if (bytes.length > 0) this.#odd = total % 2 === 1 ? bytes[bytes.length - 1]! : -1;
    return samples;
  }
}
