import { and, asc, eq, isNull, or, type SQL, sql } from 'drizzle-orm';
import type { SealedText } from '#core/ports';
import type { Provider } from '#core/providers/provider';
import type { GlobalProviderRepo, ProviderRepo } from '#core/providers/repo';
import type { ProviderId, TenantId } from '#kernel/ids';
import { assistants, providers } from '../tables/assistants.ts';
import { type Session, single } from './session.ts';

/** Everything but the credentials, which only `credentialsOf` reads. */
const shown = {
  id: providers.id,
  tenantId: providers.tenantId,
  category: providers.category,
  providerKey: providers.providerKey,
  name: providers.name,
  models: providers.models,
  settings: providers.settings,
  active: providers.active,
  createdAt: providers.createdAt,
  updatedAt: providers.updatedAt,
};

type Row = Omit<Provider, 'source'>;

const entity = (row: Row): Provider => ({ ...row, source: row.tenantId === null ? 'global' : 'client' });

const found = (rows: Row[]): Provider | null => {
  const row = single(rows);
  return row && entity(row);
};

const values = ({ source: _, ...row }: Provider, credentials: SealedText | null) => ({ ...row, credentials });

async function change(session: Session, which: SQL | undefined, fields: object): Promise<Provider | null> {
  return found(
    await session
      .update(providers)
      .set({ ...fields, updatedAt: new Date() })
      .where(which)
      .returning(shown),
  );
}

export function providerRepo(session: Session, tenantId: TenantId): ProviderRepo {
  const own = eq(providers.tenantId, tenantId);
  const visible = or(own, isNull(providers.tenantId));
  const ownId = (id: ProviderId) => and(own, eq(providers.id, id));
  return {
    async list({ category, source } = {}) {
      const rows = await session
        .select(shown)
        .from(providers)
        .where(
          and(
            source === 'client' ? own : source === 'global' ? isNull(providers.tenantId) : visible,
            category && eq(providers.category, category),
          ),
        )
        .orderBy(sql`${providers.tenantId} nulls first`, asc(providers.createdAt), asc(providers.id));
      return rows.map(entity);
    },
    find: async (id) =>
      found(
        await session
          .select(shown)
          .from(providers)
          .where(and(visible, eq(providers.id, id))),
      ),
    async credentialsOf(id) {
      const rows = await session
        .select({ credentials: providers.credentials })
        .from(providers)
        .where(and(visible, eq(providers.id, id)));
      return single(rows)?.credentials ?? null;
    },
    countOwn: () => session.$count(providers, own),
    insert: async (provider, credentials) =>
      void (await session.insert(providers).values({ ...values(provider, credentials), tenantId })),
    update: (id, fields) => change(session, ownId(id), fields),
    async remove(id) {
      const rows = await session.delete(providers).where(ownId(id)).returning({ id: providers.id });
      return rows.length > 0;
    },
    usesOf: (id) =>
      session
        .select({ id: assistants.id, name: assistants.name })
        .from(assistants)
        .where(
          and(
            eq(assistants.tenantId, tenantId),
            or(
              eq(assistants.llmProviderId, id),
              eq(assistants.ttsProviderId, id),
              eq(assistants.sttProviderId, id),
            ),
          ),
        )
        .orderBy(asc(assistants.id)),
  };
}

export function globalProviderRepo(session: Session): GlobalProviderRepo {
  const global = isNull(providers.tenantId);
  const globalId = (id: ProviderId) => and(global, eq(providers.id, id));
  return {
    async list() {
      const rows = await session
        .select(shown)
        .from(providers)
        .where(global)
        .orderBy(asc(providers.createdAt), asc(providers.id));
      return rows.map(entity);
    },
    find: async (id) => found(await session.select(shown).from(providers).where(globalId(id))),
    async credentialsOf(id) {
      const rows = await session
        .select({ credentials: providers.credentials })
        .from(providers)
        .where(globalId(id));
      return single(rows)?.credentials ?? null;
    },
    insert: async (provider, credentials) =>
      void (await session.insert(providers).values({ ...values(provider, credentials), tenantId: null })),
    update: (id, fields) => change(session, globalId(id), fields),
    seed: async (seeds) =>
      void (await session
        .insert(providers)
        .values(seeds.map((provider) => values(provider, null)))
        .onConflictDoUpdate({ target: providers.id, set: { models: sql`excluded.models` } })),
  };
}
