import type { JobContext, JobHandlers } from '#adapters/db/queue';
import { JOBS, type JobName } from '#core/jobs';

type Run = (name: JobName, payload: unknown, context: JobContext) => Promise<void>;

/**
 * One handler for every job there is. Those with a timetable do nothing unless `withTimetabled` asks for them: a queue
 * that works starts some with every minute of the clock, in the middle of any test.
 */
export function handlersOf(run: Run, { withTimetabled = false } = {}): JobHandlers {
  const names = Object.keys(JOBS) as JobName[];
  const handler = (name: JobName) => async (payload: unknown, context: JobContext) => {
    if (withTimetabled || JOBS[name].cron === null) await run(name, payload, context);
  };
  return Object.fromEntries(names.map((name) => [name, handler(name)])) as JobHandlers;
}
