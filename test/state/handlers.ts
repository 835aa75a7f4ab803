import type { JobContext, JobHandlers } from '#adapters/db/queue';
import { JOBS, type JobName } from '#core/jobs';

/** One handler for every job there is. */
export function handlersOf(
  run: (name: JobName, payload: unknown, context: JobContext) => Promise<void>,
): JobHandlers {
  const names = Object.keys(JOBS) as JobName[];
  return Object.fromEntries(
    names.map((name) => [name, (payload: unknown, context: JobContext) => run(name, payload, context)]),
  ) as JobHandlers;
}
