import type { CallDetail } from '#core/calls/call';
import type { Calls } from '#core/calls/service';
import { notFound } from '#core/fields';
import type { JobPayloads } from '#core/jobs';
import { permit } from '#core/permission';
import type { OutboundHttp, OutboundResponse } from '#core/ports';
import type { UnitOfWork } from '#core/uow';
import { callEnded } from '#core/webhooks/call-ended';
import { webhookHeaders } from '#core/webhooks/signature';
import { isTaken, type WebhookDelivery } from '#core/webhooks/webhook';
import type { Clock } from '#kernel/clock';
import { DomainError, toDomainError } from '#kernel/errors';
import { type CallId, isId, newId, type TenantId } from '#kernel/ids';
import { makeScope, type Scope } from '#kernel/scope';

export interface Webhooks {
  /**
   * Tells the assistant's address of a call that has ended, once: what has been taken is not sent again. The address is
   * the assistant's now; of one deleted meanwhile, the one the order names. Throws `upstream` when it is to be tried
   * again. Two at once for one call may both send.
   */
  deliverCallEnded(order: JobPayloads['call-webhook'], signal: AbortSignal): Promise<void>;
  /** The tries to deliver a call's webhook, oldest first. Throws `not_found`. */
  deliveries(scope: Scope, callId: string): Promise<WebhookDelivery[]>;
  /** What the tenant's receivers check signatures with. Throws `forbidden`. */
  signingSecret(scope: Scope): string;
}

export interface WebhookDeps {
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly http: Pick<OutboundHttp, 'fetch'>;
  /** A tenant's secret in the form of Standard Webhooks, `whsec_…`. */
  signingSecret(tenantId: TenantId): string;
  /** Where the recording of a call is fetched. */
  recordingUrl(callId: CallId): string;
}

const TIMEOUT_MS = 15_000;
/** Nobody reads the answer; a receiver may say something all the same. */
const MAX_RESPONSE_BYTES = 1_000_000;

export function makeWebhooks(deps: WebhookDeps & { calls: Pick<Calls, 'get'> }): Webhooks {
  return new WebhookService(deps);
}

class WebhookService implements Webhooks {
  readonly #deps: WebhookDeps & { calls: Pick<Calls, 'get'> };

  constructor(deps: WebhookDeps & { calls: Pick<Calls, 'get'> }) {
    this.#deps = deps;
  }

  async deliverCallEnded(order: JobPayloads['call-webhook'], signal: AbortSignal): Promise<void> {
    const scope = makeScope(order.tenantId, { kind: 'system' }, 'owner');
    const call = await this.#deps.calls.get(scope, order.callId);
    const body = JSON.stringify(callEnded(call, this.#deps.recordingUrl));
    if (body === 'null') return;
    const begun = await this.#begin(scope, call, order.url);
    if (!begun) return;
    const outcome = await this.#send({ ...begun, body }, signal);
    await this.#deps.uow.write(scope, (tx) =>
      tx.deliveries.end(begun.delivery.id, { ...outcome, endedAt: this.#now() }),
    );
    if (outcome.failure !== null) throw new DomainError('upstream', `The webhook failed: ${outcome.failure}`);
  }

  deliveries(scope: Scope, callId: string): Promise<WebhookDelivery[]> {
    return this.#deps.uow.read(scope, async (repos) => {
      const call = isId('call', callId) ? await repos.calls.find(callId) : null;
      if (!call) throw notFound('Call');
      return repos.deliveries.ofCall(call.id);
    });
  }

  signingSecret(scope: Scope): string {
    permit(scope, 'manage');
    return this.#deps.signingSecret(scope.tenantId);
  }

  /** Notes the try before it is made, so that one whose process dies is known of. Null when there is nothing to do. */
  #begin(
    scope: Scope,
    call: CallDetail,
    lastUrl: string,
  ): Promise<{ url: string; delivery: WebhookDelivery } | null> {
    return this.#deps.uow.write(scope, async (tx) => {
      const before = await tx.deliveries.ofCall(call.id);
      if (before.some(isTaken)) return null;
      const assistant = await tx.assistants.find(call.assistantId);
      const url = assistant ? assistant.endedWebhookUrl : lastUrl;
      if (url === null) return null;
      const delivery: WebhookDelivery = {
        id: newId('dlv'),
        tenantId: scope.tenantId,
        callId: call.id,
        webhookId: `ended_${call.id}`,
        event: 'call.ended',
        host: URL.parse(url)?.host ?? '',
        attempt: before.length + 1,
        startedAt: this.#now(),
        endedAt: null,
        status: null,
        failure: null,
      };
      await tx.deliveries.insert(delivery);
      return { url, delivery };
    });
  }

  async #send(
    { url, delivery, body }: { url: string; delivery: WebhookDelivery; body: string },
    signal: AbortSignal,
  ): Promise<Pick<WebhookDelivery, 'status' | 'failure'>> {
    const secret = this.#deps.signingSecret(delivery.tenantId);
    const signed = webhookHeaders(secret, {
      id: delivery.webhookId,
      atMs: this.#deps.clock.nowMs(),
      body,
    });
    let answer: OutboundResponse;
    try {
      answer = await this.#deps.http.fetch(
        {
          url,
          method: 'POST',
          headers: { ...signed, 'content-type': 'application/json' },
          body,
          timeoutMs: TIMEOUT_MS,
          maxResponseBytes: MAX_RESPONSE_BYTES,
          mustRepeat: true,
        },
        signal,
      );
    } catch (thrown) {
      const failure = signal.aborted ? 'The server was stopping.' : toDomainError(thrown).publicMessage;
      return { status: null, failure };
    }
    const { status } = answer;
    return { status, failure: status >= 200 && status < 300 ? null : `The receiver answered ${status}.` };
  }

  #now(): Date {
    return new Date(this.#deps.clock.nowMs());
  }
}
