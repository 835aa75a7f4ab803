/**
 * Streaming sample-rate converter for mono audio in the AudioWorklets: a polyphase windowed-sinc low pass
 * (Blackman window, cutoff at 92 % of the lower Nyquist frequency; see Smith, "Digital Audio Resampling").
 *
 * n samples in give exactly floor or ceil of n × to / from samples out, so durations are kept; the filter delays the
 * sound by `delayMs`.
 */
export class Resampler {
  /**
   * @param {number} fromHz
   * @param {number} toHz
   */
  constructor(fromHz, toHz) {
    const divisor = gcd(fromHz, toHz);
    this.up = toHz / divisor;
    this.down = fromHz / divisor;
    const stretch = Math.max(1, this.down / this.up);
    this.taps = this.up === this.down ? 1 : Math.ceil(32 * stretch);
    this.delayMs = (this.taps / 2 / fromHz) * 1000;
    this.phases = this.up === this.down ? null : makePhases(this.up, this.taps, 0.92 / stretch);
    this.kept = new Float32Array(this.taps - 1);
    this.phase = 0;
  }

  /**
   * @param {Float32Array} input
   * @returns {Float32Array} owned by the caller
   */
  process(input) {
    if (!this.phases) return input.slice();
    const { taps, up, down } = this;
    const line = new Float32Array(this.kept.length + input.length);
    line.set(this.kept);
    line.set(input, this.kept.length);
    const output = new Float32Array(Math.max(0, Math.ceil((input.length * up - this.phase) / down)));
    let phase = this.phase;
    for (let i = 0; i < output.length; i++) {
      const start = Math.floor(phase / up);
      const coefficients = this.phases[phase % up];
      let sum = 0;
      for (let k = 0; k < taps; k++) sum += coefficients[k] * line[start + k];
      output[i] = sum;
      phase += down;
    }
    this.phase = phase - input.length * up;
    this.kept = line.slice(line.length - (taps - 1));
    return output;
  }
}

function makePhases(up, taps, cutoff) {
  const phases = [];
  for (let phase = 0; phase < up; phase++) {
    const coefficients = new Float32Array(taps);
    let total = 0;
    for (let k = 0; k < taps; k++) {
      const x = k - taps / 2 + 1 - phase / up;
      const turn = (2 * Math.PI * (x + taps / 2)) / taps;
      const window = Math.max(0, 0.42 - 0.5 * Math.cos(turn) + 0.08 * Math.cos(2 * turn));
      const angle = Math.PI * x * cutoff;
      coefficients[k] = (Math.abs(angle) < 1e-9 ? 1 : Math.sin(angle) / angle) * window;
      total += coefficients[k];
    }
    for (let k = 0; k < taps; k++) coefficients[k] /= total;
    phases.push(coefficients);
  }
  return phases;
}

function gcd(a, b) {
  return b === 0 ? a : gcd(b, a % b);
}
