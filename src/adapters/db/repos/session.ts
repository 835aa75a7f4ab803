import type { NodePgDatabase } from 'drizzle-orm/node-postgres';

/** Drizzle on the connection of one transaction. Only the unit of work makes one. */
export type Session = NodePgDatabase<Record<string, never>>;

/** The first of the rows that a query by unique key gave. */
export function single<T>(rows: readonly T[]): T | null {
  return rows[0] ?? null;
}
