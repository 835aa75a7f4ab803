import type { OutboundHttp, OutboundResponse } from '#core/ports';
import type { Repos } from '#core/uow';
import { webhookHeaders } from '#core/webhooks/signature';
import type { WebhookDelivery } from '#core/webhooks/webhook';
import type { Clock } from '#kernel/clock';
import { toDomainError } from '#kernel/errors';
import { type CallId, newId, type TenantId } from '#kernel/ids';

/** One event on its way to an address of a tenant's. */
export interface Letter {
  readonly tenantId: TenantId;
  readonly callId: CallId;
  /** The same for every try. */
  readonly webhookId: string;
  readonly event: WebhookDelivery['event'];
  readonly url: string;
  readonly body: string;
}

export interface PostLimits {
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
}

/** What came of a try; `body` is what the receiver said, where it answered at all. */
export interface PostOutcome {
  readonly status: number | null;
  /** In words; null for a 2xx. */
  readonly failure: string | null;
  readonly body: string | null;
}

/** Signed POSTs with a log: each try is noted before it is made, so that one whose process dies is known of. */
export interface Post {
  /** Notes the next try of the letter. */
  begin(repos: Pick<Repos, 'deliveries'>, letter: Letter): Promise<WebhookDelivery>;
  /** Never rejects. */
  send(letter: Letter, limits: PostLimits, signal: AbortSignal): Promise<PostOutcome>;
  end(
    repos: Pick<Repos, 'deliveries'>,
    delivery: WebhookDelivery,
    outcome: Omit<PostOutcome, 'body'>,
  ): Promise<void>;
}

export interface PostDeps {
  readonly clock: Clock;
  readonly http: Pick<OutboundHttp, 'fetch'>;
  /** A tenant's secret in the form of Standard Webhooks, `whsec_…`. */
  signingSecret(tenantId: TenantId): string;
}

export function makePost({ clock, http, signingSecret }: PostDeps): Post {
  const now = () => new Date(clock.nowMs());
  return {
    async begin(repos, { tenantId, callId, webhookId, event, url }) {
      const before = await repos.deliveries.tries(callId, webhookId);
      const delivery: WebhookDelivery = {
        id: newId('dlv'),
        tenantId,
        callId,
        webhookId,
        event,
        host: URL.parse(url)?.host ?? '',
        attempt: (before.at(-1)?.attempt ?? 0) + 1,
        startedAt: now(),
        endedAt: null,
        status: null,
        failure: null,
      };
      await repos.deliveries.insert(delivery);
      return delivery;
    },
    async send({ tenantId, webhookId, url, body }, limits, signal) {
      const signed = webhookHeaders(signingSecret(tenantId), { id: webhookId, atMs: clock.nowMs(), body });
      const headers = { ...signed, 'content-type': 'application/json' };
      const request = { url, method: 'POST', headers, body, ...limits, mustRepeat: true } as const;
      let answer: OutboundResponse;
      try {
        answer = await http.fetch(request, signal);
      } catch (thrown) {
        const failure = signal.aborted ? 'The server was stopping.' : toDomainError(thrown).publicMessage;
        return { status: null, failure, body: null };
      }
      const { status } = answer;
      const failure = status >= 200 && status < 300 ? null : `The receiver answered ${status}.`;
      return { status, failure, body: answer.body };
    },
    end: (repos, { id }, { status, failure }) =>
      repos.deliveries.end(id, { status, failure, endedAt: now() }),
  };
}
