import { join, resolve } from 'node:path';
import type { Log } from '#kernel/log';
import type { Account, AccountOptions } from './embedded-account.ts';
import { chooseAccount } from './embedded-account.ts';
import { postgresBinaries } from './embedded-binaries.ts';
import { DATABASE, prepareCluster, ROLE, syncCluster } from './embedded-cluster.ts';
import { lockFolder } from './embedded-lock.ts';
import { startServer } from './embedded-server.ts';

/** A PostgreSQL server that lives and dies with this process. */
export interface EmbeddedServer {
  /** For the application's role, with its password: a secret. */
  connectionString: string;
  /** How it runs: as this user, or by which way around root. */
  account: Account['kind'];
  /** Stops it (open transactions are rolled back) and frees the folder. */
  close(): Promise<void>;
}

export interface EmbeddedOptions {
  /** The database lives in `<dataDir>/postgres`. */
  dataDir: string;
  log: Log;
  /** Told what takes long, in words for the operator. */
  progress: (text: string) => void;
  /** Faster, and lost when the machine crashes: for tests only. */
  volatile?: boolean;
  /** Which ways around root may be taken; all when left out. */
  accounts?: AccountOptions['kinds'];
}

/**
 * Starts PostgreSQL on `<dataDir>/postgres`, listening on a free port of 127.0.0.1 only, and makes its files the first
 * time. It stops when this process ends, in whatever way, and is started again when it dies by itself. Throws an error
 * with advice when another process has the folder, the folder can't be used, or PostgreSQL won't start.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const { log, progress, volatile = false, accounts } = options;
  const home = join(resolve(options.dataDir), 'postgres');
  const binaries = await postgresBinaries();
  const lock = await lockFolder(home);
  try {
    const account = await chooseAccount({ binaries, home, log, ...(accounts ? { kinds: accounts } : {}) });
    const cluster = await prepareCluster({ account, log, progress });
    const { data } = cluster;
    progress('Starting the database');
    const server = await startServer({ account, data, log, progress, volatile });
    const synced = cluster.fresh && !volatile ? syncCluster(account, data) : Promise.resolve();
    const settled = synced.catch((error: Error) =>
      log.warn({ reason: error.message }, 'could not sync the new database'),
    );
    log.info({ port: server.port, account: account.kind, folder: data }, 'embedded PostgreSQL is up');
    return {
      connectionString: `postgres://${ROLE}:${cluster.password}@127.0.0.1:${server.port}/${DATABASE}`,
      account: account.kind,
      async close() {
        await settled;
        await server.stop();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
