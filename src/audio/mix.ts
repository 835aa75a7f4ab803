/** Root mean square of the samples, 0 to 32768; 0 for none. */
export function rms(samples: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < samples.length; i++) sum += samples[i]! * samples[i]!;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

/** The largest magnitude, 0 to 32768. */
export function peak(samples: Int16Array): number {
  let most = 0;
  for (let i = 0; i < samples.length; i++) {
    const magnitude = Math.abs(samples[i]!);
    if (magnitude > most) most = magnitude;
  }
  return most;
}

/** Two channels sample by sample, left first; the shorter one is filled up with silence. */
export function interleave(left: Int16Array, right: Int16Array): Int16Array {
  const out = new Int16Array(Math.max(left.length, right.length) * 2);
  for (let i = 0; i < left.length; i++) out[2 * i] = left[i]!;
  for (let i = 0; i < right.length; i++) out[2 * i + 1] = right[i]!;
  return out;
}

/** Changes the volume in place, evenly from one gain to the other (1 leaves as it is); clips at full scale. */
export function fade(samples: Int16Array, fromGain: number, toGain: number): void {
  const step = samples.length > 1 ? (toGain - fromGain) / (samples.length - 1) : 0;
  for (let i = 0; i < samples.length; i++) samples[i] = clip(samples[i]! * (fromGain + step * i));
}

function clip(value: number): number {
  return value > 32767 ? 32767 : value < -32768 ? -32768 : Math.round(value);
}
