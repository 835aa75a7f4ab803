import { sql } from 'drizzle-orm';
import { boolean, index, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { Assistant } from '#core/assistants/assistant';
import type { PhoneNumber } from '#core/numbers/number';
import type { ModelCategory } from '#core/plans/plan';
import type { SealedText } from '#core/ports';
import type { ProviderModel } from '#core/providers/provider';
import type { AssistantId, NumberId, ProviderId, TenantId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import { json, moment } from './columns.ts';
import { tenants } from './tenants.ts';

/** Sources of models; a global one belongs to no tenant. */
export const providers = pgTable(
  'providers',
  {
    id: text().$type<ProviderId>().primaryKey(),
    tenantId: text('tenant_id')
      .$type<TenantId>()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    category: text().$type<ModelCategory>().notNull(),
    providerKey: text('provider_key').notNull(),
    name: text().notNull(),
    models: json<readonly ProviderModel[]>().notNull(),
    settings: json<JsonObject>().notNull(),
    credentials: text().$type<SealedText>(),
    active: boolean().notNull(),
    createdAt: moment('created_at').notNull(),
    updatedAt: moment('updated_at').notNull(),
  },
  (t) => [
    uniqueIndex('providers_own_name')
      .on(t.tenantId, sql`lower(${t.name})`)
      .where(sql`${t.tenantId} is not null`),
    uniqueIndex('providers_global_name')
      .on(t.category, sql`lower(${t.name})`)
      .where(sql`${t.tenantId} is null`),
  ],
);

export const assistants = pgTable(
  'assistants',
  {
    id: text().$type<AssistantId>().primaryKey(),
    tenantId: text('tenant_id')
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    isDefault: boolean('is_default').notNull(),
    active: boolean().notNull(),
    llmProviderId: text('llm_provider_id')
      .$type<ProviderId>()
      .notNull()
      .references(() => providers.id),
    llmModelId: text('llm_model_id').notNull(),
    ttsProviderId: text('tts_provider_id')
      .$type<ProviderId>()
      .notNull()
      .references(() => providers.id),
    ttsModelId: text('tts_model_id').notNull(),
    sttProviderId: text('stt_provider_id')
      .$type<ProviderId>()
      .notNull()
      .references(() => providers.id),
    sttModelId: text('stt_model_id').notNull(),
    persona: json<Assistant['persona']>().notNull(),
    llmConfig: json<Assistant['llmConfig']>('llm_config').notNull(),
    ttsConfig: json<Assistant['ttsConfig']>('tts_config').notNull(),
    thresholds: json<Assistant['thresholds']>().notNull(),
    firstMessageMode: text('first_message_mode').$type<Assistant['firstMessageMode']>().notNull(),
    knowledge: text().notNull(),
    tools: json<Assistant['tools']>().notNull(),
    variables: json<Assistant['variables']>().notNull(),
    recording: json<Assistant['recording']>().notNull(),
    transferOnFailureTo: text('transfer_on_failure_to'),
    timezone: text(),
    endedWebhookUrl: text('ended_webhook_url'),
    createdAt: moment('created_at').notNull(),
    updatedAt: moment('updated_at').notNull(),
  },
  (t) => [
    index('assistants_of_tenant').on(t.tenantId, t.id),
    uniqueIndex('assistants_one_default').on(t.tenantId).where(sql`${t.isDefault}`),
    index('assistants_of_llm').on(t.llmProviderId),
    index('assistants_of_tts').on(t.ttsProviderId),
    index('assistants_of_stt').on(t.sttProviderId),
  ],
);

export const numbers = pgTable(
  'numbers',
  {
    id: text().$type<NumberId>().primaryKey(),
    tenantId: text('tenant_id')
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    e164: text().notNull().unique('numbers_e164'),
    assistantId: text('assistant_id')
      .$type<AssistantId>()
      .references(() => assistants.id, { onDelete: 'set null' }),
    label: text().notNull(),
    active: boolean().notNull(),
    callbacks: json<PhoneNumber['callbacks']>().notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (t) => [index('numbers_of_tenant').on(t.tenantId, t.id), index('numbers_of_assistant').on(t.assistantId)],
);
