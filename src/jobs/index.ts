import type { JobName, JobPayloads } from '#core/jobs';
import type { Services } from '#core/services';
import { callWebhook } from './call-webhook.ts';
import { type PostCallDeps, postCall } from './post-call.ts';
import { type PaymentSandbox, sandboxPaymentEvent } from './sandbox-payment-event.ts';

type Handlers = {
  readonly [N in JobName]: (
    payload: JobPayloads[N],
    context: { signal: AbortSignal; attempt: number },
  ) => Promise<void>;
};

/** The handler of every job there is. */
export function jobHandlers(
  deps: PostCallDeps & {
    services: Pick<Services, 'webhooks' | 'billing' | 'idempotency' | 'dialing' | 'nodes'>;
    /** Null where payments are the real vendor's. */
    paymentSandbox: PaymentSandbox | null;
  },
): Handlers {
  return {
    'post-call': postCall(deps),
    'call-webhook': callWebhook(deps),
    'report-usage': (order, { signal }) => deps.services.billing.reportUsage(order, signal),
    'report-waiting': async () => void (await deps.services.billing.reportWaiting()),
    'refresh-payment-method': (order, { signal }) =>
      deps.services.billing.refreshPaymentMethod(order, signal),
    'sandbox-payment-event': sandboxPaymentEvent(deps),
    'sweep-tickets': async () => void (await deps.services.admission.sweep()),
    'sweep-dials': async () => void (await deps.services.dialing.sweep()),
    'bury-nodes': async () => void (await deps.services.nodes.bury()),
    'sweep-idempotency': async () => void (await deps.services.idempotency.sweep()),
    'sweep-deliveries': async () => void (await deps.services.webhooks.sweep()),
  };
}
