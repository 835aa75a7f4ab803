import { pgTable, text } from 'drizzle-orm/pg-core';
import { moment } from './columns.ts';

/** Processes that hold calls. One that has not said for a while that it lives has died with its calls. */
export const nodes = pgTable('nodes', {
  id: text().primaryKey(),
  seenAt: moment('seen_at').notNull(),
});

/** Where callers go once their stream has ended, read once by the carrier's next request, at whichever node. */
export const transfers = pgTable('transfers', {
  carrierRef: text('carrier_ref').primaryKey(),
  to: text('to_number').notNull(),
  expiresAt: moment('expires_at').notNull(),
});
