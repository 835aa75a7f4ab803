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

/** A new key has been neither used nor revoked. */
const addKey = prepared('add_key', (session) =>
  session.insert(apiKeys).values({
    id: sql.placeholder('id'),
    tenantId: sql.placeholder('tenantId'),
    form: sql.placeholder('form'),
    prefix: sql.placeholder('prefix'),
    label: sql.placeholder('label'),
    hash: sql.placeholder('hash'),
    createdAt: sql.placeholder('createdAt'),
  }),
);

const liveKeys = prepared('live_keys', (session) =>
  session
    .select(shown)
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, sql.placeholder('tenantId')), live))
    .orderBy(asc(apiKeys.id)),
);

export function keyRepo(session: Session, tenantId: TenantId): KeyRepo {
  const own = and(eq(apiKeys.tenantId, tenantId), live);
  return {
    insert: async (key, hash) => void (await addKey(session, { ...key, tenantId, hash })),
    list: () => liveKeys(session, { tenantId }),
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
