import { and, asc, eq, isNull, lt, or, sql } from 'drizzle-orm';
import type { KeyDirectory, KeyRepo } from '#core/keys/repo';
import type { TenantId } from '#kernel/ids';
import { apiKeys, plans, tenants } from '../tables/tenants.ts';
import { prepared } from './prepared.ts';
import { type Session, single } from './session.ts';

const shown = {
  id: apiKeys.id,
  tenantId: apiKeys.tenantId,
  form: apiKeys.form,
  prefix: apiKeys.prefix,
  label: apiKeys.label,
  createdAt: apiKeys.createdAt,
  lastUsedAt: apiKeys.lastUsedAt,
};

const live = isNull(apiKeys.revokedAt);

const keyByHash = prepared('key_by_hash', (session) =>
  session
    .select({ key: shown, tenant: tenants, plan: plans })
    .from(apiKeys)
    .innerJoin(tenants, eq(tenants.id, apiKeys.tenantId))
    .innerJoin(plans, eq(plans.slug, tenants.planSlug))
    .where(and(eq(apiKeys.hash, sql.placeholder('hash')), live)),
);

export function keyRepo(session: Session, tenantId: TenantId): KeyRepo {
  const own = and(eq(apiKeys.tenantId, tenantId), live);
  return {
    insert: async (key, hash) => void (await session.insert(apiKeys).values({ ...key, tenantId, hash })),
    list: () => session.select(shown).from(apiKeys).where(own).orderBy(asc(apiKeys.id)),
    async revoke(id, at) {
      const rows = await session
        .update(apiKeys)
        .set({ revokedAt: at })
        .where(and(own, eq(apiKeys.id, id)))
        .returning({ id: apiKeys.id });
      return rows.length > 0;
    },
  };
}

export function keyDirectory(session: Session): KeyDirectory {
  return {
    findByHash: async (hash) => single(await keyByHash(session, { hash })),
    touch: async (id, at) =>
      void (await session
        .update(apiKeys)
        .set({ lastUsedAt: at })
        .where(and(eq(apiKeys.id, id), or(isNull(apiKeys.lastUsedAt), lt(apiKeys.lastUsedAt, at))))),
  };
}
