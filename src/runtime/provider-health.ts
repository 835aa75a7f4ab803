import type { ProviderHealth } from '#engine/ports';
import type { Clock } from '#kernel/clock';

/** What a provider is known by to all calls: who it is, and where. */
export interface ProviderPlace {
  id: string;
  /** Null where it is at its vendor's own address. */
  address: string | null;
}

const REST_MS = 5_000;
const LONGEST_REST_MS = 60_000;
/** A failure this long after the last one is a new story. */
const FORGET_MS = 10 * 60_000;

interface Record {
  /** Rests in a row. */
  rests: number;
  restsUntilMs: number;
}

/**
 * The health of the providers that the calls of this process use: one that failed in a call rests in all of them, for
 * 5 s, doubling to a minute while it goes on failing, or for as long as it asked. Only those that failed are remembered.
 */
export function providerHealths(clock: Clock): (place: ProviderPlace) => ProviderHealth {
  const records = new Map<string, Record>();
  return ({ id, address }) => {
    const key = `${id} ${address ?? ''}`;
    return {
      get isResting() {
        const record = records.get(key);
        return record !== undefined && clock.nowMs() < record.restsUntilMs;
      },
      failed(retryAfterMs) {
        const nowMs = clock.nowMs();
        forgetBefore(records, nowMs - FORGET_MS);
        const { rests = 0, restsUntilMs = 0 } = records.get(key) ?? {};
        // Calls that were under way together found out together: that is one failure.
        if (nowMs < restsUntilMs && retryAfterMs === undefined) return;
        const restMs = retryAfterMs ?? Math.min(LONGEST_REST_MS, REST_MS * 2 ** rests);
        records.set(key, { rests: rests + 1, restsUntilMs: Math.max(restsUntilMs, nowMs + restMs) });
      },
      worked: () => void records.delete(key),
    };
  };
}

function forgetBefore(records: Map<string, Record>, beforeMs: number): void {
  for (const [key, { restsUntilMs }] of records) if (restsUntilMs < beforeMs) records.delete(key);
}
