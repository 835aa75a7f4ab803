import type { BillingDeps } from '#core/billing/billing-deps';
import type { JobPayloads } from '#core/jobs';
import { makeScope } from '#kernel/scope';

/**
 * For how long after its first try a report may be tried again: the vendor knows for a day which ones it has seen
 * (Stripe, "billing/meter-event/create"), so that one of which no answer came back counts once all the same.
 */
const KNOWN_MS = 23 * 3_600_000;
const BATCH = 500;

/** Billed seconds on their way to the vendor's meter. */
export class Metering {
  readonly #deps: BillingDeps;

  constructor(deps: BillingDeps) {
    this.#deps = deps;
  }

  async report({ tenantId, callId }: JobPayloads['report-usage'], signal: AbortSignal): Promise<void> {
    const { uow, payments, clock, log } = this.#deps;
    const scope = makeScope(tenantId, { kind: 'system' }, 'owner');
    const now = () => new Date(clock.nowMs());
    const { report, customerRef } = await uow.write(scope, async (tx) => ({
      report: await tx.billing.tryReport(callId, now()),
      customerRef: (await tx.billing.subscription())?.customerRef,
    }));
    if (!report || report.reportedAt || !customerRef) return;
    if (clock.nowMs() - report.triedAt!.getTime() > KNOWN_MS) {
      log.error(
        { tenantId, callId },
        'seconds of a call may not be on the meter: look, it is not tried again',
      );
      return;
    }
    const { seconds, at } = report;
    await payments.reportSeconds({ customerRef, identifier: callId, seconds, at }, signal);
    await uow.write(scope, (tx) => tx.billing.endReport(callId, now()));
  }

  async reportWaiting(): Promise<number> {
    let count = 0;
    for (let after: JobPayloads['report-usage']['callId'] | null = null; ; ) {
      const batch = await this.#enqueueBatch(after);
      count += batch.length;
      if (batch.length < BATCH) return count;
      after = batch.at(-1)!.callId;
    }
  }

  #enqueueBatch(after: JobPayloads['report-usage']['callId'] | null) {
    return this.#deps.uow.system.write(async (tx) => {
      const batch = await tx.billing.waitingReports({ after, limit: BATCH });
      for (const { tenantId, callId } of batch) {
        await tx.enqueue('report-usage', { tenantId, callId }, { key: reportKey(callId) });
      }
      return batch;
    });
  }
}

export const reportKey = (callId: string) => `report-usage:${callId}`;
