import { decodeMulaw, encodeMulaw } from './g711.ts';

/** How samples stand on a wire. `encode` and `decode` work in the caller's arrays and allocate nothing. */
export interface WireCodec {
  readonly bytesPerSample: 1 | 2;
  /** Writes all of `samples` at byte `at` of `out`. */
  encode(samples: Int16Array, out: Uint8Array, at: number): void;
  /** Fills the whole of `out` from byte `from` on. */
  decode(bytes: Uint8Array, from: number, out: Int16Array): void;
}

/** G.711 μ-law, one byte a sample: what telephone carriers stream. */
export const mulaw: WireCodec = {
  bytesPerSample: 1,
  encode: encodeMulaw,
  decode: decodeMulaw,
};

/** Signed 16-bit little-endian, whatever the machine's own order: what browsers get. */
export const pcm16: WireCodec = {
  bytesPerSample: 2,
  encode(samples, out, at) {
    let to = at;
    for (let i = 0; i < samples.length; i++) {
      const sample = samples[i]!;
      out[to++] = sample & 0xff;
      out[to++] = (sample >> 8) & 0xff;
    }
  },
  decode(bytes, from, out) {
    let at = from;
    for (let i = 0; i < out.length; i++) {
      out[i] = bytes[at]! | (bytes[at + 1]! << 8);
      at += 2;
    }
  },
};
