import type pg from 'pg';
import { inject } from 'vitest';
import { openPool } from '#adapters/db/open';
import { silentLog } from '#kernel/log';

/** A database of this test file alone, with all migrations applied and no rows. */
export interface TestDatabase {
  pool: pg.Pool;
  /** For processes that a test starts, as their DATABASE_URL. */
  connectionString: string;
  /** Ends the pool and drops the database with whoever is still connected. */
  drop(): Promise<void>;
}

/**
 * Copies the run's migrated template (some 50 ms). The server is the one of DATABASE_URL, which must let its user
 * create databases, else an embedded one; see postgres.ts.
 */
export async function testDatabase(options: { poolSize?: number } = {}): Promise<TestDatabase> {
  const desk = inject('databaseDesk');
  const connectionString = await ask(desk, { method: 'POST' });
  const pool = openPool({ connectionString, log: silentLog, poolSize: options.poolSize ?? 10 });
  return {
    pool,
    connectionString,
    async drop() {
      await pool.end();
      await ask(desk, { method: 'DELETE', body: connectionString });
    },
  };
}

async function ask(desk: string, init: RequestInit): Promise<string> {
  const response = await fetch(desk, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`no test database: ${text}`);
  return text;
}
