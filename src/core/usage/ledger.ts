import type { LogEntry } from '#core/calls/log-entry';
import type { PlanPricing } from '#core/plans/plan';
import { listCostMicros } from '#core/usage/prices';
import type { UsageRow } from '#core/usage/usage';
import { type CallId, newId, type TenantId } from '#kernel/ids';

export interface UsedCall {
  readonly tenantId: TenantId;
  readonly callId: CallId;
  readonly durationMs: number;
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

/**
 * The time on the line. On a plan that includes no minutes each costs the plan's rate; where minutes are included, what
 * they cost is the billing's to say.
 */
function lineRow({ tenantId, callId, durationMs, endedAt: at, pricing }: UsedCall): UsageRow {
  const rate = pricing.includedMinutes === 0 ? pricing.overageMicrosPerMinute : 0;
  return {
    id: newId('use'),
    tenantId,
    callId,
    key: `call:${callId}`,
    component: 'call',
    provider: 'line',
    unit: 'ms',
    amount: durationMs,
    costMicros: Math.round((durationMs / 60_000) * rate),
    at,
  };
}
