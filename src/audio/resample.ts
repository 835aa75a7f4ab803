import type { SampleRate } from '#audio/frame';

/** Zero crossings of the sinc on each side, at the lower of the two rates. */
const CROSSINGS = 20;
/** Kaiser window parameter: side lobes near -75 dB. */
const BETA = 7.5;
/** Middle of the transition band as a share of the lower rate's Nyquist frequency. */
const CUTOFF = 0.96;

/** Filters of one pair of rates: `phases` rows of `taps` coefficients, each row of unit gain at 0 Hz. */
interface Bank {
  /** Output samples come in cycles of `up`, for every `down` input samples. */
  up: number;
  down: number;
  taps: number;
  rows: Float32Array;
}

const banks = new Map<string, Bank>();

/**
 * Streaming conversion between any two rates, by a polyphase windowed-sinc filter (Kaiser window; Crochiere and
 * Rabiner, Multirate Digital Signal Processing, ch. 4). Output sample 0 stands at the time of input sample 0. Passes
 * up to 0.42 of the lower rate within 0.2 dB and keeps aliases below -60 dB from 0.56 on. Output comes about 20 samples
 * (of the lower rate) after its input; `flush` brings the rest.
 */
export class Resampler {
  readonly fromHz: SampleRate;
  readonly toHz: SampleRate;
  readonly #bank: Bank;
  /** Input that later output still needs; the first `#kept` are filled. */
  #input = new Float32Array(0);
  #kept = 0;
  /** Where in `#input` the window of the next output sample begins, and that sample's row of the bank. */
  #window = 0;
  #row = 0;
  #inputTotal = 0;
  #outputTotal = 0;
  #output = new Int16Array(0);

  constructor(fromHz: SampleRate, toHz: SampleRate) {
    this.fromHz = fromHz;
    this.toHz = toHz;
    this.#bank = bankFor(fromHz, toHz);
    this.reset();
  }

  /** Takes any number of samples; answers those that are ready, valid until the next call. */
  push(samples: Int16Array): Int16Array {
    if (this.fromHz === this.toHz) return samples;
    this.#append(samples.length);
    for (let i = 0; i < samples.length; i++) this.#input[this.#kept + i] = samples[i]!;
    this.#kept += samples.length;
    this.#inputTotal += samples.length;
    return this.#convert(Number.POSITIVE_INFINITY);
  }

  /** Ends the stream: answers what is left, so that the output is as long as the input, and starts over. */
  flush(): Int16Array {
    if (this.fromHz === this.toHz) return this.#output;
    this.#append(this.#bank.taps);
    this.#input.fill(0, this.#kept, this.#kept + this.#bank.taps);
    this.#kept += this.#bank.taps;
    const total = Math.round((this.#inputTotal * this.toHz) / this.fromHz);
    const rest = this.#convert(total - this.#outputTotal);
    this.reset();
    return rest;
  }

  /** Forgets the stream so far. */
  reset(): void {
    this.#append(this.#bank.taps);
    this.#kept = (this.#bank.taps >> 1) - 1;
    this.#input.fill(0, 0, this.#kept);
    this.#window = 0;
    this.#row = 0;
    this.#inputTotal = 0;
    this.#outputTotal = 0;
  }

  #convert(most: number): Int16Array {
    const { up, down, taps, rows } = this.#bank;
    const ready = Math.ceil(((this.#kept - taps + 1 - this.#window) * up - this.#row) / down);
    const count = Math.max(0, Math.min(ready, most));
    if (this.#output.length < count) this.#output = new Int16Array(count * 2);
    const input = this.#input;
    const output = this.#output;
    for (let i = 0; i < count; i++) {
      let sum = 0;
      let at = this.#window;
      const end = (this.#row + 1) * taps;
      for (let tap = this.#row * taps; tap < end; tap++) sum += rows[tap]! * input[at++]!;
      output[i] = sum > 32767 ? 32767 : sum < -32768 ? -32768 : Math.round(sum);
      this.#row += down;
      while (this.#row >= up) {
        this.#row -= up;
        this.#window++;
      }
    }
    this.#outputTotal += count;
    this.#forget();
    return count === output.length ? output : output.subarray(0, count);
  }

  /** Drops input that no later output needs. */
  #forget(): void {
    const gone = Math.min(this.#window, this.#kept);
    this.#input.copyWithin(0, gone, this.#kept);
    this.#kept -= gone;
    this.#window -= gone;
  }

  #append(count: number): void {
    if (this.#kept + count <= this.#input.length) return;
    const larger = new Float32Array((this.#kept + count) * 2);
    larger.set(this.#input.subarray(0, this.#kept));
    this.#input = larger;
  }
}

/** Converts a whole recording. */
export function resample(samples: Int16Array, fromHz: SampleRate, toHz: SampleRate): Int16Array {
  if (fromHz === toHz) return samples.slice();
  const resampler = new Resampler(fromHz, toHz);
  const head = resampler.push(samples).slice();
  const rest = resampler.flush();
  const whole = new Int16Array(head.length + rest.length);
  whole.set(head);
  whole.set(rest, head.length);
  return whole;
}

function bankFor(fromHz: SampleRate, toHz: SampleRate): Bank {
  const key = `${fromHz}>${toHz}`;
  let bank = banks.get(key);
  if (!bank) {
    bank = buildBank(fromHz, toHz);
    banks.set(key, bank);
  }
  return bank;
}

/** Row `r` is the low-pass sampled at the input times around an output sample that stands `r / up` past an input one. */
function buildBank(fromHz: number, toHz: number): Bank {
  const divisor = gcd(fromHz, toHz);
  const up = toHz / divisor;
  const down = fromHz / divisor;
  const scale = Math.min(1, toHz / fromHz);
  const half = Math.ceil(CROSSINGS / scale);
  const taps = 2 * half;
  const rows = new Float32Array(up * taps);
  for (let row = 0; row < up; row++) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const distance = (tap - (half - 1) - row / up) * scale;
      const value = sinc(distance * CUTOFF) * kaiser(distance / CROSSINGS);
      rows[row * taps + tap] = value;
      sum += value;
    }
    for (let tap = 0; tap < taps; tap++) rows[row * taps + tap]! /= sum;
  }
  return { up, down, taps, rows };
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel0(BETA * Math.sqrt(1 - x * x)) / bessel0(BETA);
}

/** The modified Bessel function of order zero, by its power series. */
function bessel0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
