import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import type { Booking } from '#core/calendar/booking';
import type { Call } from '#core/calls/call';
import type { StreamTicket } from '#core/calls/order';
import type { CallProgress } from '#core/calls/progress';
import type { Dial } from '#core/dialing/dial';
import type { SealedText } from '#core/ports';
import type { UsageRow } from '#core/usage/usage';
import type { WebhookDelivery } from '#core/webhooks/webhook';
import type { AssistantId, BookingId, CallId, DeliveryId, TenantId, TurnId, UsageId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import { json, moment } from './columns.ts';
import { tenants } from './tenants.ts';

/** Leave to open one media socket. A ticket is used by deleting it. */
export const streamTickets = pgTable(
  'stream_tickets',
  {
    tokenHash: text('token_hash').primaryKey(),
    tenantId: text('tenant_id')
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    callId: text('call_id').$type<CallId>().notNull(),
    assistantId: text('assistant_id').$type<AssistantId>().notNull(),
    type: text().$type<Call['type']>().notNull(),
    direction: text().$type<Call['direction']>().notNull(),
    from: text('from_number').notNull(),
    to: text('to_number').notNull(),
    carrierRef: text('carrier_ref'),
    variables: json<Call['variables']>().notNull(),
    callbacks: json<StreamTicket['callbacks']>().notNull(),
    metadata: json<JsonObject>().notNull(),
    brief: text().$type<SealedText>(),
    voicemail: boolean().notNull(),
    expiresAt: moment('expires_at').notNull(),
  },
  (t) => [index('stream_tickets_expiry').on(t.expiresAt)],
);

/** A call outlives its assistant, so that the id is no foreign key. */
export const calls = pgTable(
  'calls',
  {
    id: text().$type<CallId>().primaryKey(),
    tenantId: text('tenant_id')
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    assistantId: text('assistant_id').$type<AssistantId>().notNull(),
    assistantName: text('assistant_name').notNull(),
    status: text().$type<Call['status']>().notNull(),
    type: text().$type<Call['type']>().notNull(),
    direction: text().$type<Call['direction']>().notNull(),
    from: text('from_number').notNull(),
    to: text('to_number').notNull(),
    carrierRef: text('carrier_ref'),
    nodeId: text('node_id').notNull(),
    variables: json<Call['variables']>().notNull(),
    callbacks: json<Call['callbacks']>().notNull(),
    metadata: json<JsonObject>().notNull(),
    startedAt: moment('started_at').notNull(),
    answeredAt: moment('answered_at'),
    endedAt: moment('ended_at'),
    durationMs: integer('duration_ms'),
    endReason: text('end_reason').$type<NonNullable<Call['endReason']>>(),
    recordingKey: text('recording_key'),
    analysis: json<NonNullable<Call['analysis']>>(),
  },
  (t) => [
    index('calls_newest').on(t.tenantId, t.startedAt.desc(), t.id.desc()),
    index('calls_of_assistant').on(t.tenantId, t.assistantId, t.startedAt.desc(), t.id.desc()),
    index('calls_active_of_tenant').on(t.tenantId).where(sql`${t.status} = 'active'`),
    index('calls_active_on_node').on(t.nodeId).where(sql`${t.status} = 'active'`),
    index('calls_by_carrier_ref').on(t.carrierRef),
  ],
);

/**
 * The log of each call. The writer joins with `calls`, so that an entry always has one; a foreign key would lock the
 * call's row again for each of the thousands of entries written each second.
 */
export const callEvents = pgTable(
  'call_events',
  {
    callId: text('call_id').$type<CallId>().notNull(),
    seq: integer().notNull(),
    tenantId: text('tenant_id').$type<TenantId>().notNull(),
    atMs: integer('at_ms').notNull(),
    turnId: text('turn_id').$type<TurnId>(),
    type: text().notNull(),
    body: json<JsonObject>().notNull(),
  },
  (t) => [primaryKey({ name: 'call_events_pkey', columns: [t.callId, t.seq] })],
);

/**
 * What a live call's log does not hold yet: the words being spoken. Written four times a second, read only when the
 * call's node died, deleted when the call ends.
 */
export const callProgress = pgTable('call_progress', {
  callId: text('call_id')
    .$type<CallId>()
    .primaryKey()
    .references(() => calls.id, { onDelete: 'cascade' }),
  tenantId: text('tenant_id').$type<TenantId>().notNull(),
  afterSeq: integer('after_seq').notNull(),
  atMs: integer('at_ms').notNull(),
  said: json<CallProgress['said']>(),
  heard: json<CallProgress['heard']>(),
});

/** Each try to deliver a webhook. A backend is asked before its call is stored, so that the call is no foreign key. */
export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    id: text().$type<DeliveryId>().primaryKey(),
    tenantId: text('tenant_id')
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    callId: text('call_id').$type<CallId>().notNull(),
    webhookId: text('webhook_id').notNull(),
    event: text().$type<WebhookDelivery['event']>().notNull(),
    host: text().notNull(),
    attempt: integer().notNull(),
    startedAt: moment('started_at').notNull(),
    endedAt: moment('ended_at'),
    status: integer(),
    failure: text(),
  },
  (t) => [
    unique('webhook_deliveries_attempt').on(t.callId, t.webhookId, t.attempt),
    index('webhook_deliveries_newest').on(t.tenantId, t.startedAt.desc(), t.id.desc()),
  ],
);

