import type { JobName, JobPayloads } from '#core/jobs';
import { type PostCallDeps, postCall } from './post-call.ts';

type Handlers = { readonly [N in JobName]: (payload: JobPayloads[N]) => Promise<void> };

/** The handler of every job there is. */
export function jobHandlers(deps: PostCallDeps): Handlers {
  return {
    'post-call': postCall(deps),
    'sweep-tickets': async () => void (await deps.services.admission.sweep()),
  };
}
