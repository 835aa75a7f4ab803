import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPlatform, type Platform } from '#test/core/platform';

let p: Platform;
beforeAll(async () => {
  p = await openPlatform();
});
afterAll(() => p.close());

describe('API keys', () => {
  it('X-36 are shown once, begin with their prefix and work at once', async () => {
    const { scope } = await p.tenant();
    const key = await p.keys.issue(scope, { label: 'Production Key', form: 'vx' });
    expect(key.secret).toMatch(/^vx_[0-9a-f]{48}$/);
    expect(key.secret.startsWith(key.prefix)).toBe(true);
    expect(key.prefix).toHaveLength(7);
    const access = await p.accounts.byKey(key.secret);
    expect(access).toMatchObject({ tenant: { id: scope.tenantId }, plan: { slug: 'free' }, user: null });
    expect(access.scope.actor).toEqual({ kind: 'key', keyId: key.id });
    await expect(p.keys.issue(scope, { label: ' ', form: 'vx' })).rejects.toMatchObject({ field: 'label' });
  });

  it('X-35 are listed without secret or hash, and stored as a hash', async () => {
    const { scope } = await p.tenant();
    const first = await p.keys.issue(scope, { label: 'One', form: 'vx' });
    const second = await p.keys.issue(scope, { label: 'Two', form: 'rtk' });
    const listed = await p.keys.list(scope);
    expect(listed.map(({ label }) => label)).toEqual(['One', 'Two']);
    expect(Object.keys(listed[0]!).sort()).toEqual(
      ['id', 'tenantId', 'form', 'prefix', 'label', 'createdAt', 'lastUsedAt'].sort(),
    );
    const rows = await p.rows<{ row: string }>('select row_to_json(k)::text as row from api_keys k');
    expect(rows.length).toBeGreaterThan(1);
    for (const { row } of rows) {
      expect(row).not.toContain(first.secret.slice(8));
      expect(row).not.toContain(second.secret.slice(8));
    }
  });

  it('X-37 open nothing from their revocation on; an unknown or foreign one is not found', async () => {
    const { scope } = await p.tenant();
    const stranger = await p.tenant();
    const key = await p.keys.issue(scope, { label: 'Old', form: 'va' });
    await p.accounts.byKey(key.secret);
    await expect(p.keys.revoke(stranger.scope, key.id)).rejects.toMatchObject({ code: 'not_found' });
    expect((await p.accounts.byKey(key.secret)).tenant.id).toBe(scope.tenantId);
    await p.keys.revoke(scope, key.id);
    await expect(p.accounts.byKey(key.secret)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await p.keys.list(scope)).toEqual([]);
    await expect(p.keys.revoke(scope, key.id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(p.keys.revoke(scope, 'nonsense')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('X-38 tell their last use, kept to the minute', async () => {
    const { scope } = await p.tenant();
    const { secret } = await p.keys.issue(scope, { label: 'Used', form: 'vx' });
    expect((await p.keys.list(scope))[0]?.lastUsedAt).toBeNull();
    await p.accounts.byKey(secret);
    const firstUse = (await p.keys.list(scope))[0]!.lastUsedAt!;
    expect(firstUse.getTime()).toBe(p.clock.nowMs());
    p.clock.advance(30_000);
    await p.accounts.byKey(secret);
    expect((await p.keys.list(scope))[0]?.lastUsedAt).toEqual(firstUse);
    p.clock.advance(31_000);
    await p.accounts.byKey(secret);
    expect((await p.keys.list(scope))[0]?.lastUsedAt?.getTime()).toBe(p.clock.nowMs());
  });

  it.each(['', 'vx_', 'vx_123', `vx_${'g'.repeat(48)}`, `vx_${'a'.repeat(48)}`, `xx_${'a'.repeat(48)}`])(
    'X-02 %s opens nothing',
    async (secret) => {
      await expect(p.accounts.byKey(secret)).rejects.toMatchObject({ code: 'unauthenticated' });
    },
  );

  it('are made and revoked in the audit log, by whoever did it', async () => {
    const { scope, session } = await p.tenant();
    const key = await p.keys.issue(scope, { label: 'Audited', form: 'vx' });
    const { scope: asKey } = await p.accounts.byKey(key.secret);
    const second = await p.keys.issue(asKey, { label: 'By a key', form: 'vx' });
    await p.keys.revoke(scope, key.id);
    const rows = await p.rows(
      'select action, target, actor_kind, actor_id from audit_entries where tenant_id = $1 order by id',
      [scope.tenantId],
    );
    const user = { actor_kind: 'user', actor_id: session.access.user.id };
    expect(rows).toEqual([
      { action: 'tenant.created', target: scope.tenantId, ...user },
      { action: 'key.issued', target: key.id, ...user },
      { action: 'key.issued', target: second.id, actor_kind: 'key', actor_id: key.id },
      { action: 'key.revoked', target: key.id, ...user },
    ]);
  });
});
