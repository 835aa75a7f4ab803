import { FRAME_MS } from '#audio/frame';

/** A browser that owes more than this has long lost its connection; older packets are not kept for it. */
const MAX_KEPT = 150;

interface Packet {
  pcm: Buffer;
  /** Position of its first sample. */
  fromMs: number;
}

/**
 * What a browser was sent and has not reported as played: enough to know how far it is, and to send again what a lost
 * connection swallowed. Positions are milliseconds of packets since the call began, so each packet is worth 20.
 */
export class SentAudio {
  #packets: Packet[] = [];
  #marks: { id: number; atMs: number; sentAtMs: number }[] = [];
  #sentMs = 0;
  #playedMs = 0;
  #clears = 0;
  #lostAtMs = 0;
  #hasReports = false;

  /** How many times unplayed audio was thrown away. Reports about earlier audio are void. */
  get clears(): number {
    return this.#clears;
  }

  /** Where the next packet begins. */
  get sentMs(): number {
    return this.#sentMs;
  }

  add(pcm: Buffer): void {
    this.#packets.push({ pcm, fromMs: this.#sentMs });
    this.#sentMs += FRAME_MS;
    if (this.#packets.length > MAX_KEPT) this.#packets.shift();
  }

  /** The line wants to know when all that was added so far has been played. */
  mark(id: number, nowMs: number): void {
    this.#marks.push({ id, atMs: this.#sentMs, sentAtMs: nowMs });
  }

  /** For how long the oldest mark has been waiting; 0 while the browser has never reported. */
  overdueMs(nowMs: number): number {
    const oldest = this.#marks[0];
    return oldest && this.#hasReports ? nowMs - oldest.sentAtMs : 0;
  }

  /** The browser says how far it has played. Answers the newest mark it has reached; null where it is none. */
  played(ms: number, clears: number): number | null {
    if (clears !== this.#clears) return null;
    this.#hasReports = true;
    return this.#advance(ms);
  }

  /** Unplayed audio was thrown away: everything sent so far is done with. */
  clear(): void {
    this.#packets = [];
    this.#marks = [];
    this.#playedMs = this.#sentMs;
    this.#clears++;
  }

  /** The connection was lost: what is added from now on stays here for the next one. */
  lost(): void {
    this.#lostAtMs = this.#sentMs;
  }

  /**
   * A new connection begins. `playedMs` is how far the browser says it got; null where it doesn't say, and where it
   * never did, all that was sent while it was there counts as played. Answers where it has to play on, and the newest mark it
   * had reached; the packets from there on are in `unplayed`.
   */
  rewind(playedMs: number | null): { fromMs: number; reached: number | null } {
    const knownMs = this.#hasReports ? this.#playedMs : this.#lostAtMs;
    const reached = this.#advance(playedMs ?? knownMs);
    this.#clears++;
    return { fromMs: this.#packets[0]?.fromMs ?? this.#sentMs, reached: this.#hasReports ? reached : null };
  }

  /** Packets that were not reported as played, in order. */
  *unplayed(): Iterable<Buffer> {
    for (const packet of this.#packets) yield packet.pcm;
  }

  /** Starts the waiting times of all marks anew: the browser could not have answered until now. */
  excuse(nowMs: number): void {
    for (const mark of this.#marks) mark.sentAtMs = nowMs;
  }

  #advance(ms: number): number | null {
    this.#playedMs = Math.max(this.#playedMs, Math.min(ms, this.#sentMs));
    while (this.#packets[0] && this.#packets[0].fromMs + FRAME_MS <= this.#playedMs) this.#packets.shift();
    let reached: number | null = null;
    // Browsers count in samples of their own rate: half a millisecond short is there.
    while (this.#marks[0] && this.#marks[0].atMs <= this.#playedMs + 0.5) reached = this.#marks.shift()!.id;
    return reached;
  }
}
