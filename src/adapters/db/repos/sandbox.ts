import { and, desc, eq, sql } from 'drizzle-orm';
import type { SandboxObject, SandboxRepo } from '#core/sandbox/repo';
import { sandboxObjects } from '../tables/billing.ts';
import { storableJson } from '../tables/columns.ts';
import { type Session, single } from './session.ts';

export function sandboxRepo(session: Session): SandboxRepo {
  const named = (kind: string, id: string) => and(eq(sandboxObjects.kind, kind), eq(sandboxObjects.id, id));
  return {
    async insert(object) {
      const rows = await session
        .insert(sandboxObjects)
        .values(object)
        .onConflictDoNothing()
        .returning({ id: sandboxObjects.id });
      return rows.length > 0;
    },
    find: async (kind, id) =>
      single<SandboxObject>(await session.select().from(sandboxObjects).where(named(kind, id))),
    lock: async (kind, id) =>
      single<SandboxObject>(
        await session.select().from(sandboxObjects).where(named(kind, id)).for('no key update'),
      ),
    update: async (id, body) =>
      void (await session.update(sandboxObjects).set({ body }).where(eq(sandboxObjects.id, id))),
    list: (kind, { where = {}, limit }) =>
      session
        .select()
        .from(sandboxObjects)
        .where(
          and(eq(sandboxObjects.kind, kind), sql`${sandboxObjects.body} @> ${storableJson(where)}::jsonb`),
        )
        .orderBy(desc(sandboxObjects.createdAt), desc(sandboxObjects.id))
        .limit(limit),
  };
}
