import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPostmaster } from '#adapters/db/embedded-orphan';
import { makeDataDir, removeDataDir, startTestServer, type TestServer } from '#test/support/server';
import { eventually } from '#test/support/until';
import { dial, storedCall } from './telephone.ts';
import { ask, askOperator, type Tenant, tenantOf } from './tenants.ts';

let dataDir: string;
let server: TestServer;

beforeAll(async () => {
  dataDir = await makeDataDir();
  server = await startTestServer({ dataDir });
});
afterAll(async () => {
  await server?.kill();
  await removeDataDir(dataDir);
});

/** A power cut: the server and its database die at once, and start again on what they left. */
async function cutPower(): Promise<void> {
  await server.kill();
  server = await startTestServer({ dataDir });
}

interface Account extends Tenant {
  /** Path of its checkout page. */
  readonly checkout: string;
}

async function register(): Promise<Account> {
  const email = `${randomBytes(6).toString('hex')}@company.example`;
  const { status, body } = await ask(server, '/veevo/api/auth/register', {
    body: { email, password: 'min8chars' },
  });
  expect(status).toBe(201);
  const account = tenantOf(server, { id: body.account.id, key: body.apiKey });
  return { ...account, checkout: new URL(body.checkoutUrl).pathname };
}

const pay = ({ checkout }: Account) =>
  fetch(server.url + checkout, { method: 'POST', redirect: 'manual' }).then(({ status }) => status);

async function statusOf({ key }: Tenant): Promise<string> {
  const { body } = await ask(server, '/veevo/api/account', { headers: { authorization: `Bearer ${key}` } });
  return body.account.status;
}

/** Holds what a query locked until the database dies; whatever needs it waits. */
async function holdLocked(query: string, params: readonly unknown[]): Promise<void> {
  const home = join(dataDir, 'postgres');
  const [postmaster, password] = await Promise.all([
    readPostmaster(join(home, 'data')),
    readFile(join(home, 'password'), 'utf8'),
  ]);
  const client = new pg.Client({
    connectionString: `postgres://patchbay:${password.trim()}@127.0.0.1:${postmaster?.port}/patchbay`,
  });
  // It ends with the database, and not as a connection likes to.
  client.on('error', () => {});
  await client.connect();
  await client.query("begin; select set_config('app.system', 'on', true)");
  expect((await client.query(query, [...params])).rowCount).toBe(1);
}

/** What has been made of one tenant's payment, here and on the vendor's side. */
const paymentsOf = async ({ id }: Tenant) =>
  (
    await server.rows<Record<string, number>>(
      `select
         (select count(*)::int from sandbox_objects o where kind = 'payments.invoice'
           and o.body->>'customerRef' = s.customer_ref) as invoices,
         (select count(*)::int from sandbox_objects o where kind = 'payments.event'
           and o.body->'event'->'data'->'object'->>'customer' = s.customer_ref) as told,
         (select count(*)::int from payment_events p join sandbox_objects o on o.id = p.id
           where o.body->'event'->'data'->'object'->>'customer' = s.customer_ref) as taken,
         (select count(*)::int from ledger_entries l where l.tenant_id = s.tenant_id) as postings,
         (select coalesce(sum(amount_micros), 0)::int from ledger_entries l
           where l.tenant_id = s.tenant_id and debit = 'cash') as cash,
         (select count(*)::int from audit_entries a where a.tenant_id = s.tenant_id
           and action = 'subscription.active') as activations
       from subscriptions s where tenant_id = $1`,
      [id],
    )
  )[0];

const PAID_ONCE = { invoices: 1, told: 4, taken: 4, postings: 2, cash: 5_000_000, activations: 1 };

/** What is known of a tenant's calls in four places; they agree when each row says the same. */
const metersOf = ({ id }: Tenant) =>
  server.rows<{ callId: string; usage: number; owed: number; report: number; meter: number | null }>(
    `select r.call_id as "callId", r.seconds as report,
       (select sum(amount)::int / 1000 from usage_rows u where u.call_id = r.call_id and component = 'call') as usage,
       (select sum(amount_micros)::int from ledger_entries l where l.call_id = r.call_id and debit = 'receivable') as owed,
       (select sum((o.body->>'seconds')::int)::int from sandbox_objects o
         where r.reported_at is not null and o.id = 'mev_' || r.call_id) as meter
     from meter_reports r where tenant_id = $1 order by r.call_id`,
    [id],
  );

