import type { Transfers } from '#core/dialing/transfers';

/** Transfers in memory, of a test that has no database. */
export function memoryTransfers(): Transfers {
  const pending = new Map<string, string>();
  return {
    put: async (carrierRef, to) => void pending.set(carrierRef, to),
    async take(carrierRef) {
      const to = pending.get(carrierRef) ?? null;
      pending.delete(carrierRef);
      return to;
    },
  };
}
