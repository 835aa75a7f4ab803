import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Log } from '#kernel/log';

/** Shows other nodes which workers live here, and gives back the jobs of workers that died anywhere. */
export interface Liveness {
  /** A worker of this process, by the name it locks jobs under. */
  add(worker: string): void;
  remove(worker: string): void;
  stop(): Promise<void>;
}

export interface LivenessOptions {
  pool: pg.Pool;
  log: Log;
  /** A worker that shows no life in two looks this far apart is dead. */
  lookEveryMs?: number;
}

/** First half of the advisory locks' keys: any number that nobody else uses. */
const LOCK_CLASS = 1_885_433_448;
const LOOK_EVERY_MS = 5_000;
const RECONNECT_MS = 1_000;

/**
 * graphile-worker itself would leave the jobs of a killed process locked for four hours. Here each worker holds an
 * advisory lock over one connection of its process, which PostgreSQL frees when that process or its machine dies; jobs
 * locked under a name whose advisory lock is gone are given back. Two looks, because a live worker loses its advisory
 * lock for a moment when its connection breaks.
 */
export function watchLiveness({ pool, log, lookEveryMs = LOOK_EVERY_MS }: LivenessOptions): Liveness {
  const ours = new Set<string>();
  const stopping = new AbortController();
  const { signal } = stopping;
  let client: pg.PoolClient | undefined;
  let suspects: ReadonlySet<string> = new Set();

  const show = (worker: string) =>
    client?.query('select pg_try_advisory_lock_shared($1, $2)', [LOCK_CLASS, lockKey(worker)]);

  const connect = async (): Promise<pg.PoolClient> => {
    const fresh = await pool.connect();
    fresh.once('error', () => {
      client = undefined;
      fresh.release(true);
    });
    client = fresh;
    for (const worker of ours) await show(worker);
    return fresh;
  };

  const run = async () => {
    while (!signal.aborted) {
      try {
        suspects = await giveBack(client ?? (await connect()), { suspects, log });
        await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ error: messageOf(error) }, 'could not look for jobs of dead workers');
        await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  };
  const running = run();

  return {
    add(worker) {
      ours.add(worker);
      show(worker)?.catch(() => undefined);
    },
    remove(worker) {
      ours.delete(worker);
      client
        ?.query('select pg_advisory_unlock_shared($1, $2)', [LOCK_CLASS, lockKey(worker)])
        .catch(() => undefined);
    },
    async stop() {
      stopping.abort();
      await running;
      // Closing the connection frees its advisory locks.
      client?.removeAllListeners('error').on('error', () => undefined);
      client?.release(true);
      client = undefined;
    },
  };
}

interface Look {
  suspects: ReadonlySet<string>;
  log: Log;
}

/** Gives back the jobs of those seen dead now and the last time; returns those seen dead now. */
async function giveBack(client: pg.PoolClient, { suspects, log }: Look): Promise<ReadonlySet<string>> {
  const { rows: workers } = await client.query<{ worker: string }>(
    'select distinct locked_by as worker from graphile_worker.jobs where locked_by is not null',
  );
  if (workers.length === 0) return new Set();
  const { rows: locks } = await client.query<{ key: string }>(
    `select objid::text as key from pg_locks
     where locktype = 'advisory' and classid = $1 and granted
       and database = (select oid from pg_database where datname = current_database())`,
    [LOCK_CLASS],
  );
  const alive = new Set(locks.map(({ key }) => Number(key)));
  const dead = workers.map(({ worker }) => worker).filter((worker) => !alive.has(lockKey(worker)));
  const confirmed = dead.filter((worker) => suspects.has(worker));
  if (confirmed.length > 0) {
    log.warn({ workers: confirmed }, 'giving back the jobs of workers that died');
    await client.query('select graphile_worker.force_unlock_workers($1::text[])', [confirmed]);
  }
  return new Set(dead);
}

/** Second half of a worker's lock key: 31 bits of its name's SHA-256. */
function lockKey(worker: string): number {
  return createHash('sha256').update(worker).digest().readUInt32BE(0) >>> 1;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
