import type { SampleRate } from '#audio/frame';
import { rms } from '#audio/mix';

export interface Loudness {
  rateHz: SampleRate;
  /** Quieter than this is silence; default 250, some -42 dB under full scale. */
  threshold?: number;
}

const THRESHOLD = 250;
const WINDOW_MS = 10;

/**
 * Where the loud part of a recording begins and ends, in samples, to 10 ms; null where all is silence. `from` and `to`
 * of the search may be narrowed with `subarray`.
 */
export function soundIn(samples: Int16Array, loudness: Loudness): { from: number; to: number } | null {
  const window = Math.round((loudness.rateHz * WINDOW_MS) / 1000);
  const threshold = loudness.threshold ?? THRESHOLD;
  const isLoud = (at: number) => rms(samples.subarray(at, at + window)) >= threshold;
  let from = 0;
  while (from < samples.length && !isLoud(from)) from += window;
  if (from >= samples.length) return null;
  let to = Math.floor((samples.length - 1) / window) * window;
  while (!isLoud(to)) to -= window;
  return { from, to: Math.min(to + window, samples.length) };
}

/** The recording without the silence around it, but for `keepMs` on each side; a view, empty where all is silence. */
export function trimSilence(samples: Int16Array, options: Loudness & { keepMs: number }): Int16Array {
  const sound = soundIn(samples, options);
  if (!sound) return samples.subarray(0, 0);
  const keep = Math.round((options.rateHz * options.keepMs) / 1000);
  return samples.subarray(Math.max(0, sound.from - keep), sound.to + keep);
}
