import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import type { Checkout } from '#core/billing/checkout';
import type { Posting } from '#core/billing/ledger';
import type { Subscription, SubscriptionState } from '#core/billing/subscription';
import type { SealedText } from '#core/ports';
import type { CallId, CheckoutId, PostingId, TenantId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import { json, moment } from './columns.ts';
import { tenants } from './tenants.ts';

const owner = () =>
  text('tenant_id')
    .$type<TenantId>()
    .notNull()
    .references(() => tenants.id, { onDelete: 'cascade' });

/** What the payment vendor last said of each tenant; no row before the first checkout. */
export const subscriptions = pgTable('subscriptions', {
  tenantId: owner().primaryKey(),
  customerRef: text('customer_ref').unique('subscriptions_customer'),
  subscriptionRef: text('subscription_ref'),
  status: text().$type<Subscription['status']>().notNull(),
  hasPaymentMethod: boolean('has_payment_method').notNull(),
  statusAt: moment('status_at').notNull(),
  states: json<Readonly<Record<string, SubscriptionState>>>().notNull().default({}),
  createdAt: moment('created_at').notNull(),
});

export const checkouts = pgTable(
  'checkouts',
  {
    id: text().$type<CheckoutId>().primaryKey(),
    tenantId: owner(),
    planSlug: text('plan_slug').notNull(),
    ref: text().unique('checkouts_ref'),
    url: text(),
    status: text().$type<Checkout['status']>().notNull(),
    createdAt: moment('created_at').notNull(),
    expiresAt: moment('expires_at'),
  },
  (t) => [index('checkouts_of_tenant').on(t.tenantId, t.createdAt)],
);

/** Events of the payment vendor that have been dealt with: each counts once. */
export const paymentEvents = pgTable('payment_events', {
  id: text().primaryKey(),
  type: text().notNull(),
  at: moment().notNull(),
  receivedAt: moment('received_at').notNull(),
});

/** Seconds of calls on their way to the payment vendor's meter. */
export const meterReports = pgTable(
  'meter_reports',
  {
    callId: text('call_id').$type<CallId>().primaryKey(),
    tenantId: owner(),
    seconds: integer().notNull(),
    at: moment().notNull(),
    triedAt: moment('tried_at'),
    reportedAt: moment('reported_at'),
  },
  (t) => [index('meter_reports_waiting').on(t.tenantId).where(sql`${t.reportedAt} is null`)],
);

/** Double entry: each row moves an amount from the account `credit` to the account `debit`. */
export const ledgerEntries = pgTable(
  'ledger_entries',
  {
    id: text().$type<PostingId>().primaryKey(),
    tenantId: owner(),
    key: text().notNull(),
    callId: text('call_id').$type<CallId>(),
    debit: text().$type<Posting['debit']>().notNull(),
    credit: text().$type<Posting['credit']>().notNull(),
    amountMicros: bigint('amount_micros', { mode: 'number' }).notNull(),
    at: moment().notNull(),
  },
  (t) => [
    unique('ledger_entries_once').on(t.tenantId, t.key),
    index('ledger_entries_by_time').on(t.tenantId, t.at),
    index('ledger_entries_of_call').on(t.callId),
  ],
);

/** Answers to requests that carried an idempotency key; `answer` is sealed, since it may show a new secret once. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    tenantId: owner(),
    key: text().notNull(),
    operation: text().notNull(),
    requestHash: text('request_hash').notNull(),
    status: integer(),
    answer: text().$type<SealedText>(),
    effect: text(),
    startedAt: moment('started_at').notNull(),
  },
  (t) => [
    primaryKey({ name: 'idempotency_keys_pkey', columns: [t.tenantId, t.key] }),
    index('idempotency_keys_by_age').on(t.startedAt),
  ],
);

/** What the sandboxes of outside services keep, as the vendors would on their side. */
export const sandboxObjects = pgTable(
  'sandbox_objects',
  {
    id: text().primaryKey(),
    kind: text().notNull(),
    body: json<JsonObject>().notNull(),
    createdAt: moment('created_at').notNull(),
  },
  (t) => [index('sandbox_objects_newest').on(t.kind, t.createdAt.desc())],
);
