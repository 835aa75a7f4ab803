import type { HangupReason } from '#engine/events';
import type { CallId, TenantId } from '#kernel/ids';
import type { LiveCall } from '#runtime/launch';

interface Entry {
  tenantId: TenantId;
  call: LiveCall;
}

/** The calls that live in this process. */
export interface Registry {
  add(tenantId: TenantId, call: LiveCall): void;
  remove(callId: CallId): void;
  /** A live call of that tenant; undefined when it is not here or not theirs. */
  find(tenantId: TenantId, callId: CallId): LiveCall | undefined;
  readonly size: number;
  /** Waits until no call is left; at the deadline says the farewell to the rest and gives them 15 s to end with it. */
  drain(deadlineMs: number, farewell: { why: HangupReason; text: string }): Promise<void>;
}

/** A farewell takes a few seconds; a line that is gone without having said so would take for ever. */
const FAREWELL_MS = 15_000;

export function openRegistry(): Registry {
  const entries = new Map<CallId, Entry>();
  let emptied: (() => void) | null = null;
  return {
    add: (tenantId, call) => void entries.set(call.callId, { tenantId, call }),
    remove(callId) {
      entries.delete(callId);
      if (entries.size === 0) emptied?.();
    },
    find(tenantId, callId) {
      const entry = entries.get(callId);
      return entry?.tenantId === tenantId ? entry.call : undefined;
    },
    get size() {
      return entries.size;
    },
    async drain(deadlineMs, farewell) {
      if (entries.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      emptied = resolve;
      let timer = setTimeout(() => {
        for (const { call } of entries.values()) call.session.hangUp(farewell.why, farewell.text);
        timer = setTimeout(resolve, FAREWELL_MS);
      }, deadlineMs);
      await promise;
      clearTimeout(timer);
    },
  };
}
