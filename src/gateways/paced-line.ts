import type { WireCodec } from '#audio/codec';
import { type AudioFrame, FRAME_MS, type SampleRate } from '#audio/frame';
import type { Paced, Pacer } from '#audio/pacer';
import type { HangupReason } from '#engine/events';
import type { LineListener, Transport } from '#engine/ports';
import { InboundClock } from '#gateways/inbound-clock';
import { OutboundQueue } from '#gateways/outbound-queue';
import { PlayClock } from '#gateways/play-clock';
import type { Cancel, Clock } from '#kernel/clock';

/** The far end of a line, as a gateway's socket offers it. Nothing here may throw. */
export interface Wire {
  /** Sends one packet: bytes `from` to `to` of `bytes` are encoded audio, valid until this returns. */
  audio(bytes: Buffer, from: number, to: number): void;
  /**
   * Asks the far end to say when it has played all that was sent so far; it answers through `PacedLine.acknowledge`.
   * Absent where the far end cannot tell.
   */
  mark?(id: number): void;
  /** Makes the far end forget what it has not played yet. */
  clear(): void;
  /** Hangs up. Called once, and never after `PacedLine.gone`. */
  close(why: HangupReason): void;
}

export interface PacedLineOptions {
  rateHz: SampleRate;
  codec: WireCodec;
  wire: Wire;
  pacer: Pacer;
  clock: Clock;
  /** How far sending runs ahead of playing, to ride out stalls; default 60. */
  leadMs?: number;
  /** Pushed audio beyond this is dropped; default five minutes. */
  maxQueuedMs?: number;
}

const LEAD_MS = 60;
const MAX_QUEUED_MS = 300_000;
/** Audio between two marks. */
const MARK_EVERY_MS = 100;

interface Waiter {
  /** Resolves when this many samples have been played or given up. */
  target: number;
  done(): void;
}

/**
 * The media leg of a call over any packet wire: the `Transport` that all gateways share. The gateway feeds `hear`,
 * `digit`, `acknowledge` and `gone`; the engine uses the rest. Line time is milliseconds since construction.
 */
export class PacedLine implements Transport, Paced {
  readonly rateHz: SampleRate;
  readonly #options: PacedLineOptions;
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #queue: OutboundQueue;
  readonly #play: PlayClock;
  readonly #inbound: InboundClock;
  readonly #ended = new AbortController();
  readonly #leave: Cancel;
  readonly #openedMs: number;
  readonly #packetBytes: number;
  readonly #leadMs: number;
  readonly #played: AudioFrame;
  readonly #heard: AudioFrame;
  #listeners: readonly LineListener[] = [];
  #waiters: Waiter[] = [];
  /** Samples delivered to `played` listeners; they correspond to the queue's `head`. */
  #delivered = 0;
  #sinceMark = 0;
  #lastMark = 0;
  #droppedSamples = 0;
  #heldSinceMs: number | undefined;
  #heldMs = 0;

