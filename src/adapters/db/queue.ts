import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseCronItems, type Runner, run, runOnce, type TaskList, type WorkerEvents } from 'graphile-worker';
import type pg from 'pg';
import { JOBS, type JobName, type JobPayloads } from '#core/jobs';
import { DomainError } from '#kernel/errors';
import type { Log } from '#kernel/log';
import { type Liveness, watchLiveness } from './queue-liveness.ts';
import { workerLogger } from './queue-log.ts';

/** The job queue of this process. */
export interface Queue {
  /**
   * Runs what is due now (of one job, or of all), what comes due while doing so, and once each job that has a timetable;
   * resolves with how many ran, also elsewhere, failures included. Throws `not_found` for a job that does not exist and
   * `unavailable` when not all have ended after a minute.
   */
  runDue(name?: string): Promise<number>;
  figures(): Promise<QueueFigures>;
  /** Jobs that used up their tries, the latest first. */
  failures(limit: number): Promise<FailedJob[]>;
  /** Starts no more jobs, waits for those under way (their signal aborts after 5 s), gives back what still runs after 15 s. */
  stop(): Promise<void>;
}

export interface QueueFigures {
  /** Due and waiting for a worker. */
  ready: number;
  /** Not due yet, retries included. */
  scheduled: number;
  running: number;
  /** Out of tries. */
  failed: number;
  /** How long the oldest of the ready ones has been due; 0 when none is. */
  oldestDueAgeMs: number;
}

export interface FailedJob {
  id: string;
  name: string;
  attempts: number;
  lastError: string | null;
  failedAt: Date;
}

export interface JobContext {
  /** Aborts when the process is about to stop. */
  signal: AbortSignal;
  /** 1 at the first try. */
  attempt: number;
}

export type JobHandlers = {
  readonly [N in JobName]: (payload: JobPayloads[N], context: JobContext) => Promise<void>;
};

export interface QueueOptions {
  /** Of a migrated database; two of its connections are kept. */
  pool: pg.Pool;
  handlers: JobHandlers;
  log: Log;
  /** Jobs at once; 0 runs none but by `runDue`. */
  concurrency: number;
  /** See queue-liveness.ts. */
  lookEveryMs?: number;
}

/** Batching, even without a delay, is what makes graphile-worker wait, when it stops, until outcomes are stored. */
const AWAIT_OUTCOMES = { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } };

type Task = NonNullable<TaskList[string]>;

const RUN_DUE_MS = 60_000;
const SETTLE_POLL_MS = 20;
const RESTART_MS = 1_000;
const STOP_MS = 15_000;
const DAY_MS = 86_400_000;

/**
 * Starts running jobs. One that throws is tried again after e^attempts seconds until its tries are used up, then kept
 * and counted as failed. One whose process dies is run again by another (or the next) process within seconds.
 */
export async function startQueue(options: QueueOptions): Promise<Queue> {
  const { pool, log, concurrency, lookEveryMs } = options;
  const tasks = tasksOf(options.handlers);
  const liveness = watchLiveness({ pool, log, ...(lookEveryMs === undefined ? {} : { lookEveryMs }) });
  const events = eventsFor(liveness, log);
  const logger = workerLogger(log);
  const shared = { pgPool: pool, logger, noHandleSignals: true, events, preset: AWAIT_OUTCOMES };
  const worker =
    concurrency > 0
      ? keepWorking({ start: () => startRunner({ ...shared, concurrency }, tasks), log })
      : undefined;
  return {
    async runDue(name) {
      const names = name === undefined ? Object.keys(tasks) : [name];
      if (names.some((one) => !Object.hasOwn(tasks, one))) {
        throw new DomainError('not_found', 'There is no such job.', { field: 'name' });
      }
      const chosen = Object.fromEntries(names.map((one) => [one, tasks[one] as Task]));
      return runDue(pool, names as JobName[], () => runOnce({ ...shared, concurrency: 4 }, chosen));
    },
    figures: () => figures(pool),
    failures: (limit) => failures(pool, limit),
    async stop() {
      await worker?.stop();
      await liveness.stop();
    },
  };
}

function tasksOf(handlers: JobHandlers): TaskList {
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => {
      const task: Task = async (payload, { abortSignal, job }) => {
        // The timetable puts its own note beside the payload.
        const { _cron, ...own } = payload as Record<string, unknown>;
        await (handler as (payload: unknown, context: JobContext) => Promise<void>)(own, {
          signal: abortSignal,
          attempt: job.attempts,
        });
      };
      return [name, task];
    }),
  );
}