/** The carrier's side of outbound calls. */
export const dials = pgTable(
  'dials',
  {
    callId: text('call_id')
      .$type<CallId>()
      .primaryKey()
      .references(() => calls.id, { onDelete: 'cascade' }),
    tenantId: text('tenant_id')
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    account: text().$type<SealedText>(),
    status: text().$type<Dial['status']>().notNull(),
    machineDetection: text('machine_detection').$type<Dial['machineDetection']>(),
    timeoutSec: integer('timeout_sec').notNull(),
    answeredBy: text('answered_by'),
    lastSequence: integer('last_sequence').notNull(),
    tokenHash: text('token_hash').notNull().unique('dials_token'),
    brief: text().$type<SealedText>(),
    askedAt: moment('asked_at'),
    createdAt: moment('created_at').notNull(),
  },
  (t) => [index('dials_open').on(t.createdAt).where(sql`${t.status} in ('queued', 'initiated', 'ringing')`)],
);

export const usageRows = pgTable(
  'usage_rows',
  {
    id: text().$type<UsageId>().primaryKey(),
    tenantId: text('tenant_id')
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    key: text().notNull(),
    callId: text('call_id').$type<CallId>(),
    component: text().$type<UsageRow['component']>().notNull(),
    provider: text().notNull(),
    unit: text().$type<UsageRow['unit']>().notNull(),
    amount: bigint({ mode: 'number' }).notNull(),
    costMicros: bigint('cost_micros', { mode: 'number' }).notNull(),
    at: moment().notNull(),
  },
  (t) => [
    unique('usage_rows_once').on(t.tenantId, t.key),
    index('usage_rows_of_call').on(t.callId),
    index('usage_rows_by_time').on(t.tenantId, t.at),
    index('usage_rows_minutes').on(t.tenantId, t.at, t.amount).where(sql`${t.component} = 'call'`),
  ],
);

/** Appointments in the platform's own calendar. */
export const bookings = pgTable(
  'bookings',
  {
    id: text().$type<BookingId>().primaryKey(),
    tenantId: text('tenant_id')
      .$type<TenantId>()
      .notNull()
      .references(() => tenants.id, { onDelete: 'cascade' }),
    idempotencyKey: text('idempotency_key').notNull(),
    startAt: moment('start_at').notNull(),
    endAt: moment('end_at').notNull(),
    attendeeName: text('attendee_name').notNull(),
    attendeeEmail: text('attendee_email'),
    attendeePhone: text('attendee_phone'),
    notes: text().notNull(),
    status: text().$type<Booking['status']>().notNull(),
    callId: text('call_id').$type<CallId>(),
    createdAt: moment('created_at').notNull(),
  },
  (t) => [
    unique('bookings_once').on(t.tenantId, t.idempotencyKey),
    index('bookings_by_time').on(t.tenantId, t.startAt),
  ],
);
