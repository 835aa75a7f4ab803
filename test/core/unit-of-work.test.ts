import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openUnitOfWork } from '#adapters/db/uow';
import { DomainError } from '#kernel/errors';
import { newId } from '#kernel/ids';
import { makeScope } from '#kernel/scope';
import { openPlatform, type Platform, type TestTenant } from '#test/core/platform';

let p: Platform;
let tenant: TestTenant;
beforeAll(async () => {
  p = await openPlatform();
  tenant = await p.tenant('pro');
});
afterAll(() => p.close());

const jobs = (key: string) =>
  p.rows<{ run_at: Date }>('select run_at from graphile_worker.jobs where key = $1', [key]);

const payload = () => ({ tenantId: tenant.scope.tenantId, callId: newId('call') });

describe('a transaction', () => {
  it('undoes everything, its jobs too, when it fails', async () => {
    const failed = p.uow.write(tenant.scope, async (tx) => {
      await tx.tenant.update({ name: 'Undone' });
      await tx.enqueue('post-call', payload(), { key: 'undone' });
      throw new DomainError('precondition', 'changed my mind');
    });
    await expect(failed).rejects.toMatchObject({ code: 'precondition' });
    expect((await p.tenants.get(tenant.scope)).tenant.name).not.toBe('Undone');
    expect(await jobs('undone')).toEqual([]);
  });

  it('stores a job with it, one for a key, not before its time', async () => {
    const runAt = new Date(Date.now() + 3_600_000);
    for (const at of [new Date(), runAt]) {
      await p.uow.write(tenant.scope, (tx) => tx.enqueue('post-call', payload(), { key: 'kept', runAt: at }));
    }
    await p.uow.system.write((tx) => tx.enqueue('sweep-tickets', {}, { key: 'swept' }));
    expect(await jobs('kept')).toEqual([{ run_at: runAt }]);
    expect(await jobs('swept')).toHaveLength(1);
  });

  it('cannot write where it said it would read', async () => {
    const written = p.uow.read(tenant.scope, (repos) => repos.tenant.update({ name: 'Sneaky' }));
    await expect(written).rejects.toMatchObject({ code: 'internal' });
  });

  it('is tried again after a deadlock', async () => {
    const [a, b] = [await p.tenant(), await p.tenant()];
    const order = [a.scope.tenantId, b.scope.tenantId] as const;
    let tries = 0;
    let arrived = 0;
    const crossed = (ids: readonly (typeof order)[number][]) =>
      p.uow.system.write(async (tx) => {
        tries++;
        await tx.tenants.update(ids[0]!, { planSlug: 'pro' });
        arrived++;
        const until = Date.now() + 5_000;
        // Both hold their first row before either asks for its second.
        while (arrived < 2 && Date.now() < until) await new Promise((resolve) => setImmediate(resolve));
        await tx.tenants.update(ids[1]!, { planSlug: 'pro' });
      });
    await Promise.all([crossed(order), crossed([...order].reverse())]);
    expect(tries).toBeGreaterThan(2);
    for (const { scope } of [a, b]) expect((await p.tenants.get(scope)).plan.slug).toBe('pro');
  });

  it('does not begin for a tenant id that is none', async () => {
    const scope = makeScope("x'; drop table tenants; --" as never, { kind: 'system' }, 'owner');
    await expect(p.uow.read(scope, (repos) => repos.tenant.get())).rejects.toMatchObject({
      code: 'internal',
    });
    expect(await p.tenants.setupCompleted()).toBe(true);
  });

  it('leaves nothing of its tenant on the connection', async () => {
    const { rows } = await p.pool.query(
      "select current_setting('app.tenant_id', true) as t, current_setting('app.system', true) as s, current_user = session_user as self",
    );
    expect(rows).toEqual([{ t: '', s: '', self: true }]);
  });
});

