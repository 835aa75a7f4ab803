import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Payments } from '#core/ports';
import { DomainError } from '#kernel/errors';
import type { CallId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';
import { billingSteps, refOf } from '#test/core/billing-steps';
import { callSteps } from '#test/core/call-steps';
import { openPlatform, outcomes, type Platform } from '#test/core/platform';
import { eventually } from '#test/support/until';

let p: Platform;
beforeAll(async () => {
  p = await openPlatform();
});
afterAll(() => p.close());

const { begin } = callSteps(() => p);
const { paid } = billingSteps(() => p);
const signal = new AbortController().signal;

describe('a call', () => {
  const finish = (scope: Scope, callId: CallId, durationMs: number) =>
    p.lifecycle.finish(scope, callId, { reason: 'caller_hung_up', durationMs });
  const reportJobs = (callId: CallId) =>
    p.rows<{ n: number }>('select count(*)::int as n from graphile_worker.jobs where key = $1', [
      `report-usage:${callId}`,
    ]);
  const metered = async (scope: Scope) =>
    (await p.payments.desk.portal(refOf((await p.billing.portal(scope)).url))).meteredSeconds;

  it('costs whole seconds: usage, books and meter are told the same', async () => {
    const scope = await paid();
    const callId = await begin(scope);
    await finish(scope, callId, 90_001);
    expect((await p.calls.get(scope, callId)).metrics.cost.components[0]).toEqual({
      component: 'call',
      provider: 'line',
      unit: 'ms',
      amount: 91_000,
      costMicros: 75_833,
    });
    expect(await p.billing.balances(scope)).toMatchObject({ receivable: 75_833, usage: -75_833 });
    expect(await reportJobs(callId)).toEqual([{ n: 1 }]);
    const order = { tenantId: scope.tenantId, callId };
    expect(await outcomes([1, 2, 3].map(() => p.billing.reportUsage(order, signal)))).toMatchObject({
      won: 3,
    });
    await p.billing.reportUsage(order, signal);
    expect(await metered(scope)).toBe(91);
  });

  it('without a second on the line costs nothing and is reported nowhere', async () => {
    const scope = await paid();
    const callId = await begin(scope);
    await finish(scope, callId, 0);
    expect(await reportJobs(callId)).toEqual([{ n: 0 }]);
    expect(await p.billing.balances(scope)).toMatchObject({ receivable: 0, usage: 0 });
    expect(await p.usage.month(scope)).toMatchObject({ calls: 1, minutes: 0 });
  });

  it('on a plan with minutes included goes on no meter', async () => {
    const { scope } = await p.tenant('pro');
    const callId = await begin(scope);
    await finish(scope, callId, 60_000);
    expect(await p.rows('select 1 from meter_reports where call_id = $1', [callId])).toEqual([]);
    expect(await p.billing.balances(scope)).toMatchObject({ receivable: 0 });
  });

  it('of a tenant that has not subscribed is reported once it has, as of then', async () => {
    const { scope } = await p.tenant('payg');
    const callId = await begin(scope);
    await finish(scope, callId, 30_000);
    expect(await reportJobs(callId)).toEqual([{ n: 0 }]);
    p.clock.advance(40 * 86_400_000);
    await p.payments.desk.pay(refOf((await p.billing.startCheckout(scope)).url));
    const waiting = await p.rows<{ n: number }>(
      "select count(*)::int as n from graphile_worker.jobs where key = $1 and task_identifier = 'report-waiting'",
      [`report-waiting:${scope.tenantId}`],
    );
    expect(waiting).toEqual([{ n: 1 }]);
    expect(await p.billing.reportWaiting()).toBeGreaterThanOrEqual(1);
    expect(await reportJobs(callId)).toEqual([{ n: 1 }]);
    await p.billing.reportUsage({ tenantId: scope.tenantId, callId }, signal);
    expect(await metered(scope)).toBe(30);
    const [event] = await p.rows<{ at: string }>(
      "select body->>'atMs' as at from sandbox_objects where id = $1",
      [`mev_${callId}`],
    );
    // Stripe takes nothing older than 35 days.
    expect(p.clock.nowMs() - Number(event!.at)).toBeLessThan(86_400_000);
  });

  it('that ends while its tenant subscribes waits to see it', async () => {
    const { scope } = await p.tenant('payg');
    await p.billing.portal(scope);
    const callId = await begin(scope);
    const subscribing = await p.pool.connect();
    await subscribing.query("begin; select set_config('app.system', 'on', true)");
    await subscribing.query('select 1 from tenants where id = $1 for no key update', [scope.tenantId]);
    let isEnded = false;
    const ending = finish(scope, callId, 30_000).finally(() => {
      isEnded = true;
    });
    const waiters =
      "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    await eventually(
      async () => isEnded || (await p.pool.query(waiters)).rowCount! > 0,
      (isThere) => isThere,
    );
    await subscribing.query("update subscriptions set status = 'active' where tenant_id = $1", [
      scope.tenantId,
    ]);
    await subscribing.query('commit');
    subscribing.release();
    await ending;
    expect(await reportJobs(callId)).toEqual([{ n: 1 }]);
  });

  it('whose report was lost on the way is tried again while the vendor knows what it has seen, and no longer', async () => {
    const scope = await paid();
    const callId = await begin(scope);
    await finish(scope, callId, 10_000);
    let answers = 0;
    const payments: Payments = {
      ...p.payments,
      reportSeconds: async (report, abort) => {
        answers++;
        await p.payments.reportSeconds(report, abort);
        throw new DomainError('upstream', 'the answer was lost');
      },
    };
    const shaky = p.with({ payments }).billing;
    const order = { tenantId: scope.tenantId, callId };
    await expect(shaky.reportUsage(order, signal)).rejects.toMatchObject({ code: 'upstream' });
    p.clock.advance(22 * 3_600_000);
    await expect(shaky.reportUsage(order, signal)).rejects.toMatchObject({ code: 'upstream' });
    p.clock.advance(2 * 3_600_000);
    await shaky.reportUsage(order, signal);
    expect(answers).toBe(2);
    expect(await metered(scope)).toBe(10);
  });

  it("is in its own tenant's books alone", async () => {
    const [scope, stranger] = [await paid(), await paid()];
    const callId = await begin(scope);
    await finish(scope, callId, 60_000);
    await p.billing.reportUsage({ tenantId: stranger.tenantId, callId }, signal);
    expect(await metered(stranger)).toBe(0);
    expect(await p.billing.balances(stranger)).toMatchObject({ usage: 0 });
  });
});
