/** Audio of a telephone: all positions here are milliseconds at this rate. */
export const RATE_HZ = 8000;

/** Louder than this is heard: 50 dB under full scale, the engine's own measure of its voice. */
const AUDIBLE = 100;
const BLOCK = RATE_HZ / 200;

const at = (ms: number) => Math.round((ms * RATE_HZ) / 1000);
const ms = (samples: number) => (samples * 1000) / RATE_HZ;

/** A stretch of a recording in milliseconds. */
export interface Stretch {
  fromMs: number;
  toMs: number;
}

/** When the first audible sample within the stretch begins; null when there is none. */
export function firstAudible(samples: Int16Array, { fromMs, toMs }: Stretch): number | null {
  const end = Math.min(samples.length, at(toMs));
  for (let i = Math.max(0, at(fromMs)); i < end; i++) if (isAudible(samples[i]!)) return ms(i);
  return null;
}

/** When the last audible sample within the stretch ends; null when there is none. */
export function lastAudible(samples: Int16Array, { fromMs, toMs }: Stretch): number | null {
  const start = Math.max(0, at(fromMs));
  for (let i = Math.min(samples.length, at(toMs)) - 1; i >= start; i--)
    if (isAudible(samples[i]!)) return ms(i + 1);
  return null;
}

/** The longest time within the stretch in which nothing is audible. */
export function longestGap(samples: Int16Array, { fromMs, toMs }: Stretch): number {
  const end = Math.min(samples.length, at(toMs));
  let longest = 0;
  let run = 0;
  for (let i = Math.max(0, at(fromMs)); i < end; i++) {
    run = isAudible(samples[i]!) ? 0 : run + 1;
    if (run > longest) longest = run;
  }
  return ms(longest);
}

/** Where speech begins and ends: the first and last 5 ms whose RMS is audible. Throws when all is silence. */
export function speechEdges(samples: Int16Array): Stretch {
  let first = -1;
  let last = -1;
  for (let from = 0; from + BLOCK <= samples.length; from += BLOCK) {
    let sum = 0;
    for (let i = from; i < from + BLOCK; i++) sum += samples[i]! * samples[i]!;
    if (sum < AUDIBLE * AUDIBLE * BLOCK) continue;
    if (first < 0) first = from;
    last = from + BLOCK;
  }
  if (first < 0) throw new Error('there is no speech in this recording');
  return { fromMs: ms(first), toMs: ms(last) };
}

/** The recording from the first to the last energetic 5 ms. */
export function trimmed(samples: Int16Array): Int16Array {
  const { fromMs, toMs } = speechEdges(samples);
  return samples.slice(at(fromMs), at(toMs));
}

/** Pieces of audio one after the other, `silenceMs` apart. */
export function withPause(head: Int16Array, tail: Int16Array, silenceMs: number): Int16Array {
  const gap = at(silenceMs);
  const all = new Int16Array(head.length + gap + tail.length);
  all.set(head);
  all.set(tail, head.length + gap);
  return all;
}

export const lengthMs = (samples: Int16Array): number => ms(samples.length);
export const samplesIn = at;

function isAudible(sample: number): boolean {
  return sample >= AUDIBLE || sample <= -AUDIBLE;
}