/** What the customer's meter holds in all, on the vendor's side. */
const onMeter = async ({ id }: Tenant) =>
  (
    await server.rows<{ seconds: number }>(
      `select (o.body->>'meteredSeconds')::int as seconds from sandbox_objects o
       join subscriptions s on s.customer_ref = o.id where s.tenant_id = $1`,
      [id],
    )
  )[0]!.seconds;

describe('a power cut', { timeout: 240_000 }, () => {
  it('between the payment and the activation, or a moment earlier or later, charges once and activates', async () => {
    const [account, told, hasty] = [await register(), await register(), await register()];
    await holdLocked('select id from tenants where id = $1 for update', [account.id]);
    const paying = pay(account).catch(() => 'cut off');
    await eventually(
      () => paymentsOf(account),
      (seen) => seen?.told === 4,
    );
    const unheard = { ...PAID_ONCE, taken: 0, postings: 0, cash: 0, activations: 0 };
    expect(await paymentsOf(account)).toEqual(unheard);
    expect(await statusOf(account)).toBe('INACTIVE');
    expect(await pay(told)).toBe(303);
    const hurried = pay(hasty).catch(() => 'cut off');
    await cutPower();
    expect(await paying).toBe('cut off');
    await hurried;

    // The last one may not have been heard at all: then it is asked to pay again, and else it has paid.
    expect(await pay(hasty)).toBe(303);
    for (const one of [account, told, hasty]) {
      const settled = await eventually(
        () => paymentsOf(one),
        (seen) => seen?.taken === 4,
        60_000,
      );
      expect(settled).toEqual(PAID_ONCE);
      expect(await statusOf(one)).toBe('ACTIVE');
      expect(await pay(one)).toBe(303);
      expect(await paymentsOf(one)).toEqual(PAID_ONCE);
    }
  });

  it('in a call, and between the end of one and its report, leaves each counted once everywhere', async () => {
    let account = await register();
    expect(await pay(account)).toBe(303);
    const agentId = await account.makeAgent();
    const first = await dial(server, account, { agentId });
    await first.ear.until(() => first.ear.agent.length > 0, 20_000);
    const customer = 'select customer_ref from subscriptions where tenant_id = $1';
    await holdLocked(`select id from sandbox_objects where id = (${customer}) for update`, [account.id]);
    await first.end.hangUp();
    const ended = await storedCall(account, first.end.callSid);
    await eventually(
      () => metersOf(account),
      (rows) => rows.length === 1,
    );
    expect(await onMeter(account)).toBe(0);
    const second = await dial(server, account, { agentId });
    await second.ear.until(() => second.ear.agent.length > 0 && second.ear.nowMs > 3_000, 20_000);
    await cutPower();
    await second.end.ended;

    account = { ...account, ...tenantOf(server, account) };
    const lost = await storedCall(account, second.end.callSid);
    const isReported = (rows: Awaited<ReturnType<typeof metersOf>>) =>
      rows.length === 2 && rows.every(({ meter }) => meter !== null);
    const rows = await eventually(() => metersOf(account), isReported, 90_000);
    for (const call of [ended, lost]) {
      const seconds = Math.ceil(call.durationSec!);
      const owed = Math.round((seconds * 50_000) / 60);
      expect(rows).toContainEqual({
        callId: call._id,
        usage: seconds,
        owed,
        report: seconds,
        meter: seconds,
      });
    }
    const total = rows.reduce((sum, { report }) => sum + report, 0);
    expect(await onMeter(account)).toBe(total);

    const again = await askOperator(server, '/jobs/run', { body: { name: 'report-waiting' } });
    expect(again.status).toBe(200);
    expect(await metersOf(account)).toEqual(rows);
    expect(await onMeter(account)).toBe(total);
  });
});
