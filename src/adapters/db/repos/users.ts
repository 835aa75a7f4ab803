import { and, eq, exists, sql } from 'drizzle-orm';
import type { UserDirectory, UserRepo } from '#core/users/repo';
import { emailKey, type User } from '#core/users/user';
import type { TenantId } from '#kernel/ids';
import { members, plans, tenants, users } from '../tables/tenants.ts';
import { prepared } from './prepared.ts';
import { type Session, single } from './session.ts';

/** The columns anyone but sign-in may read. */
const shown = {
  id: users.id,
  name: users.name,
  email: users.email,
  superuser: users.superuser,
  passwordChangeRequired: users.passwordChangeRequired,
  createdAt: users.createdAt,
};

const seatOf = prepared('seat_of', (session) =>
  session
    .select({ user: shown, tokenVersion: users.tokenVersion, member: members, tenant: tenants, plan: plans })
    .from(users)
    .innerJoin(members, and(eq(members.userId, users.id), eq(members.tenantId, sql.placeholder('tenantId'))))
    .innerJoin(tenants, eq(tenants.id, members.tenantId))
    .innerJoin(plans, eq(plans.slug, tenants.planSlug))
    .where(eq(users.id, sql.placeholder('id'))),
);

export function userRepo(session: Session, tenantId: TenantId): UserRepo {
  return {
    async find(id) {
      const membership = session
        .select({ one: sql`1` })
        .from(members)
        .where(and(eq(members.tenantId, tenantId), eq(members.userId, users.id)));
      return single<User>(
        await session
          .select(shown)
          .from(users)
          .where(and(eq(users.id, id), exists(membership))),
      );
    },
  };
}

export function userDirectory(session: Session): UserDirectory {
  return {
    insert: async (user) =>
      void (await session.insert(users).values({ ...user, emailKey: emailKey(user.email) })),
    find: async (id) => single<User>(await session.select(shown).from(users).where(eq(users.id, id))),
    findByEmail: async (email) =>
      single<User>(
        await session
          .select(shown)
          .from(users)
          .where(eq(users.emailKey, emailKey(email))),
      ),
    seat: async (id, tenantId) => single(await seatOf(session, { id, tenantId })),
    credentialsOf: async (id) =>
      single(
        await session
          .select({ userId: users.id, passwordHash: users.passwordHash, tokenVersion: users.tokenVersion })
          .from(users)
          .where(eq(users.id, id)),
      ),
    async update(id, change) {
      const rows: User[] = await session
        .update(users)
        .set({
          ...change,
          // A new password ends every session that the old one opened.
          ...(change.passwordHash === undefined ? {} : { tokenVersion: sql`${users.tokenVersion} + 1` }),
        })
        .where(eq(users.id, id))
        .returning(shown);
      return single(rows);
    },
  };
}
