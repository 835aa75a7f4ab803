import type { CallId, TenantId } from '#kernel/ids';

/** Calls that run in this process, as far as use cases have to do with them. */
export interface LiveCalls {
  /** Ends a live call at once. False where it does not run here. */
  hangUp(tenantId: TenantId, callId: CallId, why: 'ended_by_operator' | 'caller_hung_up'): boolean;
}
