import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireActive } from '#core/tenants/tenant';
import type { TenantId } from '#kernel/ids';
import { openPlatform, outcomes, PASSWORD, type Platform } from '#test/core/platform';

let p: Platform;
beforeAll(async () => {
  p = await openPlatform();
});
afterAll(() => p.close());

const john = (over: object = {}) => ({
  name: 'John Doe',
  email: 'john@company.com',
  password: 'min8chars',
  orgName: 'Acme Corp',
  ...over,
});

describe('signing up', () => {
  it('X-11 makes a pending organization, its owner and a token that works at once', async () => {
    const manual = p.with({ approval: 'manual' });
    const session = await manual.accounts.signUp(john({ email: 'first@acme.example' }));
    expect(session.access).toMatchObject({
      user: { name: 'John Doe', email: 'first@acme.example' },
      tenant: { name: 'Acme Corp', status: 'pending', planSlug: 'free' },
      member: { role: 'owner' },
    });
    const again = await p.accounts.byToken(session.token);
    expect(again.tenant.id).toBe(session.access.tenant.id);
    expect(again.scope.can('manage')).toBe(true);
    expect(() => requireActive(again.tenant)).toThrow(expect.objectContaining({ code: 'forbidden' }));
  });

  it('is active at once where approval is automatic, with a default assistant on the embedded providers', async () => {
    const { access } = await p.accounts.signUp(john({ email: 'auto@acme.example' }));
    expect(access.tenant.status).toBe('active');
    expect(() => requireActive(access.tenant)).not.toThrow();
    const assistant = await p.assistants.getDefault(access.scope);
    expect(assistant).toMatchObject({ isDefault: true, status: 'active', pauseReason: null });
    expect(assistant.persona.greeting).toContain('Acme Corp');
    expect(await p.assistants.list(access.scope)).toEqual([]);
  });

  it.each([
    ['name', { name: ' ' }],
    ['email', { email: 'not an address' }],
    ['email', { email: '' }],
    ['password', { password: 'seven77' }],
    ['orgName', { orgName: undefined }],
    ['orgName', { orgName: 'Nul\u0000Corp' }],
  ])('X-12 refuses a sign-up without a usable %s', async (field, change) => {
    const before = (await p.oversight.tenants({})).items.length;
    const order = john({ email: 'x12@acme.example', ...change });
    await expect(p.accounts.signUp(order)).rejects.toMatchObject({ code: 'invalid', field });
    expect((await p.oversight.tenants({})).items).toHaveLength(before);
  });

  it('X-13 refuses an address in use, whatever its case, and makes neither user nor organization', async () => {
    await p.accounts.signUp(john({ email: 'taken@acme.example' }));
    const before = (await p.oversight.tenants({})).items.length;
    const again = p.accounts.signUp(john({ email: 'TAKEN@acme.example' }));
    await expect(again).rejects.toMatchObject({ code: 'conflict', field: 'email' });
    expect((await p.oversight.tenants({})).items).toHaveLength(before);
  });

  it('X-13 lets exactly one of several sign-ups at once have the address', async () => {
    const before = (await p.oversight.tenants({})).items.length;
    const attempts = Array.from({ length: 6 }, () => p.accounts.signUp(john({ email: 'race@acme.example' })));
    expect(await outcomes(attempts)).toEqual({ won: 1, codes: Array(5).fill('conflict') });
    expect((await p.oversight.tenants({})).items).toHaveLength(before + 1);
  });
});

describe('signing in', () => {
  it('X-14 answers user, organization and token; the address is found whatever its case', async () => {
    const { email, scope } = await p.tenant();
    const session = await p.accounts.signIn({ email: email.toUpperCase(), password: PASSWORD });
    expect(session.access.tenant.id).toBe(scope.tenantId);
    expect(session.access.user.email).toBe(email);
    expect((await p.accounts.byToken(session.token)).user?.email).toBe(email);
  });

  it('X-14 does not tell a wrong password from an unknown address', async () => {
    const { email } = await p.tenant();
    const failures = await Promise.allSettled([
      p.accounts.signIn({ email, password: 'wrong password' }),
      p.accounts.signIn({ email: 'nobody@nowhere.example', password: 'wrong password' }),
    ]);
    const said = failures.map((one) => one.status === 'rejected' && one.reason);
    expect(said[0]).toMatchObject({ code: 'unauthenticated' });
    expect(said[1]).toMatchObject({ code: 'unauthenticated', publicMessage: said[0].publicMessage });
  });

  it('X-14 wants both fields', async () => {
    await expect(p.accounts.signIn({ email: '', password: 'x' })).rejects.toMatchObject({ code: 'invalid' });
    await expect(p.accounts.signIn({ email: 'a@b.example', password: '' })).rejects.toMatchObject({
      code: 'invalid',
      field: 'password',
    });
  });

  it('opens any tenant of a user who is in several, and none that is not theirs', async () => {
    const first = await p.tenant();
    const second = await p.tenant();
    const user = first.session.access.user;
    const stranger = first.session.access.scope;
    const other = second.scope.tenantId;
    await expect(p.accounts.switchTenant(stranger, other)).rejects.toMatchObject({ code: 'not_found' });
    await p.uow.system.write(async (tx) => {
      const member = { ...first.session.access.member, tenantId: other, role: 'viewer' as const };
      const id = 'mem_0000000000000000000000000z' as typeof member.id;
      await tx.forTenant(other).members.insert({ ...member, id, createdAt: new Date(p.clock.nowMs() + 1) });
    });
    const home = await p.accounts.signIn({ email: user.email, password: PASSWORD });
    expect(home.access.tenant.id).toBe(first.scope.tenantId);
    const away = await p.accounts.signIn({ email: user.email, password: PASSWORD, tenantId: other });
    expect(away.access.tenant.id).toBe(other);
    expect(away.access.scope.can('write')).toBe(false);
    const memberships = await p.accounts.memberships(home.access.scope);
    expect(memberships.map(({ tenant }) => tenant.id)).toEqual([first.scope.tenantId, other]);
    expect((await p.accounts.switchTenant(home.access.scope, other)).access.tenant.id).toBe(other);
  });
});

