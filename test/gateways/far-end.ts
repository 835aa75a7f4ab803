import type { HangupReason } from '#engine/events';
import type { PacedLine, Wire } from '#gateways/paced-line';
import type { Clock } from '#kernel/clock';

/** A far end that plays what it gets in real time; acknowledges marks `ackLagMs` after they were played, if at all. */
export class FarEnd implements Wire {
  packets: { atMs: number; bytes: number[] }[] = [];
  closed: HangupReason[] = [];
  clears = 0;
  lost: number[] = [];
  line!: PacedLine;
  #endMs = 0;
  readonly #ackLagMs: number | null;

  readonly #clock: Clock;

  constructor(clock: Clock, ackLagMs: number | null) {
    this.#clock = clock;
    this.#ackLagMs = ackLagMs;
    if (ackLagMs === null) this.mark = undefined;
  }

  audio(bytes: Buffer, from: number, to: number): void {
    this.packets.push({ atMs: this.#clock.nowMs(), bytes: [...bytes.subarray(from, to)] });
    this.#endMs = Math.max(this.#endMs, this.#clock.nowMs()) + ((to - from) * 20) / this.packetBytes;
  }

  mark? = (id: number): void => {
    this.#clock.after(this.#endMs - this.#clock.nowMs() + this.#ackLagMs!, () => {
      if (!this.lost.includes(id)) this.line.acknowledge(id);
    });
  };

  clear(): void {
    this.clears++;
    this.#endMs = this.#clock.nowMs();
  }

  close(why: HangupReason): void {
    this.closed.push(why);
  }

  packetBytes = 160;

  get bytes(): number[] {
    return this.packets.flatMap((packet) => packet.bytes);
  }
}