  constructor(options: PacedLineOptions) {
    const { rateHz, codec, clock } = options;
    this.rateHz = rateHz;
    this.#options = options;
    this.#wire = options.wire;
    this.#clock = clock;
    this.#leadMs = options.leadMs ?? LEAD_MS;
    this.#openedMs = clock.nowMs();
    this.#queue = new OutboundQueue(codec, samplesIn(options.maxQueuedMs ?? MAX_QUEUED_MS, rateHz));
    this.#play = new PlayClock(rateHz, this.#openedMs);
    const frameSamples = samplesIn(FRAME_MS, rateHz);
    this.#packetBytes = frameSamples * codec.bytesPerSample;
    this.#played = { samples: new Int16Array(frameSamples), rateHz, atMs: 0 };
    this.#heard = { samples: new Int16Array(0), rateHz, atMs: 0 };
    this.#inbound = new InboundClock(rateHz, (samples, atMs) => this.#pass(samples, atMs));
    this.#leave = options.pacer.add(this);
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  get playedMs(): number {
    return (this.#play.playedAt(this.#playNowMs) * 1000) / this.rateHz;
  }

  get queuedMs(): number {
    return ((this.#pushed - this.#play.playedAt(this.#playNowMs)) * 1000) / this.rateHz;
  }

  /** Milliseconds of audio that found the queue full. */
  get droppedMs(): number {
    return (this.#droppedSamples * 1000) / this.rateHz;
  }

  get lineMs(): number {
    return this.#clock.nowMs() - this.#openedMs;
  }

  listen(on: LineListener): void {
    this.#listeners = [...this.#listeners, on];
  }

  push(frame: AudioFrame): void {
    if (this.signal.aborted || frame.samples.length === 0) return;
    this.#droppedSamples += this.#queue.push(frame.samples);
    this.#send(this.#playNowMs);
  }

  clear(): void {
    if (this.signal.aborted) return;
    this.#cutOff(this.#playNowMs);
    this.#wire.clear();
  }

  drained(signal: AbortSignal): Promise<void> {
    const target = this.#pushed;
    if (signal.aborted || this.signal.aborted || this.#isPlayed(target)) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter: Waiter = {
        target,
        done: () => {
          signal.removeEventListener('abort', waiter.done);
          this.#waiters = this.#waiters.filter((other) => other !== waiter);
          resolve();
        },
      };
      this.#waiters.push(waiter);
      signal.addEventListener('abort', waiter.done, { once: true });
    });
  }

  close(why: HangupReason): void {
    if (this.signal.aborted) return;
    this.gone(why);
    this.#wire.close(why);
  }

  /** The far end has gone: ends the line without closing the wire. Idempotent; the first reason stands. */
  gone(why: HangupReason): void {
    if (this.signal.aborted) return;
    this.#leave();
    this.#cutOff(this.#playNowMs);
    this.#ended.abort(why);
  }

  /**
   * Caller's audio, borrowed. `streamMs` is the far end's own timestamp of the first sample, where it has one: gaps in
   * it become silence, and what arrives after its place was filled is dropped. Without it audio is taken as it comes.
   */
  hear(samples: Int16Array, streamMs?: number): void {
    if (this.signal.aborted) return;
    this.#inbound.hear(samples, { lineMs: this.lineMs, streamMs });
  }

  /** The caller pressed a key. */
  digit(digit: string): void {
    if (this.signal.aborted) return;
    for (const listener of this.#listeners) listener.digit?.(digit);
  }

  /** The far end has played everything up to that mark. Marks of audio that was cleared are ignored. */
  acknowledge(mark: number): void {
    if (this.signal.aborted) return;
    this.#play.acknowledge(mark, this.#playNowMs);
    this.#settle();
  }

  /**
   * The far end can't play for now (its connection was lost and may come back): no audio counts as played and no more
   * than the lead is sent until `thaw`. The caller's side of the line goes on. Idempotent, like `thaw`.
   */
  freeze(): void {
    this.#heldSinceMs ??= this.#clock.nowMs();
  }

  /** The far end plays again, from where it was when `freeze` was called. */
  thaw(): void {
    if (this.#heldSinceMs === undefined) return;
    this.#heldMs += this.#clock.nowMs() - this.#heldSinceMs;
    this.#heldSinceMs = undefined;
  }

  tick(nowMs: number): void {
    const playNowMs = this.#playNowMs;
    this.#deliver(playNowMs);
    this.#send(playNowMs);
    this.#inbound.fillSilence(nowMs - this.#openedMs);
    this.#settle();
  }

  /** The clock of playing: it stands still while the line is frozen. */
  get #playNowMs(): number {
    return (this.#heldSinceMs ?? this.#clock.nowMs()) - this.#heldMs;
  }

  /** Samples pushed and not cleared since the line opened. */
  get #pushed(): number {
    return (
      this.#play.sentSamples + (this.#queue.tail - this.#queue.sent) / this.#options.codec.bytesPerSample
    );
  }

  #isPlayed(target: number): boolean {
    return target - this.#play.playedAt(this.#playNowMs) < 0.5;
  }

  /** Sends what the lead allows. Less than a whole packet waits for more, until the far end is about to run dry. */
  #send(nowMs: number): void {
    const queue = this.#queue;
    while (queue.sent < queue.tail) {
      const aheadMs = this.#play.endMs - nowMs;
      const bytes = Math.min(this.#packetBytes, queue.tail - queue.sent);
      if (aheadMs > this.#leadMs - FRAME_MS) return;
      if (bytes < this.#packetBytes && aheadMs > FRAME_MS) return;
      if (aheadMs < 0) this.#deliver(nowMs);
      this.#wire.audio(queue.bytes, queue.sent, queue.sent + bytes);
      queue.sent += bytes;
      this.#play.sent(bytes / this.#options.codec.bytesPerSample, nowMs);
      this.#markIfDue(bytes);
    }
  }

  #markIfDue(bytes: number): void {
    if (!this.#wire.mark) return;
    this.#sinceMark += bytes;
    const due = (this.#packetBytes * MARK_EVERY_MS) / FRAME_MS;
    if (this.#sinceMark < due && this.#queue.sent < this.#queue.tail) return;
    this.#sinceMark = 0;
    this.#play.marked(++this.#lastMark);
    this.#wire.mark(this.#lastMark);
  }

  /** Takes back all that has not been played, here and in the books. */
  #cutOff(nowMs: number): void {
    this.#deliver(nowMs, true);
    this.#play.cut(nowMs);
    this.#queue.clear();
    this.#sinceMark = 0;
    this.#delivered = this.#play.sentSamples;
    for (const waiter of [...this.#waiters]) waiter.done();
  }

  /** Hands to the `played` listeners what has been played by the clock: whole packets, unless it is all there is. */
  #deliver(nowMs: number, isCut = false): void {
    const queue = this.#queue;
    const width = this.#options.codec.bytesPerSample;
    const inFlight = (queue.sent - queue.head) / width;
    let ready = Math.min(this.#play.clockedAt(nowMs) - this.#delivered, inFlight);
    const isAll = isCut || ready === inFlight;
    while (ready > 0) {
      const count = Math.min(ready, this.#packetBytes / width);
      if (count * width < this.#packetBytes && !isAll) return;
      this.#give(this.#played, count);
      ready -= count;
    }
    if (queue.head === queue.tail) queue.clear();
  }

  #give(whole: AudioFrame, count: number): void {
    const queue = this.#queue;
    const samples = count === whole.samples.length ? whole.samples : whole.samples.subarray(0, count);
    const frame = samples === whole.samples ? whole : { ...whole, samples };
    frame.atMs = this.#play.timeOf(this.#delivered) + this.#heldMs - this.#openedMs;
    let isDecoded = false;
    for (const listener of this.#listeners) {
      if (!listener.played) continue;
      if (!isDecoded) this.#options.codec.decode(queue.bytes, queue.head, samples);
      isDecoded = true;
      listener.played.push(frame);
    }
    queue.head += count * this.#options.codec.bytesPerSample;
    this.#delivered += count;
  }

  #pass(samples: Int16Array, atMs: number): void {
    const frame = this.#heard;
    frame.samples = samples;
    frame.atMs = atMs;
    for (const listener of this.#listeners) listener.audio?.push(frame);
  }

  #settle(): void {
    if (this.#waiters.length === 0) return;
    for (const waiter of [...this.#waiters]) if (this.#isPlayed(waiter.target)) waiter.done();
  }
}

function samplesIn(ms: number, rateHz: SampleRate): number {
  return Math.round((ms * rateHz) / 1000);
}
