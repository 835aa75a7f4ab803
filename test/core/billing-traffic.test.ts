import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Payments } from '#core/ports';
import { DomainError } from '#kernel/errors';
import type { CallId, TenantId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';
import { random } from '#test/calls/random';
import { refOf } from '#test/core/billing-steps';
import { callSteps } from '#test/core/call-steps';
import { openPlatform, type Platform } from '#test/core/platform';

const SEED = 20_261_122;
const CALLS = 240;
const HOUR_MS = 3_600_000;

let p: Platform;
beforeAll(async () => {
  p = await openPlatform();
});
afterAll(() => p.close());

const { begin } = callSteps(() => p);
/** The vendor's luck falls apart from the calls: those come at the same for each run. */
const [dice, luckDice] = [random(SEED), random(SEED + 1)];
const signal = new AbortController().signal;

/** Fails every third time: half of these before the vendor has heard of it, half after. */
function shaky(payments: Payments): Payments {
  const fail = () => {
    throw new DomainError('upstream', 'the vendor is having a bad hour');
  };
  return {
    ...payments,
    async reportSeconds(report, abort) {
      const luck = luckDice.between(0, 6);
      if (luck === 0) fail();
      await payments.reportSeconds(report, abort);
      if (luck === 1) fail();
    },
  };
}

interface Ended {
  tenantId: TenantId;
  callId: CallId;
  durationMs: number;
}

/** Jobs that wait, each run twice at once, as happens when a node dies at the wrong moment; how many did not get through. */
async function runReports(billing: Platform['billing']): Promise<number> {
  const jobs = await p.rows<{ id: string; payload: { tenantId: TenantId; callId: CallId } }>(
    "select id, payload from graphile_worker._private_jobs where task_id = (select id from graphile_worker._private_tasks where identifier = 'report-usage')",
  );
  let failed = 0;
  for (const { id, payload } of jobs) {
    const runs = await Promise.allSettled([1, 2].map(() => billing.reportUsage(payload, signal)));
    if (runs.every(({ status }) => status === 'fulfilled'))
      await p.rows('delete from graphile_worker._private_jobs where id = $1', [id]);
    else failed++;
  }
  return failed;
}

async function subscribe(scope: Scope): Promise<void> {
  await p.payments.desk.pay(refOf((await p.billing.startCheckout(scope)).url));
}

describe('an hour of traffic', () => {
  it("leaves usage, books, reports and the vendor's meter equal to the cent", {
    timeout: 120_000,
  }, async () => {
    const { billing } = p.with({ payments: shaky(p.payments) });
    const tenants: Scope[] = [];
    for (let i = 0; i < 3; i++) {
      const { scope } = await p.tenant('payg');
      tenants.push(scope);
      // The last one pays in the middle of the hour.
      if (i < 2) await subscribe(scope);
    }
    const ended: Ended[] = [];
    for (let i = 0; i < CALLS; i++) {
      if (i === CALLS / 2) await subscribe(tenants[2]!);
      if (i % 60 === 59) await runReports(billing);
      p.clock.advance(HOUR_MS / CALLS);
      ended.push(await oneCall(tenants[i % 3]!));
    }
    await billing.reportWaiting();
    let rounds = 0;
    while ((await runReports(billing)) > 0) expect(++rounds).toBeLessThan(50);
    expect(await billing.reportWaiting()).toBe(0);

    for (const { tenantId } of tenants) await expectAgreement(tenantId, ended);
    for (const scope of tenants) await expectSettled(scope);
  });
});

/** Most end as they should, some twice at once, some because their node died. */
async function oneCall(scope: Scope): Promise<Ended> {
  const nodeId = `node-${dice.between(0, 1e9)}`;
  const callId = await begin(scope, nodeId);
  const durationMs = dice.chance(0.05) ? 0 : dice.between(0, 300_000);
  const how = dice.between(0, 10);
  if (how === 0) {
    const said = { type: 'agent.said', purpose: 'opening', text: 'Hello', fromMs: 0, toMs: durationMs };
    const entry = { callId, seq: 0, atMs: 0, ...said, interrupted: false, unheardChars: 0 };
    await p.lifecycle.append([{ tenantId: scope.tenantId, event: entry as never }]);
    await Promise.all([p.lifecycle.recoverOrphans(nodeId), p.lifecycle.recoverOrphans(nodeId)]);
  } else {
    const end = () => p.lifecycle.finish(scope, callId, { reason: 'caller_hung_up', durationMs });
    await Promise.all(how < 3 ? [end(), end()] : [end()]);
  }
  return { tenantId: scope.tenantId, callId, durationMs };
}

/** What five places hold of a tenant's calls, against what the test knows of them. */
async function expectAgreement(tenantId: TenantId, all: readonly Ended[]): Promise<void> {
  const mine = all.filter((call) => call.tenantId === tenantId);
  const secondsOf = ({ durationMs }: Ended) => Math.ceil(durationMs / 1_000);
  const seconds = mine.reduce((sum, call) => sum + secondsOf(call), 0);
  const micros = mine.reduce((sum, call) => sum + Math.round((secondsOf(call) * 50_000) / 60), 0);
  const billed = mine.filter((call) => secondsOf(call) > 0).length;
  const [sums] = await p.rows(
    `select
       (select json_build_array(count(*), sum(amount) / 1000, sum(cost_micros)) from usage_rows
         where tenant_id = $1 and component = 'call') as usage,
       (select json_build_array(count(*), count(distinct call_id), sum(amount_micros)) from ledger_entries
         where tenant_id = $1 and debit = 'receivable' and credit = 'usage') as books,
       (select json_build_array(count(*), sum(seconds), count(*) filter (where reported_at is null)) from meter_reports
         where tenant_id = $1) as reports,
       (select json_build_array(count(*), sum((m.body->>'seconds')::int)) from sandbox_objects m
         where m.kind = 'payments.meter_event' and m.body->>'customerRef' = s.customer_ref) as meter,
       (select (c.body->>'meteredSeconds')::int from sandbox_objects c where c.id = s.customer_ref) as total
     from subscriptions s where tenant_id = $1`,
    [tenantId],
  );
  expect(sums).toEqual({
    usage: [mine.length, seconds, micros],
    books: [billed, billed, micros],
    reports: [billed, seconds, 0],
    meter: [billed, seconds],
    total: seconds,
  });
}

/** The month's invoice is what the books say, and once it is paid nothing but parts of a cent is left open. */
async function expectSettled(scope: Scope): Promise<void> {
  const before = await p.billing.balances(scope);
  const portal = refOf((await p.billing.portal(scope)).url);
  await p.payments.desk.closeMonth(portal);
  const [invoice] = (await p.payments.desk.portal(portal)).invoices;
  expect(invoice!.totalCents).toBe(Math.round((before.receivable + 5_000_000) / 10_000));
  const settled = await p.billing.balances(scope);
  expect(Math.abs(settled.receivable)).toBeLessThan(10_000);
  expect(settled.cash).toBe(before.cash + invoice!.totalCents * 10_000);
  expect(Object.values(settled).reduce((sum, micros) => sum + micros, 0)).toBe(0);
}
