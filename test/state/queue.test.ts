import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JobContext, type Queue, type QueueOptions, startQueue } from '#adapters/db/queue';
import { openUnitOfWork } from '#adapters/db/uow';
import type { JobName } from '#core/jobs';
import { silentLog } from '#kernel/log';
import { type TestDatabase, testDatabase } from '#test/support/database';
import { until } from '#test/support/until';
import { handlersOf } from './handlers.ts';
import { killChildren, runChild } from './run-child.ts';

interface Ran {
  name: JobName;
  payload: unknown;
  attempt: number;
}

let database: TestDatabase;
let ran: Ran[];
let fail: (job: Ran) => void;
const queues: Queue[] = [];

beforeEach(async () => {
  database = await testDatabase();
  ran = [];
  fail = () => undefined;
});
afterEach(async () => {
  killChildren();
  await Promise.all(queues.splice(0).map((queue) => queue.stop()));
  await database.drop();
});

async function start(options: Partial<QueueOptions> = {}): Promise<Queue> {
  const run = async (name: JobName, payload: unknown, context: JobContext) => {
    const job = { name, payload, attempt: context.attempt };
    ran.push(job);
    fail(job);
  };
  const handlers = handlersOf(run, { withTimetabled: options.concurrency === 0 });
  const queue = await startQueue({
    pool: database.pool,
    handlers,
    log: silentLog,
    concurrency: 2,
    lookEveryMs: 200,
    ...options,
  });
  queues.push(queue);
  return queue;
}

const work = () => openUnitOfWork(database.pool);
const order = { tenantId: 'ten_1', callId: 'call_1' } as never;

