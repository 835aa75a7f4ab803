import { mulawSample } from '#audio/g711';

/** Each base64 digit's value by its character code; -1 for whatever is none. */
const SEXTETS = new Int8Array(256).fill(-1);
for (const [value, digit] of [
  ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
].entries()) {
  SEXTETS[digit.charCodeAt(0)] = value;
}
const PAD = '='.charCodeAt(0);

const MULAW = new Int16Array(256);
for (let code = 0; code < 256; code++) MULAW[code] = mulawSample(code);

/**
 * Decodes base64 of μ-law straight from the bytes of a message, `from` to `to`, into `out`, in one pass and without
 * allocating. Answers the number of samples, or -1 where the text is no padded base64 (RFC 4648, section 4).
 * `out` must hold three samples for every four characters.
 */
export function decodePayload(
  text: Uint8Array,
  range: { from: number; to: number },
  out: Int16Array,
): number {
  const { from, to } = range;
  if (((to - from) & 3) !== 0) return -1;
  if (to === from) return 0;
  let wrong = 0;
  let count = 0;
  const last = to - 4;
  for (let at = from; at < last; at += 4) {
    const a = SEXTETS[text[at]!]!;
    const b = SEXTETS[text[at + 1]!]!;
    const c = SEXTETS[text[at + 2]!]!;
    const d = SEXTETS[text[at + 3]!]!;
    wrong |= a | b | c | d;
    out[count] = MULAW[((a << 2) | (b >> 4)) & 0xff]!;
    out[count + 1] = MULAW[((b << 4) | (c >> 2)) & 0xff]!;
    out[count + 2] = MULAW[((c << 6) | d) & 0xff]!;
    count += 3;
  }
  const padding = text[to - 1] !== PAD ? 0 : text[to - 2] !== PAD ? 1 : 2;
  const a = SEXTETS[text[last]!]!;
  const b = SEXTETS[text[last + 1]!]!;
  const c = padding > 1 ? 0 : SEXTETS[text[last + 2]!]!;
  const d = padding > 0 ? 0 : SEXTETS[text[last + 3]!]!;
  wrong |= a | b | c | d;
  if (wrong < 0) return -1;
  out[count++] = MULAW[((a << 2) | (b >> 4)) & 0xff]!;
  if (padding < 2) out[count++] = MULAW[((b << 4) | (c >> 2)) & 0xff]!;
  if (padding < 1) out[count++] = MULAW[((c << 6) | d) & 0xff]!;
  return count;
}
