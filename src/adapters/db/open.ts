import pg from 'pg';
import type { Log } from '#kernel/log';
import { startEmbedded } from './embedded.ts';
import { checkServer } from './server.ts';

/** The database of this process. */
export interface Database {
  pool: pg.Pool;
  /** With the password in it: a secret. */
  connectionString: string;
  kind: 'embedded' | 'server';
  /** Waits for queries under way, closes the pool and stops the embedded server. */
  close(): Promise<void>;
}

export interface OpenOptions {
  /** A PostgreSQL 15+ server; null or left out, one is started in `dataDir`. */
  databaseUrl?: string | null;
  dataDir: string;
  log: Log;
  /** Told what takes long, in words for the operator. */
  progress?: (text: string) => void;
  /** Most connections at once. */
  poolSize?: number;
}

const POOL_SIZE = 20;
const IDLE_MS = 30_000;
const CONNECT_MS = 15_000;

/** Opens the server of `databaseUrl`, or starts the embedded one. Throws an error with advice when neither answers. */
export async function openDatabase(options: OpenOptions): Promise<Database> {
  const { databaseUrl = null, dataDir, log, progress = () => undefined, poolSize = POOL_SIZE } = options;
  if (databaseUrl !== null) {
    const connectionString = await checkServer({ databaseUrl, progress });
    const pool = openPool({ connectionString, log, poolSize });
    return { pool, connectionString, kind: 'server', close: () => pool.end() };
  }
  const server = await startEmbedded({ dataDir, log, progress });
  const { connectionString } = server;
  const pool = openPool({ connectionString, log, poolSize });
  return {
    pool,
    connectionString,
    kind: 'embedded',
    async close() {
      await pool.end();
      await server.close();
    },
  };
}

export interface PoolOptions {
  connectionString: string;
  log: Log;
  poolSize: number;
}

/** A pool whose lost connections are logged and replaced; without listeners they would end the process. */
export function openPool({ connectionString, log, poolSize }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: poolSize,
    application_name: 'patchbay',
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    idleTimeoutMillis: IDLE_MS,
    connectionTimeoutMillis: CONNECT_MS,
  });
  pool.on('error', (error) => log.warn({ error: error.message }, 'lost an idle database connection'));
  pool.on('connect', (client) => {
    client.on('error', (error) => log.warn({ error: error.message }, 'lost a database connection in use'));
  });
  return pool;
}
