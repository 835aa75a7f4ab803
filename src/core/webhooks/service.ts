import { announceIncident } from '#core/callbacks/announce';
import { type Incident, incidentCall } from '#core/callbacks/incident';
import type { CallDetail } from '#core/calls/call';
import type { Calls } from '#core/calls/service';
import { notFound } from '#core/fields';
import { JOBS, type JobPayloads } from '#core/jobs';
import { permit } from '#core/permission';
import type { UnitOfWork } from '#core/uow';
import { callEnded } from '#core/webhooks/call-ended';
import { type Letter, makePost, type Post, type PostDeps } from '#core/webhooks/post';
import { isTaken, type WebhookDelivery } from '#core/webhooks/webhook';
import { DomainError } from '#kernel/errors';
import { type CallId, isId } from '#kernel/ids';
import { makeScope, type Scope } from '#kernel/scope';

export interface Webhooks {
  /**
   * Tells an address of a call that has ended, or of an error, once: what has been taken is not sent again. An
   * assistant's address is the one it has now; of one deleted meanwhile, the one the order names. Throws `upstream` when
   * it is to be tried again. `attempt` counts from 1: an end that the tenant's backend did not take on the last one is an
   * incident. Two at once for one event may both send.
   */
  deliver(order: JobPayloads['call-webhook'], signal: AbortSignal, attempt?: number): Promise<void>;
  /** The tries to deliver what a call's receivers were told, oldest first. Throws `not_found`. */
  deliveries(scope: Scope, callId: string): Promise<WebhookDelivery[]>;
  /** Deletes tries that are older than the log goes back, thirty days; how many. */
  sweep(): Promise<number>;
  /** What the tenant's receivers check signatures with. Throws `forbidden`. */
  signingSecret(scope: Scope): string;
}

export interface WebhookDeps extends PostDeps {
  readonly uow: UnitOfWork;
  /** Where the recording of a call is fetched. */
  recordingUrl(callId: CallId): string;
}

/** Nobody reads the answer; a receiver may say something all the same. */
const LIMITS = { timeoutMs: 15_000, maxResponseBytes: 1_000_000 };

/** Long after the last try of anything. */
const LOGGED_MS = 30 * 24 * 3_600_000;

const MAX_TRIES = JOBS['call-webhook'].maxAttempts;

export function makeWebhooks(deps: WebhookDeps & { calls: Pick<Calls, 'get'> }): Webhooks {
  return new WebhookService(deps);
}

type Order = JobPayloads['call-webhook'];

/** A letter whose address may turn out to be gone when it is sent. */
interface Draft {
  readonly letter: Letter;
  /** The call whose end it tells the backend of. */
  readonly endOf: CallDetail | null;
}

class WebhookService implements Webhooks {
  readonly #deps: WebhookDeps & { calls: Pick<Calls, 'get'> };
  readonly #post: Post;

  constructor(deps: WebhookDeps & { calls: Pick<Calls, 'get'> }) {
    this.#deps = deps;
    this.#post = makePost(deps);
  }

  async deliver(order: Order, signal: AbortSignal, attempt = 1): Promise<void> {
    const { uow } = this.#deps;
    const scope = makeScope(order.tenantId, { kind: 'system' }, 'owner');
    const draft = await this.#draft(scope, order);
    if (!draft) return;
    const { letter, endOf } = draft;
    const delivery = await uow.write(scope, async (tx) => {
      const before = await tx.deliveries.tries(letter.callId, letter.webhookId);
      return before.some(isTaken) ? null : this.#post.begin(tx, letter);
    });
    if (!delivery) return;
    const { status, failure } = await this.#post.send(letter, LIMITS, signal);
    await uow.write(scope, async (tx) => {
      await this.#post.end(tx, delivery, { status, failure });
      if (failure === null || endOf === null || attempt < MAX_TRIES) return;
      await announceIncident(tx, incidentCall(endOf), this.#givenUp(failure));
    });
    if (failure !== null) throw new DomainError('upstream', `The webhook failed: ${failure}`);
  }

  deliveries(scope: Scope, callId: string): Promise<WebhookDelivery[]> {
    return this.#deps.uow.read(scope, async (repos) => {
      const call = isId('call', callId) ? await repos.calls.find(callId) : null;
      if (!call) throw notFound('Call');
      return repos.deliveries.ofCall(call.id);
    });
  }

  sweep(): Promise<number> {
    const { uow, clock } = this.#deps;
    return uow.system.write((tx) => tx.deliveries.sweep(new Date(clock.nowMs() - LOGGED_MS)));
  }

  signingSecret(scope: Scope): string {
    permit(scope, 'manage');
    return this.#deps.signingSecret(scope.tenantId);
  }

  /** What is to be sent where; null when there is nothing to tell, or nobody. */
  async #draft(scope: Scope, order: Order): Promise<Draft | null> {
    const { tenantId, callId, error, toBackend } = order;
    if (error) {
      const { webhookId, event } = error;
      const body = JSON.stringify(event);
      return {
        letter: { tenantId, callId, webhookId, event: 'call.error', url: order.url, body },
        endOf: null,
      };
    }
    const call = await this.#deps.calls.get(scope, callId);
    const event = callEnded(call, this.#deps.recordingUrl);
    const url = toBackend ? order.url : await this.#assistantsUrl(scope, call, order.url);
    if (!event || url === null) return null;
    const webhookId = toBackend ? `callback_ended_${callId}` : `ended_${callId}`;
    const body = JSON.stringify(event);
    const letter: Letter = { tenantId, callId, webhookId, event: 'call.ended', url, body };
    return { letter, endOf: toBackend ? call : null };
  }

  #assistantsUrl(scope: Scope, call: CallDetail, lastUrl: string): Promise<string | null> {
    return this.#deps.uow.read(scope, async (repos) => {
      const assistant = await repos.assistants.find(call.assistantId);
      return assistant ? assistant.endedWebhookUrl : lastUrl;
    });
  }

  #givenUp(failure: string): Incident {
    const message = `The end of the call was told in vain ${MAX_TRIES} times; the last time: ${failure}`;
    return { kind: 'end_callback_failed', message, at: new Date(this.#deps.clock.nowMs()) };
  }
}
