import { and, asc, desc, eq } from 'drizzle-orm';
import type { Assistant } from '#core/assistants/assistant';
import type { AssistantRepo } from '#core/assistants/repo';
import type { AssistantId, TenantId } from '#kernel/ids';
import { assistants } from '../tables/assistants.ts';
import { type Session, single } from './session.ts';

type Row = typeof assistants.$inferSelect;

function entity(row: Row): Assistant {
  const { llmProviderId, llmModelId, ttsProviderId, ttsModelId, sttProviderId, sttModelId, ...rest } = row;
  return {
    ...rest,
    llm: { providerId: llmProviderId, modelId: llmModelId },
    tts: { providerId: ttsProviderId, modelId: ttsModelId },
    stt: { providerId: sttProviderId, modelId: sttModelId },
  };
}

function values(assistant: Assistant): Row {
  const { llm, tts, stt, ...rest } = assistant;
  return {
    ...rest,
    llmProviderId: llm.providerId,
    llmModelId: llm.modelId,
    ttsProviderId: tts.providerId,
    ttsModelId: tts.modelId,
    sttProviderId: stt.providerId,
    sttModelId: stt.modelId,
  };
}

export function assistantRepo(session: Session, tenantId: TenantId): AssistantRepo {
  const own = eq(assistants.tenantId, tenantId);
  const ownId = (id: AssistantId) => and(own, eq(assistants.id, id));
  const chosen = eq(assistants.isDefault, false);
  const found = (rows: Row[]) => {
    const row = single(rows);
    return row && entity(row);
  };
  return {
    insert: async (assistant) =>
      void (await session.insert(assistants).values({ ...values(assistant), tenantId })),
    find: async (id) => found(await session.select().from(assistants).where(ownId(id))),
    findDefault: async () =>
      found(
        await session
          .select()
          .from(assistants)
          .where(and(own, eq(assistants.isDefault, true))),
      ),
    async list({ includeDefault }) {
      const rows = await session
        .select()
        .from(assistants)
        .where(includeDefault ? own : and(own, chosen))
        .orderBy(asc(assistants.createdAt), asc(assistants.id));
      return rows.map(entity);
    },
    async listOn() {
      const rows = await session
        .select()
        .from(assistants)
        .where(and(own, chosen, eq(assistants.active, true)))
        .orderBy(desc(assistants.createdAt), desc(assistants.id));
      return rows.map(entity);
    },
    count: () => session.$count(assistants, and(own, chosen)),
    async update(assistant) {
      const { id, tenantId: _, isDefault: __, createdAt: ___, ...fields } = values(assistant);
      const rows = await session
        .update(assistants)
        .set(fields)
        .where(ownId(id))
        .returning({ id: assistants.id });
      return rows.length > 0;
    },
    async remove(id) {
      const rows = await session
        .delete(assistants)
        .where(and(ownId(id), chosen))
        .returning({ id: assistants.id });
      return rows.length > 0;
    },
  };
}
