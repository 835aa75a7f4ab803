import type { UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';

/** Where callers go once their stream has ended: written by a call, read once by the carrier's next request. */
export interface Transfers {
  put(carrierRef: string, to: string): Promise<void>;
  /** The target, once; null where the call simply ended. */
  take(carrierRef: string): Promise<string | null>;
}

/** The carrier asks within a second or two of the stream's end. */
const KEPT_MS = 60_000;

/** Transfers that all nodes share: the carrier may ask another one than the call was on. */
export function makeTransfers({ uow, clock }: { uow: UnitOfWork; clock: Clock }): Transfers {
  return {
    async put(carrierRef, to) {
      const expiresAt = new Date(clock.nowMs() + KEPT_MS);
      await uow.system.write((tx) => tx.transfers.put({ carrierRef, to, expiresAt }));
    },
    take: (carrierRef) => uow.system.write((tx) => tx.transfers.take(carrierRef, new Date(clock.nowMs()))),
  };
}
