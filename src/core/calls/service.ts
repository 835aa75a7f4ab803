import { CALL_STATUSES, type Call, type CallDetail } from '#core/calls/call';
import { metricsOf } from '#core/calls/metrics';
import type { CallFilter } from '#core/calls/repo';
import { transcriptOf } from '#core/calls/transcript';
import { notFound, wholeField, wordField } from '#core/fields';
import type { UnitOfWork } from '#core/uow';
import { isId } from '#kernel/ids';
import type { OffsetPage } from '#kernel/page';
import type { Scope } from '#kernel/scope';

export interface CallQuery {
  readonly assistantId?: string;
  /** Another word than a CallStatus throws `invalid`. */
  readonly status?: string;
  /** 0 when left out. */
  readonly skip?: number;
  /** 1 to 1000, 20 when left out. */
  readonly limit?: number;
}

export interface Calls {
  /** Newest first. Throws `invalid` (`status`, `skip`, `limit`). */
  list(scope: Scope, query?: CallQuery): Promise<OffsetPage<Call>>;
  count(scope: Scope): Promise<number>;
  /** With transcript and metrics, while it runs too. Throws `not_found`. */
  get(scope: Scope, id: string): Promise<CallDetail>;
}

export function makeCalls({ uow }: { uow: UnitOfWork }): Calls {
  return {
    async list(scope, { assistantId, status, skip = 0, limit = 20 } = {}) {
      const page = {
        skip: wholeField(skip, 'skip', { min: 0, max: 1_000_000_000 }),
        limit: wholeField(limit, 'limit', { min: 1, max: 1_000 }),
      };
      const ofStatus = status === undefined ? {} : { status: wordField(status, 'status', CALL_STATUSES) };
      if (assistantId !== undefined && !isId('asst', assistantId)) return { items: [], total: 0 };
      const filter: CallFilter = { ...ofStatus, ...(assistantId === undefined ? {} : { assistantId }) };
      return uow.read(scope, (repos) => repos.calls.list(filter, page));
    },
    count: (scope) => uow.read(scope, (repos) => repos.calls.count({})),
    get: (scope, id) =>
      uow.read(scope, async (repos) => {
        const call = isId('call', id) ? await repos.calls.find(id) : null;
        if (!call) throw notFound('Call');
        const log = await repos.calls.log(call.id);
        const usage = await repos.usage.ofCall(call.id);
        return { ...call, transcript: transcriptOf(log), metrics: metricsOf(log, usage) };
      }),
  };
}
