import { describe, expect, it } from 'vitest';
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw, mulawSample } from '#audio/g711';

const CODES = Uint8Array.from({ length: 256 }, (_, code) => code);

/** Every 16-bit sample. */
const ALL = Int16Array.from({ length: 65536 }, (_, i) => i - 32768);

function encoded(encode: typeof encodeMulaw, samples: Int16Array): Uint8Array {
  const out = new Uint8Array(samples.length);
  encode(samples, out, 0);
  return out;
}

function decoded(decode: typeof decodeMulaw, bytes: Uint8Array): Int16Array {
  const out = new Int16Array(bytes.length);
  decode(bytes, 0, out);
  return out;
}

describe('G.711', () => {
  it('decodes μ-law to the values of tables 2a and 2b of the recommendation', () => {
    const vectors: [number, number][] = [
      [0x80, 32124],
      [0x8f, 16764],
      [0x90, 15996],
      [0x9f, 8316],
      [0xaf, 4092],
      [0xbf, 1980],
      [0xcf, 924],
      [0xdf, 396],
      [0xef, 132],
      [0xf0, 120],
      [0xfe, 8],
      [0xff, 0],
      [0x00, -32124],
      [0x0f, -16764],
      [0x70, -120],
      [0x7e, -8],
      [0x7f, 0],
    ];
    for (const [code, sample] of vectors) expect(mulawSample(code), code.toString(16)).toBe(sample);
  });

  it('decodes A-law to the values of tables 1a and 1b of the recommendation', () => {
    const vectors: [number, number][] = [
      [0xd5, 8],
      [0x55, -8],
      [0xd4, 24],
      [0xc5, 264],
      [0xf5, 528],
      [0xe5, 1056],
      [0x95, 2112],
      [0x85, 4224],
      [0xb5, 8448],
      [0xa5, 16896],
      [0xaa, 32256],
      [0x2a, -32256],
    ];
    const table = decoded(decodeAlaw, CODES);
    for (const [code, sample] of vectors) expect(table[code], code.toString(16)).toBe(sample);
  });

  it('gives back every code that it decoded; μ-law has two zeros', () => {
    const mulaw = encoded(encodeMulaw, decoded(decodeMulaw, CODES));
    expect([...mulaw]).toEqual([...CODES].map((code) => (code === 0x7f ? 0xff : code)));
    expect(encoded(encodeAlaw, decoded(decodeAlaw, CODES))).toEqual(CODES);
  });

  it.each([
    ['μ-law', encodeMulaw, decodeMulaw, 32124, 4],
    ['A-law', encodeAlaw, decodeAlaw, 32256, 8],
  ] as const)(
    '%s errs by half a step at most, over all samples, and never turns around',
    (_, encode, decode, top, least) => {
      const back = decoded(decode, encoded(encode, ALL));
      const wrong = ALL.filter((sample, i) => {
        const clipped = Math.max(-top, Math.min(top, sample));
        const step = Math.max(least, (Math.abs(clipped) + 132) / 32) + 4;
        return Math.abs(back[i]! - clipped) > step || (i > 0 && back[i]! < back[i - 1]!);
      });
      expect([...wrong]).toEqual([]);
    },
  );

  it('works at an offset and leaves the rest alone', () => {
    const bytes = new Uint8Array(4).fill(9);
    encodeMulaw(Int16Array.of(-8, 8), bytes, 1);
    expect([...bytes]).toEqual([9, 0x7e, 0xfe, 9]);
    expect([...decoded((from, _, out) => decodeMulaw(from, 1, out), bytes)].slice(0, 2)).toEqual([-8, 8]);
  });
});