describe('a single question', () => {
  it('is answered within its tenant, and may not be followed by another', async () => {
    const asked = p.uow.ask(tenant.scope, (repos) => repos.tenant.get());
    expect((await asked).id).toBe(tenant.scope.tenantId);
    const twice = p.uow.ask(tenant.scope, async (repos) => {
      await repos.tenant.get();
      return repos.tenant.get();
    });
    await expect(twice).rejects.toMatchObject({ code: 'internal' });
  });

  it('cannot write', async () => {
    const written = p.uow.ask(tenant.scope, (repos) => repos.tenant.update({ name: 'Sneaky' }));
    await expect(written).rejects.toMatchObject({ code: 'internal' });
    expect((await p.tenants.get(tenant.scope)).tenant.name).not.toBe('Sneaky');
  });

  it('sees its own tenant alone, also when many are asked at once', async () => {
    const tenants = await Promise.all(Array.from({ length: 6 }, () => p.tenant()));
    const asked = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const { scope } = tenants[i % tenants.length]!;
        return [scope.tenantId, (await p.uow.ask(scope, (repos) => repos.tenant.get())).id];
      }),
    );
    for (const [wanted, got] of asked) expect(got).toBe(wanted);
  });

  it('what a transaction was worked through is of no use after it', async () => {
    const kept = await p.uow.write(tenant.scope, async (tx) => tx);
    await expect(kept.tenant.update({ name: 'Late' })).rejects.toThrow();
    expect((await p.tenants.get(tenant.scope)).tenant.name).not.toBe('Late');
  });

  it('of two queries at once the first one’s failure is told, and all is undone', async () => {
    const failed = p.uow.write(tenant.scope, (tx) =>
      Promise.all([tx.tenant.update({ name: 'bad\u0000name' }), tx.tenant.update({ name: 'Half' })]),
    );
    await expect(failed).rejects.toMatchObject({ code: 'invalid' });
    expect((await p.tenants.get(tenant.scope)).tenant.name).not.toBe('Half');
    expect(p.pool.idleCount).toBe(p.pool.totalCount);
  });
});

describe('storage failures', () => {
  const failing = (name: string) =>
    p.uow
      .write(tenant.scope, (tx) => tx.tenant.update({ name }))
      .catch((error: unknown) => error as DomainError);

  it('tell nothing of the values', async () => {
    const error = await failing('secret\u0000name');
    expect(error).toMatchObject({ code: 'invalid' });
    expect(`${(error as DomainError).message} ${(error as DomainError).publicMessage}`).not.toContain(
      'secret',
    );
    const user = {
      id: newId('usr'),
      name: 'X',
      email: tenant.email,
      passwordHash: 'hash-of-x',
      createdAt: new Date(),
    };
    const taken = await p.uow.system.write((tx) => tx.users.insert(user)).catch((thrown: unknown) => thrown);
    expect(taken).toMatchObject({ code: 'conflict', field: 'email' });
    expect(JSON.stringify([taken, (taken as Error).message, (taken as Error).stack])).not.toContain(
      'hash-of-x',
    );
  });

  it('of a missing server are unavailable, and may be tried again', async () => {
    const pool = new pg.Pool({ host: '127.0.0.1', port: 1, connectionTimeoutMillis: 1_000 });
    const query = pool.query.bind(pool);
    pool.query = (async () => ({ rows: [{ member: false, passes: false }] })) as never;
    const uow = await openUnitOfWork(pool);
    pool.query = query;
    await expect(uow.system.read((repos) => repos.tenants.any())).rejects.toMatchObject({
      code: 'unavailable',
      retryAfterMs: expect.any(Number),
    });
    await pool.end();
  });

  it('give the connection back', async () => {
    for (let i = 0; i < 30; i++) await failing('bad\u0000name');
    expect((await p.tenants.get(tenant.scope)).tenant.id).toBe(tenant.scope.tenantId);
    expect(p.pool.waitingCount).toBe(0);
    expect(p.pool.idleCount).toBe(p.pool.totalCount);
  });
});
