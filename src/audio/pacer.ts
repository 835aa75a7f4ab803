import { FRAME_MS } from '#audio/frame';
import type { Cancel, Clock } from '#kernel/clock';

/** Something that wants to act once every 20 ms. */
export interface Paced {
  /** Must be quick. What it throws goes to the pacer's `onError` and stops nobody else. */
  tick(nowMs: number): void;
}

/** How late ticks came, in milliseconds after their due time, since the last reset. */
export interface Lateness {
  ticks: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

export interface PacerDeps {
  clock: Clock;
  onError?(thrown: unknown): void;
}

interface Member {
  paced: Paced;
  slot: Slot;
  index: number;
}

interface Slot {
  dueMs: number;
  members: Member[];
}

/** Members are spread over this many points of the 20 ms, so that a tick never writes to all sockets at once. */
const SLOTS = 4;
const STEP_MS = FRAME_MS / SLOTS;
/** Timers count whole milliseconds: one that is due this soon is run now. */
const EARLY_MS = 0.5;
const BUCKETS_PER_MS = 4;
const BUCKETS = 400 * BUCKETS_PER_MS;

/**
 * The one timer wheel for all lines of a process. Every member is ticked once in 20 ms on a fixed grid, so timer
 * delays don't add up; after a stall each member is ticked once, however many ticks were missed, and the grid goes on.
 * Adding and removing take constant time. No timer runs while there is no member.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #onError: ((thrown: unknown) => void) | undefined;
  readonly #slots: Slot[] = [];
  readonly #late = new Uint32Array(BUCKETS);
  #ticks = 0;
  #maxMs = 0;
  #size = 0;
  #cancelTimer: Cancel | undefined;

  constructor(deps: PacerDeps) {
    this.#clock = deps.clock;
    this.#onError = deps.onError;
    for (let i = 0; i < SLOTS; i++) this.#slots.push({ dueMs: 0, members: [] });
  }

  /** Members at present. */
  get size(): number {
    return this.#size;
  }

  /** Ticks `paced` every 20 ms from now on, first within 20 ms. The returned function stops it, at any time. */
  add(paced: Paced): Cancel {
    if (this.#size === 0) this.#startGrid();
    let slot = this.#slots[0]!;
    for (const other of this.#slots) if (other.members.length < slot.members.length) slot = other;
    const member: Member = { paced, slot, index: slot.members.length };
    slot.members.push(member);
    this.#size++;
    if (slot.members.length === 1) this.#schedule();
    return () => this.#remove(member);
  }

  /** The lateness of ticks so far; `reset` begins a new count. */
  lateness(options: { reset?: boolean } = {}): Lateness {
    const report = {
      ticks: this.#ticks,
      p50Ms: this.#quantile(0.5),
      p99Ms: this.#quantile(0.99),
      maxMs: this.#maxMs,
    };
    if (options.reset) {
      this.#late.fill(0);
      this.#ticks = 0;
      this.#maxMs = 0;
    }
    return report;
  }

  #startGrid(): void {
    const nowMs = this.#clock.nowMs();
    for (const [i, slot] of this.#slots.entries()) slot.dueMs = nowMs + (i + 1) * STEP_MS;
  }

  #remove(member: Member): void {
    if (member.index < 0) return;
    const { members } = member.slot;
    const last = members.pop()!;
    if (last !== member) {
      members[member.index] = last;
      last.index = member.index;
    }
    member.index = -1;
    this.#size--;
    if (this.#size === 0) this.#stopTimer();
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** Sets the timer for the next slot that has members. */
  #schedule(): void {
    this.#stopTimer();
    if (this.#size === 0) return;
    const nowMs = this.#clock.nowMs();
    let dueMs = Number.POSITIVE_INFINITY;
    for (const slot of this.#slots) {
      skipMissed(slot, nowMs);
      if (slot.members.length > 0 && slot.dueMs < dueMs) dueMs = slot.dueMs;
    }
    this.#cancelTimer = this.#clock.after(Math.max(0, dueMs - nowMs), this.#run);
  }

  readonly #run = (): void => {
    this.#cancelTimer = undefined;
    const nowMs = this.#clock.nowMs();
    for (const slot of this.#slots) {
      if (slot.dueMs - nowMs > EARLY_MS) continue;
      if (slot.members.length > 0) this.#tick(slot, nowMs);
      slot.dueMs += FRAME_MS;
    }
    this.#schedule();
  };

  /** Backwards, so that a member that leaves during its own tick moves none that is still to come. */
  #tick(slot: Slot, nowMs: number): void {
    this.#count(Math.max(0, nowMs - slot.dueMs), slot.members.length);
    for (let i = slot.members.length - 1; i >= 0; i--) {
      const member = slot.members[i];
      if (!member) continue;
      try {
        member.paced.tick(nowMs);
      } catch (thrown) {
        this.#onError?.(thrown);
      }
    }
  }

  #count(lateMs: number, members: number): void {
    const bucket = Math.min(BUCKETS - 1, Math.floor(lateMs * BUCKETS_PER_MS));
    this.#late[bucket]! += members;
    this.#ticks += members;
    if (lateMs > this.#maxMs) this.#maxMs = lateMs;
  }

  /** The upper edge of the bucket that holds the quantile. */
  #quantile(share: number): number {
    let rest = this.#ticks * share;
    if (rest === 0) return 0;
    for (let i = 0; i < BUCKETS; i++) {
      rest -= this.#late[i]!;
      if (rest <= 0) return Math.min((i + 1) / BUCKETS_PER_MS, this.#maxMs);
    }
    return this.#maxMs;
  }
}

/** After a stall the slot's next time is the next one on the grid that is not more than a frame in the past. */
function skipMissed(slot: Slot, nowMs: number): void {
  const missed = Math.floor((nowMs - slot.dueMs) / FRAME_MS);
  if (missed > 0) slot.dueMs += missed * FRAME_MS;
}