describe('the job queue', () => {
  it('runs a job once its transaction commits, soon after', async () => {
    const queue = await start();
    const uow = await work();
    await uow.system.write(async (tx) => {
      await tx.enqueue('post-call', order);
      expect(await queue.runDue('post-call')).toBe(0);
      expect(ran).toEqual([]);
    });
    await until(() => ran.length > 0);
    expect(ran).toEqual([{ name: 'post-call', payload: order, attempt: 1 }]);
  });

  it('never runs a job whose transaction was rolled back', async () => {
    const queue = await start();
    const uow = await work();
    const attempt = uow.system.write(async (tx) => {
      await tx.enqueue('post-call', order);
      throw new Error('no');
    });
    await expect(attempt).rejects.toThrow();
    await uow.system.write((tx) => tx.enqueue('post-call', { ...(order as object), after: true } as never));
    await until(() => ran.length > 0);
    await queue.runDue('post-call');
    expect(ran.map(({ payload }) => payload)).toEqual([{ tenantId: 'ten_1', callId: 'call_1', after: true }]);
  });

  it('runs a job again whose process was killed', async () => {
    const uow = await work();
    await uow.system.write((tx) => tx.enqueue('post-call', order));
    const child = runChild(['work', database.connectionString]);
    expect(await child.next()).toEqual({ took: 'post-call' });
    // A job of a worker that never was is given back; that of the living one, looked at as often, is not.
    await database.pool.query("select graphile_worker.add_job('report-usage')");
    await database.pool.query(
      `update graphile_worker._private_jobs set locked_at = now(), locked_by = 'pool-gone' where locked_by is null`,
    );
    await start();
    await until(() => ran.length > 0);
    expect(ran.splice(0)).toMatchObject([{ name: 'report-usage' }]);
    child.process.kill('SIGKILL');
    await until(() => ran.length > 0);
    expect(ran).toEqual([{ name: 'post-call', payload: order, attempt: 2 }]);
  });

  it('tries a failed job again later, and keeps one that is out of tries where it can be seen', async () => {
    const queue = await start({ concurrency: 0 });
    fail = () => {
      throw new Error('vendor away');
    };
    await database.pool.query("select graphile_worker.add_job('post-call', '{}', max_attempts => 2)");
    expect(await queue.runDue('post-call')).toBe(1);
    expect(await queue.figures()).toMatchObject({ ready: 0, scheduled: 1, failed: 0 });
    const { rows } = await database.pool.query(
      "select run_at > now() + interval '1 second' as later from graphile_worker.jobs",
    );
    expect(rows).toEqual([{ later: true }]);

    await database.pool.query('update graphile_worker._private_jobs set run_at = now()');
    expect(await queue.runDue('post-call')).toBe(1);
    expect(ran.map(({ attempt }) => attempt)).toEqual([1, 2]);
    expect(await queue.figures()).toMatchObject({ ready: 0, scheduled: 0, running: 0, failed: 1 });
    expect(await queue.failures(10)).toMatchObject([
      { name: 'post-call', attempts: 2, lastError: 'vendor away', failedAt: expect.any(Date) },
    ]);
    expect(await queue.runDue('post-call')).toBe(0);
  });

  it('runs what is due and what comes of it, waits for it and counts it', async () => {
    const queue = await start();
    const uow = await work();
    await uow.system.write(async (tx) => {
      for (let i = 0; i < 5; i++) await tx.enqueue('post-call', order);
      await tx.enqueue('post-call', order, { runAt: new Date(Date.now() + 3_600_000) });
    });
    // Workers that run in the background may have had some of them already.
    const before = ran.length;
    const count = await queue.runDue('post-call');
    expect(ran).toHaveLength(5);
    expect(count).toBeGreaterThanOrEqual(5 - before - 2);
    expect(await queue.figures()).toMatchObject({ ready: 0, running: 0, scheduled: 1 });
  });

  it('runs a job that has a timetable when it is asked for, once', async () => {
    const queue = await start({ concurrency: 0 });
    expect(await queue.runDue('sweep-tickets')).toBe(1);
    expect(ran).toEqual([{ name: 'sweep-tickets', payload: {}, attempt: 1 }]);
    expect(await queue.figures()).toMatchObject({ ready: 0, scheduled: 0, running: 0, failed: 0 });
  });

  it('says that a job does not exist', async () => {
    const queue = await start({ concurrency: 0 });
    await expect(queue.runDue('toString')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('tells how long the oldest due job has waited', async () => {
    const queue = await start({ concurrency: 0 });
    expect((await queue.figures()).oldestDueAgeMs).toBe(0);
    await database.pool.query(
      "select graphile_worker.add_job('post-call', '{}', run_at => now() - interval '90 seconds')",
    );
    const { ready, oldestDueAgeMs } = await queue.figures();
    expect(ready).toBe(1);
    expect(oldestDueAgeMs).toBeGreaterThan(89_000);
    expect(oldestDueAgeMs).toBeLessThan(150_000);
  });

  it('waits for a running job when it stops, after asking it to hurry', async () => {
    let ended = false;
    const handlers = handlersOf(async (_name, _payload, { signal }) => {
      ran.push({ name: 'post-call', payload: null, attempt: 1 });
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      ended = true;
    });
    const queue = await start({ handlers });
    await database.pool.query("select graphile_worker.add_job('post-call', '{}')");
    await until(() => ran.length > 0);
    await queue.stop();
    queues.pop();
    expect(ended).toBe(true);
    const { rows } = await database.pool.query('select id from graphile_worker.jobs');
    expect(rows).toEqual([]);
  });

  it('tells its doings to our log alone, without payloads', async () => {
    const lines: string[] = [];
    const write = (fields: object, message: string) => void lines.push(JSON.stringify([fields, message]));
    const log = { debug: write, info: write, warn: write, error: write };
    const queue = await start({ concurrency: 0, log });
    fail = () => {
      throw new Error('vendor away');
    };
    const payload = JSON.stringify({ callId: 'call_confidential' });
    await database.pool.query("select graphile_worker.add_job('post-call', $1::json, max_attempts => 1)", [
      payload,
    ]);
    await queue.runDue('post-call');
    expect(lines.some((line) => line.includes('failed for good') && line.includes('vendor away'))).toBe(true);
    expect(lines.join('\n')).not.toContain('confidential');
  });
});
