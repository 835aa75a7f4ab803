import { Type } from 'typebox';
import { JOBS, type JobName } from '#core/jobs';
import type { RouteModule } from '#http/dialect';
import { DomainError } from '#kernel/errors';

/** Runs jobs outside their hours. */
export interface JobRunner {
  /**
   * Runs what is due now, of every job or of the one named (which counts as due when it has a timetable), waits for it,
   * and says how many ran.
   */
  runDue(name: JobName | null): Promise<number>;
}

/** The body may be left out. */
const Order = Type.Union([Type.Object({ name: Type.Optional(Type.String({ minLength: 1 })) }), Type.Null()]);

/** Jobs at the operator's word. */
export const jobRoutes =
  (jobs: JobRunner): RouteModule =>
  (app) => {
    app.post('/jobs/run', { schema: { body: Order } }, async (request) => ({
      ran: await jobs.runDue(readName(request.body?.name)),
    }));
  };

function readName(given: string | undefined): JobName | null {
  if (given === undefined) return null;
  if (Object.hasOwn(JOBS, given)) return given as JobName;
  const names = Object.keys(JOBS).join(', ');
  throw new DomainError('invalid', `There is no job of that name; there are: ${names}.`, { field: 'name' });
}
