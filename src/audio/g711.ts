/**
 * G.711 companding (ITU-T G.711, with the rounding of the reference code in ITU-T G.191), by table: 14 bits of a
 * sample go in for μ-law, 13 for A-law.
 */

const BIAS = 33;
const CLIP = 0x1fff;

const MULAW_DECODE = new Int16Array(256);
const ALAW_DECODE = new Int16Array(256);
const MULAW_ENCODE = new Uint8Array(1 << 14);
const ALAW_ENCODE = new Uint8Array(1 << 12);

for (let code = 0; code < 256; code++) {
  MULAW_DECODE[code] = expandMulaw(code);
  ALAW_DECODE[code] = expandAlaw(code);
}
for (let i = 0; i < MULAW_ENCODE.length; i++) MULAW_ENCODE[i] = compressMulaw((i << 18) >> 18);
for (let i = 0; i < ALAW_ENCODE.length; i++) ALAW_ENCODE[i] = compressAlaw((i << 20) >> 20);

/** Encodes all of `samples` as μ-law from byte `at` of `out` on. */
export function encodeMulaw(samples: Int16Array, out: Uint8Array, at: number): void {
  for (let i = 0; i < samples.length; i++) out[at + i] = MULAW_ENCODE[(samples[i]! >> 2) & 0x3fff]!;
}

/** Fills the whole of `out` with the μ-law bytes from `from` on. */
export function decodeMulaw(bytes: Uint8Array, from: number, out: Int16Array): void {
  for (let i = 0; i < out.length; i++) out[i] = MULAW_DECODE[bytes[from + i]!]!;
}

/** Encodes all of `samples` as A-law from byte `at` of `out` on. */
export function encodeAlaw(samples: Int16Array, out: Uint8Array, at: number): void {
  for (let i = 0; i < samples.length; i++) out[at + i] = ALAW_ENCODE[(samples[i]! >> 4) & 0xfff]!;
}

/** Fills the whole of `out` with the A-law bytes from `from` on. */
export function decodeAlaw(bytes: Uint8Array, from: number, out: Int16Array): void {
  for (let i = 0; i < out.length; i++) out[i] = ALAW_DECODE[bytes[from + i]!]!;
}

/** One μ-law byte as a 16-bit sample, for decoders that walk another encoding at the same time. */
export function mulawSample(code: number): number {
  return MULAW_DECODE[code]!;
}

/** `value` is a sample of 14 bits, -8192 to 8191. Negative numbers are taken in one's complement, as G.191 does. */
function compressMulaw(value: number): number {
  const magnitude = Math.min((value < 0 ? ~value : value) + BIAS, CLIP);
  const segment = 31 - Math.clz32(magnitude) - 5;
  const code = (segment << 4) | ((magnitude >> (segment + 1)) & 0xf);
  return ~(value < 0 ? code | 0x80 : code) & 0xff;
}

function expandMulaw(byte: number): number {
  const code = ~byte & 0xff;
  const segment = (code >> 4) & 7;
  const magnitude = ((((code & 0xf) << 1) + BIAS) << segment) - BIAS;
  return (code & 0x80 ? -magnitude : magnitude) << 2;
}

/** `value` is a sample of 12 bits, -2048 to 2047. */
function compressAlaw(value: number): number {
  const magnitude = value < 0 ? ~value : value;
  const segment = magnitude < 16 ? 0 : 28 - Math.clz32(magnitude);
  const code = (segment << 4) | ((segment > 1 ? magnitude >> (segment - 1) : magnitude) & 0xf);
  return (value < 0 ? code : code | 0x80) ^ 0x55;
}

function expandAlaw(byte: number): number {
  const code = byte ^ 0x55;
  const segment = (code >> 4) & 7;
  const step = ((code & 0xf) << 1) + 1;
  const magnitude = segment === 0 ? step : (step + 32) << (segment - 1);
  return (code & 0x80 ? magnitude : -magnitude) << 3;
}
