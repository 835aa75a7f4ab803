import type { JobPayloads } from '#core/jobs';
import type { Services } from '#core/services';

/** Tells a tenant that a call has ended, or what went wrong. What its receiver has taken once is not sent again. */
export function callWebhook(deps: { services: Pick<Services, 'webhooks'> }) {
  return (
    order: JobPayloads['call-webhook'],
    { signal, attempt }: { signal: AbortSignal; attempt: number },
  ): Promise<void> => deps.services.webhooks.deliver(order, signal, attempt);
}
