import { and, asc, desc, eq, exists, ilike, lt, or, sql } from 'drizzle-orm';
import type { Member, MemberView } from '#core/members/member';
import type { MemberDirectory, MemberRepo } from '#core/members/repo';
import type { TenantDirectory, TenantRepo, TenantSummary } from '#core/tenants/repo';
import { DomainError } from '#kernel/errors';
import type { TenantId } from '#kernel/ids';
import { members, plans, tenants, users } from '../tables/tenants.ts';
import { prepared } from './prepared.ts';
import { type Session, single } from './session.ts';

const withPlan = prepared('tenant_with_plan', (session) =>
  session
    .select({ tenant: tenants, plan: plans })
    .from(tenants)
    .innerJoin(plans, eq(plans.slug, tenants.planSlug))
    .where(eq(tenants.id, sql.placeholder('tenantId'))),
);

const tenantById = prepared('tenant_by_id', (session) =>
  session
    .select()
    .from(tenants)
    .where(eq(tenants.id, sql.placeholder('tenantId'))),
);

export function tenantRepo(session: Session, tenantId: TenantId): TenantRepo {
  const own = eq(tenants.id, tenantId);
  const found = <T>(rows: T[]): T => {
    const row = single(rows);
    if (row) return row;
    throw new DomainError('not_found', 'The organization does not exist.');
  };
  return {
    get: async () => found(await tenantById(session, { tenantId })),
    withPlan: async () => found(await withPlan(session, { tenantId })),
    lock: async () => found(await session.select().from(tenants).where(own).for('no key update')),
    update: async (change) =>
      found(
        await session
          .update(tenants)
          .set({ ...change, updatedAt: new Date() })
          .where(own)
          .returning(),
      ),
  };
}

const ownersOf = (session: Session) =>
  session
    .select({ email: users.email })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(and(eq(members.tenantId, tenants.id), eq(members.role, 'owner')));

export function tenantDirectory(session: Session): TenantDirectory {
  const summaries = () => {
    const owner = ownersOf(session).orderBy(asc(members.id)).limit(1);
    return session.select({ tenant: tenants, ownerEmail: sql<string | null>`(${owner})` }).from(tenants);
  };
  return {
    insert: async (tenant) => void (await session.insert(tenants).values(tenant)),
    find: async (id) => single<TenantSummary>(await summaries().where(eq(tenants.id, id))),
    async list({ query, limit, after }) {
      const pattern = `%${query.replace(/[\\%_]/g, '\\$&')}%`;
      const matching = query
        ? or(
            ilike(tenants.name, pattern),
            exists(
              session
                .select({ one: sql`1` })
                .from(members)
                .innerJoin(users, eq(users.id, members.userId))
                .where(
                  and(
                    eq(members.tenantId, tenants.id),
                    eq(members.role, 'owner'),
                    ilike(users.email, pattern),
                  ),
                ),
            ),
          )
        : undefined;
      const rows: TenantSummary[] = await summaries()
        .where(and(matching, after === null ? undefined : lt(tenants.id, after as TenantId)))
        .orderBy(desc(tenants.id))
        .limit(limit + 1);
      const items = rows.slice(0, limit);
      return { items, next: rows.length > limit ? items[limit - 1]!.tenant.id : null };
    },
    async update(id, change) {
      const rows = await session
        .update(tenants)
        .set({ ...change, updatedAt: new Date() })
        .where(eq(tenants.id, id))
        .returning({ id: tenants.id });
      return rows.length > 0;
    },
    any: async () => (await session.select({ id: tenants.id }).from(tenants).limit(1)).length > 0,
  };
}

const listed = (session: Session, tenantId: TenantId): Promise<MemberView[]> =>
  membersOf(session, { tenantId });

const membersOf = prepared('members_of', (session) =>
  session
    .select({
      id: members.id,
      tenantId: members.tenantId,
      userId: members.userId,
      role: members.role,
      createdAt: members.createdAt,
      name: users.name,
      email: users.email,
    })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(eq(members.tenantId, sql.placeholder('tenantId')))
    .orderBy(asc(members.createdAt), asc(members.id)),
);

export function memberRepo(session: Session, tenantId: TenantId): MemberRepo {
  return {
    async insert(member) {
      const rows = await session
        .insert(members)
        .values({ ...member, tenantId })
        .onConflictDoNothing({ target: [members.tenantId, members.userId] })
        .returning({ id: members.id });
      return rows.length > 0;
    },
    async find(userId) {
      const rows: Member[] = await session
        .select()
        .from(members)
        .where(and(eq(members.tenantId, tenantId), eq(members.userId, userId)));
      return single(rows);
    },
    list: () => listed(session, tenantId),
  };
}

export function memberDirectory(session: Session): MemberDirectory {
  return {
    ofUser: (userId) =>
      session
        .select({ member: members, tenant: tenants })
        .from(members)
        .innerJoin(tenants, eq(tenants.id, members.tenantId))
        .where(eq(members.userId, userId))
        .orderBy(asc(members.createdAt), asc(members.id)),
    ofTenant: (tenantId) => listed(session, tenantId),
  };
}
