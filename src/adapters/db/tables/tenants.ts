import { sql } from 'drizzle-orm';
import { boolean, index, integer, pgTable, text, unique, uniqueIndex } from 'drizzle-orm/pg-core';
import type { AuditEntry } from '#core/audit/audit-entry';
import type { KeyForm } from '#core/keys/key';
import type { Plan } from '#core/plans/plan';
import type { TenantStatus } from '#core/tenants/tenant';
import type { AuditId, KeyId, MemberId, TenantId, UserId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import type { Role } from '#kernel/scope';
import { json, moment } from './columns.ts';

export const plans = pgTable('plans', {
  slug: text().primaryKey(),
  name: text().notNull(),
  description: text().notNull(),
  public: boolean().notNull(),
  custom: boolean().notNull(),
  limits: json<Plan['limits']>().notNull(),
  features: json<Plan['features']>().notNull(),
  models: json<Plan['models']>().notNull(),
  pricing: json<Plan['pricing']>().notNull(),
  rank: integer().notNull(),
});

export const tenants = pgTable(
  'tenants',
  {
    id: text().$type<TenantId>().primaryKey(),
    name: text().notNull(),
    named: boolean().notNull().default(true),
    status: text().$type<TenantStatus>().notNull(),
    planSlug: text('plan_slug')
      .notNull()
      .references(() => plans.slug),
    timezone: text().notNull(),
    createdAt: moment('created_at').notNull(),
    updatedAt: moment('updated_at').notNull(),
  },
  (t) => [index('tenants_newest').on(t.id.desc())],
);

export const users = pgTable('users', {
  id: text().$type<UserId>().primaryKey(),
  name: text().notNull(),
  email: text().notNull(),
  emailKey: text('email_key').notNull().unique('users_email_key'),
  passwordHash: text('password_hash'),
  tokenVersion: integer('token_version').notNull().default(0),
  superuser: boolean().notNull().default(false),
  passwordChangeRequired: boolean('password_change_required').notNull().default(false),
  createdAt: moment('created_at').notNull(),
});

export const members = pgTable(
  'members',
  {
    id: text().$type<MemberId>().primaryKey(),
    tenantId: text('tenant_id')
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    userId: text('user_id')
      .$type<UserId>()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: text().$type<Role>().notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (t) => [unique('members_once').on(t.tenantId, t.userId), index('members_of_user').on(t.userId)],
);

export const apiKeys = pgTable(
  'api_keys',
  {
    id: text().$type<KeyId>().primaryKey(),
    tenantId: text('tenant_id')
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    form: text().$type<KeyForm>().notNull(),
    prefix: text().notNull(),
    label: text().notNull(),
    hash: text().notNull(),
    createdAt: moment('created_at').notNull(),
    lastUsedAt: moment('last_used_at'),
    revokedAt: moment('revoked_at'),
  },
  (t) => [
    uniqueIndex('api_keys_hash').on(t.hash),
    index('api_keys_live').on(t.tenantId, t.id).where(sql`${t.revokedAt} is null`),
  ],
);

export const auditEntries = pgTable(
  'audit_entries',
  {
    id: text().$type<AuditId>().primaryKey(),
    tenantId: text('tenant_id').$type<TenantId>(),
    at: moment().notNull(),
    actorKind: text('actor_kind').$type<AuditEntry['actorKind']>().notNull(),
    actorId: text('actor_id'),
    action: text().notNull(),
    target: text().notNull(),
    details: json<JsonObject>().notNull(),
  },
  (t) => [index('audit_entries_of_tenant').on(t.tenantId, t.at)],
);
