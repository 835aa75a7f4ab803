import { mulaw } from '#audio/codec';

type Entry = { bytes: Buffer; at: number } | { mark: string };

/** A carrier's buffer of audio to play: μ-law in order, with marks between. */
export class Playback {
  readonly #reached: (mark: string) => void;
  #entries: Entry[] = [];
  #samples = 0;

  /** `reached` is called with every mark once all audio before it has been played or cleared. */
  constructor(reached: (mark: string) => void) {
    this.#reached = reached;
  }

  /** Samples that wait. */
  get samples(): number {
    return this.#samples;
  }

  add(bytes: Buffer): void {
    this.#entries.push({ bytes, at: 0 });
    this.#samples += bytes.length;
  }

  mark(mark: string): void {
    this.#entries.push({ mark });
    this.#reachMarks();
  }

  /** Forgets the audio; all marks count as reached. */
  clear(): void {
    const entries = this.#entries;
    this.#entries = [];
    this.#samples = 0;
    for (const entry of entries) if ('mark' in entry) this.#reached(entry.mark);
  }

  /** Fills the whole of `out` with the next samples, and with silence where there are none. */
  play(out: Int16Array): void {
    let filled = 0;
    while (filled < out.length) {
      this.#reachMarks();
      const entry = this.#entries[0];
      if (!entry || 'mark' in entry) break;
      const count = Math.min(out.length - filled, entry.bytes.length - entry.at);
      mulaw.decode(entry.bytes, entry.at, out.subarray(filled, filled + count));
      entry.at += count;
      filled += count;
      if (entry.at === entry.bytes.length) this.#entries.shift();
    }
    this.#samples -= filled;
    out.fill(0, filled);
    this.#reachMarks();
  }

  #reachMarks(): void {
    for (let entry = this.#entries[0]; entry && 'mark' in entry; entry = this.#entries[0]) {
      this.#entries.shift();
      this.#reached(entry.mark);
    }
  }
}
