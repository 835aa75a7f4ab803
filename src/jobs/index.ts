import type { JobName, JobPayloads } from '#core/jobs';
import type { Services } from '#core/services';
import { callWebhook } from './call-webhook.ts';
import { type PostCallDeps, postCall } from './post-call.ts';

type Handlers = {
  readonly [N in JobName]: (payload: JobPayloads[N], context: { signal: AbortSignal }) => Promise<void>;
};

/** The handler of every job there is. */
export function jobHandlers(
  deps: PostCallDeps & { services: Pick<Services, 'webhooks' | 'idempotency'> },
): Handlers {
  return {
    'post-call': postCall(deps),
    'call-webhook': callWebhook(deps),
    'sweep-tickets': async () => void (await deps.services.admission.sweep()),
    'sweep-idempotency': async () => void (await deps.services.idempotency.sweep()),
  };
}
