import { createHash } from 'node:crypto';
import { invalid } from '#core/fields';
import type { IdempotencyRecord, KeptAnswer, KeyedRequest } from '#core/idempotency/idempotency';
import type { Secrets } from '#core/ports';
import type { UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { isJsonObject, parseJson } from '#kernel/json';
import type { Scope } from '#kernel/scope';

/** A request that has its key to itself until it ends or its lease runs out. */
export interface KeyedRun {
  readonly key: string;
  readonly startedAt: Date;
}

export type KeyedStart =
  | { readonly kind: 'begun'; readonly run: KeyedRun }
  | { readonly kind: 'answered'; readonly answer: KeptAnswer };

/** Makes a repeated request have its effect once: the key of the first one leads to the first one's answer. */
export interface Idempotency {
  /**
   * Begins the request, or gives the answer that an equal one got within the last 24 hours. Throws `invalid` (field
   * `Idempotency-Key`) for a key that is malformed or was used for another request, `conflict` with a time to wait
   * while the first one runs.
   */
  begin(scope: Scope, request: KeyedRequest): Promise<KeyedStart>;
  /**
   * Ends the request. Success and refusals are kept for repeats; after 429 and 5xx the key is free again, since the
   * same request may succeed next time.
   */
  finish(scope: Scope, run: KeyedRun, answer: KeptAnswer): Promise<void>;
  /** Deletes records nobody is answered from any more; how many. */
  sweep(): Promise<number>;
}

export interface IdempotencyDeps {
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly secrets: Secrets;
}

const KEPT_MS = 24 * 3_600_000;
/** Longer than any request takes; a process that was killed lets go of its keys after it. */
const LEASE_MS = 120_000;
const RETRY_AFTER_MS = 1_000;
const FIELD = 'Idempotency-Key';

/** Keys over storage. Answers are sealed, since they may show a secret that is shown once. */
export function makeIdempotency({ uow, clock, secrets }: IdempotencyDeps): Idempotency {
  const context = ({ tenantId }: Scope, key: string) => `idempotency:${tenantId}:${key}`;
  const opened = (scope: Scope, { key, status, answer }: IdempotencyRecord): KeptAnswer | null => {
    const kept = answer === null ? null : parseJson(secrets.open(answer, context(scope, key)));
    if (status === null || !isJsonObject(kept)) return null;
    return { status, contentType: String(kept.contentType), body: String(kept.body) };
  };
  return {
    async begin(scope, request) {
      if (!/^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(request.key))
        throw invalid(FIELD, `${FIELD} must have 1 to 255 printable ASCII characters.`);
      const nowMs = clock.nowMs();
      const now = new Date(nowMs);
      const at = { now, keptSince: new Date(nowMs - KEPT_MS), leasedSince: new Date(nowMs - LEASE_MS) };
      const keyed = { ...request, requestHash: rightsHash(scope, request.requestHash) };
      const first = await uow.write(scope, (tx) => tx.idempotency.take(keyed, at));
      if (first === null) return { kind: 'begun', run: { key: request.key, startedAt: now } };
      if (first.operation !== keyed.operation || first.requestHash !== keyed.requestHash)
        throw invalid(FIELD, `This ${FIELD} was used for another request.`);
      const answer = opened(scope, first);
      if (answer) return { kind: 'answered', answer };
      throw new DomainError('conflict', 'The first request with this key is still running.', {
        field: FIELD,
        retryAfterMs: RETRY_AFTER_MS,
      });
    },
    async finish(scope, run, { status, contentType, body }) {
      const stays = status < 500 && status !== 429;
      if (!stays) return uow.write(scope, (tx) => tx.idempotency.release(run));
      const sealed = secrets.seal(JSON.stringify({ contentType, body }), context(scope, run.key));
      await uow.write(scope, (tx) => tx.idempotency.keep(run, status, sealed));
    },
    sweep: () => uow.system.write((tx) => tx.idempotency.sweep(new Date(clock.nowMs() - KEPT_MS))),
  };
}

/** Who may do less than the first one did must not be shown that one's answer. */
function rightsHash(scope: Scope, requestHash: string): string {
  const rights = (['read', 'write', 'manage'] as const).filter((action) => scope.can(action));
  return createHash('sha256').update(`${requestHash} ${rights.join()}`).digest('base64url');
}
