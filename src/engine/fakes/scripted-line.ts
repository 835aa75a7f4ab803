import { type AudioFrame, FRAME_MS, type SampleRate } from '#audio/frame';
import type { HangupReason } from '#engine/events';
import type { CallerScript } from '#engine/fakes/caller-script';
import type { LineListener, Transport } from '#engine/ports';
import type { Cancel, Clock } from '#kernel/clock';

export interface ScriptedLineOptions {
  clock: Clock;
  /** What the caller says; the line is silent without. */
  script?: CallerScript;
  rateHz?: SampleRate;
  /** Audio the far end holds ready: after a hold this much is still heard. Default 0. */
  leadMs?: number;
  /** Offers `hold` and `resume`. */
  canHold?: boolean;
  /** Spoils every frame after it was pushed, so that one kept against the rules is noticed. */
  poison?: boolean;
}

const POISON = 0x5555;

/** One stretch of agent audio as the caller heard it. */
export interface Stretch {
  fromMs: number;
  toMs: number;
}

/**
 * A media leg paced by a clock: brings the caller's audio in frames of 20 ms and plays what is pushed in real time.
 * Line time is milliseconds since it was made.
 */
export class ScriptedLine implements Transport {
  readonly rateHz: SampleRate;
  readonly #options: ScriptedLineOptions;
  readonly #ended = new AbortController();
  readonly #openedMs: number;
  readonly #frame: AudioFrame;
  readonly #playFrame: AudioFrame;
  readonly #samplesPerFrame: number;
  #listeners: LineListener[] = [];
  #queue: Int16Array[] = [];
  #queuedSamples = 0;
  #playedSamples = 0;
  #ticks = 0;
  #isHeld = false;
  #holdFromMs = 0;
  #cancelTick: Cancel;
  #waiters: { target: number; done(): void }[] = [];
  /** When the caller could hear the agent, in line time. */
  readonly audible: Stretch[] = [];
  /** Everything the caller was played, only kept when `keepsPlayed` is set. */
  readonly playedAudio: number[] = [];
  keepsPlayed = false;
  clears = 0;
  holds = 0;
  pushesAfterEnd = 0;
  closedWith: HangupReason | null = null;

  constructor(options: ScriptedLineOptions) {
    this.#options = options;
    this.rateHz = options.rateHz ?? 8000;
    this.#openedMs = options.clock.nowMs();
    this.#samplesPerFrame = (this.rateHz * FRAME_MS) / 1000;
    this.#frame = { samples: new Int16Array(this.#samplesPerFrame), rateHz: this.rateHz, atMs: 0 };
    this.#playFrame = { samples: new Int16Array(this.#samplesPerFrame), rateHz: this.rateHz, atMs: 0 };
    this.#cancelTick = options.clock.after(FRAME_MS, () => this.#tick());
    if (!options.canHold) {
      this.hold = undefined;
      this.resume = undefined;
    }
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  get playedMs(): number {
    return (this.#playedSamples * 1000) / this.rateHz;
  }

  get queuedMs(): number {
    return (this.#queuedSamples * 1000) / this.rateHz;
  }

  /** Line time. */
  get lineMs(): number {
    return this.#options.clock.nowMs() - this.#openedMs;
  }

  listen(on: LineListener): void {
    this.#listeners = [...this.#listeners, on];
  }

  push(frame: AudioFrame): void {
    if (this.signal.aborted) {
      this.pushesAfterEnd++;
      return;
    }
    if (frame.rateHz !== this.rateHz)
      throw new Error(`pushed ${frame.rateHz} Hz onto a ${this.rateHz} Hz line`);
    if (frame.samples.length === 0) return;
    this.#queue.push(frame.samples.slice());
    this.#queuedSamples += frame.samples.length;
  }

  clear(): void {
    if (this.signal.aborted) return;
    this.clears++;
    this.#forget();
  }

  hold?(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.holds++;
    this.#holdFromMs = this.lineMs + (this.#options.leadMs ?? 0);
  }

  resume?(): void {
    this.#isHeld = false;
  }

  drained(signal: AbortSignal): Promise<void> {
    const target = this.#playedSamples + this.#queuedSamples;
    if (signal.aborted || this.signal.aborted || this.#queuedSamples === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter = {
        target,
        done: () => {
          signal.removeEventListener('abort', waiter.done);
          this.#waiters = this.#waiters.filter((one) => one !== waiter);
          resolve();
        },
      };
      this.#waiters.push(waiter);
      signal.addEventListener('abort', waiter.done, { once: true });
    });
  }

  close(why: HangupReason): void {
    if (this.signal.aborted) return;
    this.closedWith = why;
    this.#gone(why);
  }

  /** The caller hangs up, or the network does. */
  drop(why: HangupReason = 'caller_hung_up'): void {
    if (!this.signal.aborted) this.#gone(why);
  }

  press(digit: string): void {
    if (this.signal.aborted) return;
    for (const listener of this.#listeners) listener.digit?.(digit);
  }

  #gone(why: HangupReason): void {
    this.#cancelTick();
    this.#forget();
    this.#ended.abort(why);
    for (const waiter of [...this.#waiters]) waiter.done();
  }

  #forget(): void {
    this.#queue = [];
    this.#queuedSamples = 0;
    for (const waiter of [...this.#waiters]) waiter.done();
  }

  #tick(): void {
    this.#ticks++;
    const { clock } = this.#options;
    const nextMs = this.#openedMs + (this.#ticks + 1) * FRAME_MS;
    this.#cancelTick = clock.after(Math.max(0, nextMs - clock.nowMs()), () => this.#tick());
    this.#play();
    this.#bring();
  }

  /** The caller's audio of the 20 ms that end now. */
  #bring(): void {
    const { samples } = this.#frame;
    const atMs = (this.#ticks - 1) * FRAME_MS;
    if (this.#options.script) this.#options.script.render(samples, this.rateHz, atMs);
    else samples.fill(0);
    this.#frame.atMs = atMs;
    for (const listener of this.#listeners) {
      listener.audio?.push(this.#frame);
      if (this.signal.aborted) break;
    }
    if (this.#options.poison) samples.fill(POISON);
  }

  /** Plays 20 ms from now on. */
  #play(): void {
    if (this.#queuedSamples === 0) return;
    if (this.#isHeld && this.lineMs >= this.#holdFromMs) return;
    const frame = this.#playFrame;
    let filled = 0;
    while (filled < this.#samplesPerFrame && this.#queue.length > 0) {
      const head = this.#queue[0]!;
      const count = Math.min(head.length, this.#samplesPerFrame - filled);
      frame.samples.set(head.subarray(0, count), filled);
      filled += count;
      if (count === head.length) this.#queue.shift();
      else this.#queue[0] = head.subarray(count);
    }
    frame.samples.fill(0, filled);
    frame.atMs = this.#ticks * FRAME_MS;
    this.#queuedSamples -= filled;
    this.#playedSamples += filled;
    this.#note(frame, filled);
    for (const listener of this.#listeners) listener.played?.push(frame);
    if (this.#options.poison) frame.samples.fill(POISON);
    for (const waiter of [...this.#waiters]) if (waiter.target <= this.#playedSamples) waiter.done();
  }

  #note(frame: AudioFrame, filled: number): void {
    const toMs = frame.atMs + (filled * 1000) / this.rateHz;
    const last = this.audible.at(-1);
    if (last && frame.atMs - last.toMs < 1) last.toMs = toMs;
    else this.audible.push({ fromMs: frame.atMs, toMs });
    if (this.keepsPlayed) for (let i = 0; i < filled; i++) this.playedAudio.push(frame.samples[i]!);
  }
}
