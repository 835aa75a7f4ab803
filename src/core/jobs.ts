import type { CallError } from '#core/callbacks/incident';
import type { CallId, TenantId } from '#kernel/ids';

/** What each job is given. A job is at least once: its handler must bear being run twice. */
export interface JobPayloads {
  /** Summary, sentiment and the rest, after a call has ended. */
  'post-call': { tenantId: TenantId; callId: CallId };
  /**
   * Tells `url` of a call: of its end, or of an error. It is the assistant's address when the call ended, or one of the
   * tenant's backend.
   */
  'call-webhook': {
    tenantId: TenantId;
    callId: CallId;
    url: string;
    toBackend?: true;
    error?: { webhookId: string; event: CallError };
  };
  /** Adds a call's seconds to the meter of the payment vendor. */
  'report-usage': { tenantId: TenantId; callId: CallId };
  /** Takes up again whatever waits for that meter. */
  'report-waiting': Record<string, never>;
  /** Asks the payment vendor whether a tenant has a means of payment. */
  'refresh-payment-method': { tenantId: TenantId };
  /** Delivers an event of the sandbox of payments. */
  'sandbox-payment-event': { eventId: string };
  /** Deletes stream tickets that expired unused, and ends their calls. */
  'sweep-tickets': Record<string, never>;
  /** Ends calls of ours whose end the carrier never told. */
  'sweep-dials': Record<string, never>;
  /** Ends the calls of nodes that died. */
  'bury-nodes': Record<string, never>;
  /** Deletes idempotency records nobody is answered from any more. */
  'sweep-idempotency': Record<string, never>;
  /** Deletes what the delivery log holds of long ago. */
  'sweep-deliveries': Record<string, never>;
}

export type JobName = keyof JobPayloads;

export interface JobTerms {
  /** Tries in all, with growing pauses between them. */
  readonly maxAttempts: number;
  /** When it runs by itself (five cron fields, UTC), or null for a job that only runs when asked for. */
  readonly cron: string | null;
}

/** Every job there is. Adding one is a line here and a handler in src/jobs. */
export const JOBS: { readonly [N in JobName]: JobTerms } = {
  'post-call': { maxAttempts: 8, cron: null },
  // The pauses grow by the factor e: the last try is a day after the first.
  'call-webhook': { maxAttempts: 12, cron: null },
  // Within seven hours; what has not got through by then is taken up by `report-waiting`.
  'report-usage': { maxAttempts: 10, cron: null },
  'report-waiting': { maxAttempts: 3, cron: '40 * * * *' },
  'refresh-payment-method': { maxAttempts: 10, cron: null },
  'sandbox-payment-event': { maxAttempts: 12, cron: null },
  'sweep-tickets': { maxAttempts: 2, cron: '* * * * *' },
  'sweep-dials': { maxAttempts: 2, cron: '* * * * *' },
  'bury-nodes': { maxAttempts: 2, cron: '* * * * *' },
  'sweep-idempotency': { maxAttempts: 2, cron: '25 * * * *' },
  'sweep-deliveries': { maxAttempts: 2, cron: '50 3 * * *' },
};

export interface EnqueueOptions {
  /** Not before this moment. */
  readonly runAt?: Date;
  /** At most one job with this key is waiting; a second one takes the first one's place. */
  readonly key?: string;
  /** Jobs of one lane run one after another, so that what they wait for holds up nobody else's. */
  readonly lane?: string;
}
