import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { runMigrations } from 'graphile-worker';
import type pg from 'pg';
import type { Log } from '#kernel/log';
import { workerLogger } from './queue-log.ts';

export interface MigrateOptions {
  pool: pg.Pool;
  log: Log;
  /** Told when another node is migrating and this one waits. */
  progress?: (text: string) => void;
  /** A folder of generated migrations in place of ours. */
  folder?: string;
}

/** The advisory lock of whoever migrates; any fixed number that nobody else uses. */
const LOCK = 7_203_418_665_101;

const MIGRATIONS = fileURLToPath(new URL('./migrations', import.meta.url));

/**
 * Brings the tables and the job queue's schema up to date. Of several nodes that start at once one does it and the
 * others wait; a migration is applied whole or not at all. Throws what PostgreSQL says when one fails.
 */
export async function migrateDatabase({ pool, log, progress, folder }: MigrateOptions): Promise<void> {
  const client = await pool.connect();
  let failure: Error | undefined;
  try {
    const { rows } = await client.query<{ held: boolean }>(`select pg_try_advisory_lock(${LOCK}) as held`);
    if (!rows[0]?.held) {
      progress?.('Waiting for another node to bring the database up to date');
      await client.query(`select pg_advisory_lock(${LOCK})`);
    }
    const migrationsFolder = folder ?? MIGRATIONS;
    await migrate(drizzle(client), { migrationsFolder });
    await warnIfNewer(client, { log, migrationsFolder });
    await runMigrations({ pgPool: pool, logger: workerLogger(log) });
    await client.query(`select pg_advisory_unlock(${LOCK})`);
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw failure;
  } finally {
    // A connection that failed may still hold the lock: closing it gives it back.
    client.release(failure);
  }
}

/** An older Patchbay on a newer database may fail in any way: the operator must at least be told. */
async function warnIfNewer(
  client: pg.PoolClient,
  { log, migrationsFolder }: { log: Log; migrationsFolder: string },
): Promise<void> {
  const ours = readMigrationFiles({ migrationsFolder }).map(({ folderMillis }) => folderMillis);
  const { rows } = await client.query<{ newest: string | null }>(
    'select max(created_at) as newest from drizzle.__drizzle_migrations',
  );
  if (Number(rows[0]?.newest ?? 0) <= Math.max(0, ...ours)) return;
  log.warn({}, 'the database was brought up to date by a newer Patchbay; this one may not understand it');
}
