import { chargeMicros } from '#core/billing/charge';
import type { LogEntry } from '#core/calls/log-entry';
import type { PlanPricing } from '#core/plans/plan';
import { listCostMicros } from '#core/usage/prices';
import type { UsageRow } from '#core/usage/usage';
import { type CallId, newId, type TenantId } from '#kernel/ids';

export interface UsedCall {
  readonly tenantId: TenantId;
  readonly callId: CallId;
  /** Those that are paid for. */
  readonly seconds: number;
  readonly endedAt: Date;
  readonly pricing: PlanPricing;
}

/**
 * A call's lines of the ledger: one for the line itself, and one for each provider and unit its log tells of, what was
 * synthesized but never heard included. The keys depend on the call alone, so that writing them twice adds nothing.
 */
export function usageOf(call: UsedCall, log: readonly LogEntry[]): UsageRow[] {
  const { tenantId, callId, endedAt: at } = call;
  const sums = new Map<string, Pick<UsageRow, 'component' | 'provider' | 'unit' | 'amount'>>();
  for (const entry of log) {
    if (entry.type !== 'usage') continue;
    const { stage: component, provider, unit } = entry;
    const key = `call:${callId}:${component}:${provider}:${unit}`;
    const amount = (sums.get(key)?.amount ?? 0) + entry.amount;
    sums.set(key, { component, provider, unit, amount });
  }
  const line = lineRow(call);
  const stages = [...sums].map(([key, sum]): UsageRow => {
    const amount = Math.max(0, Math.round(sum.amount));
    const costMicros = listCostMicros({ ...sum, amount });
    return { id: newId('use'), tenantId, callId, key, ...sum, amount, costMicros, at };
  });
  return [line, ...stages];
}

/** The time on the line, in billed seconds. */
function lineRow({ tenantId, callId, seconds, endedAt: at, pricing }: UsedCall): UsageRow {
  return {
    id: newId('use'),
    tenantId,
    callId,
    key: `call:${callId}`,
    component: 'call',
    provider: 'line',
    unit: 'ms',
    amount: seconds * 1_000,
    costMicros: chargeMicros(seconds, pricing),
    at,
  };
}