function eventsFor(liveness: Liveness, log: Log): WorkerEvents {
  const events: WorkerEvents = new EventEmitter();
  events.on('pool:create', ({ workerPool }) => {
    liveness.add(workerPool.id);
    const remove = () => liveness.remove(workerPool.id);
    workerPool.promise.then(remove, remove);
  });
  events.on('job:error', ({ job, error }) => {
    const { task_identifier: name, attempts, max_attempts: tries } = job;
    const reason = error instanceof Error ? error.message : String(error);
    const fields = { job: name, id: job.id, attempts, tries, reason };
    if (attempts < tries) log.warn(fields, 'a job failed and will be tried again');
    else log.error(fields, 'a job failed for good');
  });
  return events;
}

type RunnerOptions = Parameters<typeof run>[0];

function startRunner(options: RunnerOptions, tasks: TaskList): Promise<Runner> {
  const crons = Object.entries(JOBS).flatMap(([name, { cron, maxAttempts }]) =>
    cron === null
      ? []
      : {
          task: name,
          identifier: name,
          match: cron,
          // What a stop of the server made us miss runs once, however often it was missed.
          options: { maxAttempts, backfillPeriod: DAY_MS, jobKey: `timetable:${name}` },
        },
  );
  return run(options, tasks, parseCronItems(crons));
}

interface Work {
  start(): Promise<Runner>;
  log: Log;
}

/** Keeps a runner running: it ends itself when the database is away at the wrong moment. */
function keepWorking({ start, log }: Work): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  let runner: Runner | undefined;
  const loop = async () => {
    while (!signal.aborted) {
      try {
        runner = await start();
        if (signal.aborted) await runner.stop();
        await runner.promise;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (!signal.aborted) log.warn({ reason }, 'the job queue stopped; starting it again');
      }
      runner = undefined;
      await sleep(RESTART_MS, undefined, { signal }).catch(() => undefined);
    }
  };
  const done = loop();
  return {
    async stop() {
      stopping.abort();
      const current = runner;
      const late = setTimeout(
        () => current?.kill('jobs did not end in time').catch(() => undefined),
        STOP_MS,
      );
      await current
        ?.stop()
        .catch((error: Error) => log.debug({ reason: error.message }, 'the job queue did not stop cleanly'));
      await done;
      clearTimeout(late);
    },
  };
}

async function runDue(pool: pg.Pool, names: readonly JobName[], work: () => Promise<void>): Promise<number> {
  for (const name of names) {
    const { cron, maxAttempts } = JOBS[name];
    if (cron === null) continue;
    await pool.query('select graphile_worker.add_job($1, max_attempts => $2, job_key => $3)', [
      name,
      maxAttempts,
      `timetable:${name}`,
    ]);
  }
  const seen = new Set<string>();
  const deadline = performance.now() + RUN_DUE_MS;
  for (;;) {
    const due = await dueJobs(pool, names);
    if (due.length === 0) return seen.size;
    for (const id of due) seen.add(id);
    if (performance.now() > deadline) {
      throw new DomainError('unavailable', 'Not all jobs that are due have ended yet.');
    }
    await work();
    await sleep(SETTLE_POLL_MS);
  }
}

/** Ids of the jobs that are due or being run. */
async function dueJobs(pool: pg.Pool, names: readonly JobName[]): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select id::text from graphile_worker.jobs
     where task_identifier = any($1) and ((run_at <= now() and attempts < max_attempts) or locked_at is not null)`,
    [names],
  );
  return rows.map(({ id }) => id);
}

async function figures(pool: pg.Pool): Promise<QueueFigures> {
  const { rows } = await pool.query<QueueFigures>(
    `select count(*) filter (where waiting and run_at <= now())::int as ready,
            count(*) filter (where waiting and run_at > now())::int as scheduled,
            count(*) filter (where locked_at is not null)::int as running,
            count(*) filter (where locked_at is null and attempts >= max_attempts)::int as failed,
            coalesce(extract(epoch from now() - min(run_at) filter (where waiting and run_at <= now())) * 1000, 0)
              ::float8 as "oldestDueAgeMs"
     from (select *, locked_at is null and attempts < max_attempts as waiting from graphile_worker.jobs) as jobs`,
  );
  return rows[0] as QueueFigures;
}

async function failures(pool: pg.Pool, limit: number): Promise<FailedJob[]> {
  const { rows } = await pool.query<FailedJob>(
    `select id::text, task_identifier as name, attempts, last_error as "lastError", updated_at as "failedAt"
     from graphile_worker.jobs where locked_at is null and attempts >= max_attempts
     order by updated_at desc, id desc limit $1`,
    [limit],
  );
  return rows;
}
