import type { Clock } from '#kernel/clock';

/** Where callers go once their stream has ended: written by a call, read once by the carrier's next request. */
export interface Transfers {
  put(callSid: string, to: string): void | Promise<void>;
  /** The target, once; null where the call simply ended. */
  take(callSid: string): string | null | Promise<string | null>;
}

/** The carrier asks within a second or two of the stream's end. */
const KEPT_MS = 60_000;

/** Transfers of one process. With several nodes behind one address, back them by what the nodes share. */
export function createTransfers(clock: Clock): Transfers {
  const pending = new Map<string, { to: string; untilMs: number }>();
  return {
    put(callSid, to) {
      const nowMs = clock.nowMs();
      for (const [sid, { untilMs }] of pending) {
        if (untilMs > nowMs) break;
        pending.delete(sid);
      }
      pending.delete(callSid);
      pending.set(callSid, { to, untilMs: nowMs + KEPT_MS });
    },
    take(callSid) {
      const transfer = pending.get(callSid);
      pending.delete(callSid);
      return transfer && transfer.untilMs > clock.nowMs() ? transfer.to : null;
    },
  };
}