describe('tokens', () => {
  it('X-02 refuses garbled, foreign and expired tokens', async () => {
    const { session } = await p.tenant();
    const foreign = `${session.token.split('.')[0]}.AAAA`;
    for (const token of ['', 'eyJ.nonsense', foreign]) {
      await expect(p.accounts.byToken(token)).rejects.toMatchObject({ code: 'unauthenticated' });
    }
    p.clock.advance(8 * 24 * 3_600_000);
    await expect(p.accounts.byToken(session.token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  it('ends every session of a user whose password was changed', async () => {
    const { session } = await p.tenant();
    const { user } = session.access;
    await p.uow.system.write((tx) => tx.users.update(user.id, { passwordHash: 'quick:other' }));
    await expect(p.accounts.byToken(session.token)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

describe('the organization', () => {
  it('X-16 shows its plan, X-17 changes its name and nothing else', async () => {
    const { scope } = await p.tenant('pro');
    const before = await p.tenants.get(scope);
    expect(before.plan).toMatchObject({ slug: 'pro', name: 'Pro', limits: { maxAgents: 25 } });
    await p.tenants.update(scope, { name: 'New Name' });
    const after = await p.tenants.get(scope);
    expect(after.tenant).toEqual({
      ...before.tenant,
      name: 'New Name',
      updatedAt: after.tenant.updatedAt,
    });
    await expect(p.tenants.update(scope, { name: '  ' })).rejects.toMatchObject({ code: 'invalid' });
    await expect(p.tenants.update(scope, { timezone: 'Mars/Olympus' })).rejects.toMatchObject({
      field: 'timezone',
    });
  });

  it('X-10 is set up once somebody has signed up', async () => {
    const fresh = await openPlatform();
    try {
      expect(await fresh.tenants.setupCompleted()).toBe(false);
      await fresh.tenant();
      expect(await fresh.tenants.setupCompleted()).toBe(true);
    } finally {
      await fresh.close();
    }
  });

  it('lists its members', async () => {
    const { scope, email } = await p.tenant();
    expect(await p.tenants.members(scope)).toMatchObject([{ email, role: 'owner' }]);
  });
});

describe('the operator', () => {
  it('finds tenants by name or owner, page by page, newest first', async () => {
    const made: TenantId[] = [];
    for (let i = 0; i < 3; i++) {
      const { access } = await p.accounts.signUp(
        john({ email: `page${i}@paging.example`, orgName: `Paging_100% ${i}` }),
      );
      made.unshift(access.tenant.id);
    }
    const first = await p.oversight.tenants({ query: 'paging_100%', limit: 2 });
    expect(first.items.map(({ tenant }) => tenant.id)).toEqual(made.slice(0, 2));
    const second = await p.oversight.tenants({ query: 'paging_100%', limit: 2, after: first.next! });
    expect(second.items.map(({ tenant }) => tenant.id)).toEqual(made.slice(2));
    expect(second.next).toBeNull();
    const byOwner = await p.oversight.tenants({ query: 'PAGE1@paging' });
    expect(byOwner.items).toMatchObject([{ ownerEmail: 'page1@paging.example' }]);
    expect((await p.oversight.tenants({ query: 'paging-100' })).items).toEqual([]);
  });

  it('shows, approves and re-plans a tenant, and refuses what there is not', async () => {
    const { access } = await p
      .with({ approval: 'manual' })
      .accounts.signUp(john({ email: 'approve@acme.example' }));
    const id = access.tenant.id;
    const item = await p.oversight.updateTenant(id, { status: 'active', plan: 'pro' });
    expect(item.tenant).toMatchObject({ status: 'active', planSlug: 'pro' });
    expect((await p.oversight.tenant(id)).members).toMatchObject([{ email: 'approve@acme.example' }]);
    await expect(p.oversight.updateTenant(id, { plan: 'gold' })).rejects.toMatchObject({ field: 'plan' });
    await expect(p.oversight.updateTenant(id, { status: 'odd' as never })).rejects.toMatchObject({
      code: 'invalid',
      field: 'status',
    });
    await expect(p.oversight.tenant('ten_x')).rejects.toMatchObject({ code: 'not_found' });
    await expect(p.oversight.tenant("ten_' or 1=1")).rejects.toMatchObject({ code: 'not_found' });
  });

  it('issues keys in any form, and marks superusers', async () => {
    const { scope, email } = await p.tenant();
    expect((await p.oversight.issueKey(scope.tenantId, {})).secret).toMatch(/^va_[0-9a-f]{48}$/);
    const rtk = await p.oversight.issueKey(scope.tenantId, { form: 'rtk', label: 'Default' });
    expect(rtk).toMatchObject({ label: 'Default', form: 'rtk' });
    expect((await p.accounts.byKey(rtk.secret)).tenant.id).toBe(scope.tenantId);
    const user = await p.oversight.updateUser(email.toUpperCase(), { superuser: true });
    expect(user).toMatchObject({ email, superuser: true });
    await expect(p.oversight.updateUser('no@body.example', { superuser: true })).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});
