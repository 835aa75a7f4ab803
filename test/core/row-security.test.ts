import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openUnitOfWork } from '#adapters/db/uow';
import { makeScope } from '#kernel/scope';
import { openPlatform, type Platform, type TestTenant } from '#test/core/platform';

let p: Platform;
let mine: TestTenant;
let theirs: TestTenant;
beforeAll(async () => {
  p = await openPlatform();
  mine = await p.tenant('pro');
  theirs = await p.tenant('pro');
  for (const { scope } of [mine, theirs]) {
    await p.keys.issue(scope, { label: 'Key', form: 'vx' });
    await p.assistants.create(scope, { name: 'Agent' });
    await p.providers.create(scope, {
      category: 'llm',
      providerKey: 'openai',
      name: 'Mine',
      credentials: { apiKey: 'sk-secret' },
      models: [],
    });
    await p.admission.admit(scope, {
      type: 'phone',
      direction: 'inbound',
      from: '+15559876543',
      to: '+15551234567',
      carrierRef: 'CA1',
    });
  }
});
afterAll(() => p.close());

/** Runs raw SQL the way a scoped transaction would, on a connection of the same pool. */
async function raw<T>(tenantId: string, query: string, params: unknown[] = []): Promise<T[]> {
  const client = await p.pool.connect();
  try {
    await client.query('begin');
    // A database user who would pass by the policies becomes the bound role, as the unit of work does.
    const passes = 'select from pg_roles where rolname = current_user and (rolsuper or rolbypassrls)';
    const { rows } = await client.query(passes);
    if (rows.length > 0) await client.query("select set_config('role', 'patchbay_app', true)");
    await client.query("select set_config('app.tenant_id', $1, true), set_config('app.system', '', true)", [
      tenantId,
    ]);
    return (await client.query(query, params)).rows as T[];
  } finally {
    await client.query('rollback');
    client.release();
  }
}

describe('row-level security', () => {
  it('is on and forced for every table that has a tenant, and for the platform tables', async () => {
    const { rows } = await p.pool.query(`
      select c.relname, c.relrowsecurity and c.relforcerowsecurity as bound
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'public' and c.relkind in ('r', 'p') order by 1`);
    expect(rows.length).toBeGreaterThan(12);
    expect(rows.filter(({ bound }) => !bound)).toEqual([]);
  });

  it("X-05 shows nothing of another tenant's to a raw SELECT in a scoped transaction", async () => {
    const { rows: tables } = await p.pool.query<{ table_name: string }>(`
      select table_name from information_schema.columns
      where table_schema = 'public' and column_name = 'tenant_id' order by 1`);
    expect(tables.map(({ table_name }) => table_name)).toContain('assistants');
    for (const { table_name } of tables) {
      const seen = await raw<{ tenant_id: string | null }>(
        mine.scope.tenantId,
        `select tenant_id from ${table_name}`,
      );
      const others = seen.filter(({ tenant_id }) => tenant_id !== null && tenant_id !== mine.scope.tenantId);
      expect({ table_name, others }).toEqual({ table_name, others: [] });
    }
    const counts = await raw<{ n: string }>(mine.scope.tenantId, 'select count(*) as n from assistants');
    expect(counts).toEqual([{ n: '2' }]);
    expect(await raw(mine.scope.tenantId, 'select id from tenants')).toEqual([{ id: mine.scope.tenantId }]);
    expect(await raw(mine.scope.tenantId, 'select email from users')).toEqual([{ email: mine.email }]);
  });

  it('holds inside the unit of work itself, below the repositories', async () => {
    await p.uow.read(mine.scope, async (repos) => {
      expect(await repos.assistants.list({ includeDefault: true })).toHaveLength(2);
    });
    // The repositories of one tenant on the transaction of another find nothing: the policies do not trust the query.
    const foreign = makeScope(theirs.scope.tenantId, { kind: 'system' }, 'owner');
    const found = await raw(foreign.tenantId, 'select id from assistants where tenant_id = $1', [
      mine.scope.tenantId,
    ]);
    expect(found).toEqual([]);
  });

  it('shows nothing where no tenant is named', async () => {
    expect(await raw('', 'select id from assistants')).toEqual([]);
    expect(await raw('', 'select id from tenants')).toEqual([]);
    expect(await raw('', 'select id from users')).toEqual([]);
  });

  it("lets nobody write another tenant's rows", async () => {
    const move =
      'insert into members (id, tenant_id, user_id, role, created_at) values ($1, $2, $3, $4, now())';
    const member = ['mem_x', theirs.scope.tenantId, mine.session.access.user.id, 'owner'];
    await expect(raw(mine.scope.tenantId, move, member)).rejects.toThrow(/row-level security/);
    const change = "update assistants set name = 'theirs no more' where tenant_id = $1 returning id";
    expect(await raw(mine.scope.tenantId, change, [theirs.scope.tenantId])).toEqual([]);
    expect(
      await raw(mine.scope.tenantId, 'delete from api_keys where tenant_id = $1 returning id', [
        theirs.scope.tenantId,
      ]),
    ).toEqual([]);
  });

  it('keeps global providers, plans, people and the audit log from being written inside a tenant', async () => {
    const tenantId = mine.scope.tenantId;
    expect(
      await raw(tenantId, 'update providers set active = false where tenant_id is null returning id'),
    ).toEqual([]);
    expect(await raw(tenantId, "update plans set name = 'mine' returning slug")).toEqual([]);
    expect(await raw(tenantId, 'update users set superuser = true returning id')).toEqual([]);
    expect(await raw(tenantId, "update audit_entries set action = 'nothing' returning id")).toEqual([]);
    expect(await raw(tenantId, 'delete from audit_entries returning id')).toEqual([]);
    expect((await raw(tenantId, 'select id from providers where tenant_id is null')).length).toBe(3);
  });

  it('refuses a database user that would pass by it', async () => {
    const pool = {
      query: async () => ({ rows: [{ member: false, passes: true }] }),
    } as unknown as Parameters<typeof openUnitOfWork>[0];
    await expect(openUnitOfWork(pool)).rejects.toThrow(/row-level security/);
  });
});
