import { billedSeconds, chargeMicros, isMetered } from '#core/billing/charge';
import { callPostings } from '#core/billing/ledger';
import { reportKey } from '#core/billing/metering';
import { isLive } from '#core/billing/subscription';
import type { LogEntry } from '#core/calls/log-entry';
import { planOf } from '#core/plans/plan-of';
import type { Tx } from '#core/uow';
import { usageOf } from '#core/usage/ledger';
import type { CallId, TenantId } from '#kernel/ids';

export interface EndedCall {
  readonly tenantId: TenantId;
  readonly callId: CallId;
  /** With media open; 0 for a call that nobody answered. */
  readonly durationMs: number;
  readonly endedAt: Date;
}

/**
 * Enters a call that has ended into the books: its usage, its postings, and what the vendor's meter is to be told, in
 * the transaction that ends it. All of it derives from the billed seconds. Entering a call twice adds nothing.
 */
export async function bookCall(tx: Tx, call: EndedCall, log: readonly LogEntry[]): Promise<void> {
  const { tenantId, callId, durationMs, endedAt: at } = call;
  const { pricing } = await planOf(tx, await tx.tenant.get());
  const seconds = billedSeconds(durationMs);
  const rows = usageOf({ tenantId, callId, seconds, endedAt: at, pricing }, log);
  await tx.usage.add(rows);
  const costMicros = rows.reduce((sum, row) => (row.component === 'call' ? sum : sum + row.costMicros), 0);
  const charge = chargeMicros(seconds, pricing);
  await tx.billing.post(callPostings({ tenantId, callId, at, chargeMicros: charge, costMicros }));
  if (seconds === 0 || !isMetered(pricing)) return;
  await tx.billing.addReport({ callId, seconds, at });
  if (await isSubscribed(tx)) {
    await tx.enqueue('report-usage', { tenantId, callId }, { key: reportKey(callId) });
  }
}

/**
 * Seconds of a tenant that has not subscribed wait until it does. Subscribing happens under the tenant's lock: so each
 * call is either seen by it, or sees it.
 */
async function isSubscribed(tx: Tx): Promise<boolean> {
  const isNow = async () => {
    const subscription = await tx.billing.subscription();
    return subscription !== null && isLive(subscription);
  };
  if (await isNow()) return true;
  await tx.tenant.lock();
  return isNow();
}
