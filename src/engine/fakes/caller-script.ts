/** Something the caller utters: words, or a noise without any. Times are line time. */
export interface Utterance {
  readonly fromMs: number;
  readonly toMs: number;
  readonly text: string;
  /** Peak of the tone that stands for the voice; default 8000. */
  readonly level: number;
}

const TONE_HZ = 400;

/** Milliseconds a word takes to say. */
export const MS_PER_WORD = 300;

/**
 * What a caller says and when: the one truth that a scripted line makes sound of and a scripted recogniser finds words
 * in.
 */
export class CallerScript {
  readonly #utterances: Utterance[] = [];

  get utterances(): readonly Utterance[] {
    return this.#utterances;
  }

  /** Line time at which everything so far has been said. */
  get endMs(): number {
    return Math.max(0, ...this.#utterances.map((one) => one.toMs));
  }

  /** Says `text` at line time `fromMs`, over `lengthMs` (300 ms a word). */
  say(text: string, at: { fromMs: number; lengthMs?: number; level?: number }): Utterance {
    const words = text.split(/\s+/).filter(Boolean).length;
    const toMs = at.fromMs + (at.lengthMs ?? Math.max(1, words) * MS_PER_WORD);
    const utterance = { fromMs: at.fromMs, toMs, text, level: at.level ?? 8000 };
    this.#utterances.push(utterance);
    return utterance;
  }

  /** Makes a noise that has no words in it. */
  noise(at: { fromMs: number; lengthMs: number; level?: number }): Utterance {
    return this.say('', at);
  }

  /** The words whose end lies in (`fromMs`, `toMs`], in order. */
  words(fromMs: number, toMs: number): string {
    const heard: string[] = [];
    for (const one of this.#utterances) {
      if (one.toMs <= fromMs || one.fromMs >= toMs) continue;
      const words = one.text.split(/\s+/).filter(Boolean);
      const stepMs = (one.toMs - one.fromMs) / Math.max(1, words.length);
      for (const [i, word] of words.entries()) {
        const endMs = one.fromMs + (i + 1) * stepMs;
        if (endMs > fromMs + 0.5 && endMs <= toMs + 0.5) heard.push(word);
      }
    }
    return heard.join(' ');
  }

  /** Mixes the sound of the time from `fromMs` on into `samples`: a square tone while something is uttered, else silence. */
  render(samples: Int16Array, rateHz: number, fromMs: number): void {
    samples.fill(0);
    const toMs = fromMs + (samples.length * 1000) / rateHz;
    for (let i = this.#utterances.length - 1; i >= 0; i--) {
      const one = this.#utterances[i]!;
      if (one.toMs <= fromMs || one.fromMs >= toMs) continue;
      const first = Math.max(0, Math.round(((one.fromMs - fromMs) * rateHz) / 1000));
      const end = Math.min(samples.length, Math.round(((one.toMs - fromMs) * rateHz) / 1000));
      const period = Math.round(rateHz / TONE_HZ);
      for (let at = first; at < end; at++)
        samples[at] = one.level * Math.cos((2 * Math.PI * (at % period)) / period);
    }
  }
}
