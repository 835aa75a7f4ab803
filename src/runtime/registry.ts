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
  /** Waits until no call is left; at the deadline hangs up the rest and waits for them to end. */
  drain(deadlineMs: number, farewell: { why: HangupReason; text: string }): Promise<void>;
}

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
      const empty = new Promise<void>((resolve) => {
        emptied = resolve;
      });
      const timer = setTimeout(() => {
        for (const { call } of entries.values()) call.session.hangUp(farewell.why, farewell.text);
      }, deadlineMs);
      await empty;
      clearTimeout(timer);
    },
  };
}
