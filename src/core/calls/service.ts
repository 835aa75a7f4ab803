import { CALL_STATUSES, type Call, type CallDetail } from '#core/calls/call';
import { messagesOf } from '#core/calls/messages';
import { metricsOf } from '#core/calls/metrics';
import type { CallFilter } from '#core/calls/repo';
import { transcriptOf } from '#core/calls/transcript';
import { invalid, notFound, wholeField, wordField } from '#core/fields';
import type { UnitOfWork } from '#core/uow';
import { type CallId, isId } from '#kernel/ids';
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

/** A page by position in time: it stays the same while calls are added. */
export interface CallPageQuery extends CallQuery {
  /** Only calls older than the one with this id. */
  readonly before?: string;
  /** Only calls newer than the one with this id, those next to it. */
  readonly after?: string;
}

export interface Calls {
  /** Newest first. Throws `invalid` (`status`, `skip`, `limit`). */
  list(scope: Scope, query?: CallQuery): Promise<OffsetPage<Call>>;
  /** The same without the total, from a call on. Throws `invalid` for `before` and `after` too. */
  page(scope: Scope, query?: CallPageQuery): Promise<Call[]>;
  count(scope: Scope): Promise<number>;
  /** With transcript and metrics, while it runs too. Throws `not_found`. */
  get(scope: Scope, id: string): Promise<CallDetail>;
  /** Whether a call with the carrier's id was ever connected, whosever it is. */
  hasBegun(carrierRef: string): Promise<boolean>;
}

export function makeCalls({ uow }: { uow: UnitOfWork }): Calls {
  return {
    async list(scope, query = {}) {
      const { filter, page } = checked(query);
      if (filter === null) return { items: [], total: 0 };
      return uow.read(scope, (repos) => repos.calls.list(filter, page));
    },
    async page(scope, { before, after, ...query } = {}) {
      const { filter, page } = checked(query);
      const bounds = { ...bound('before', before), ...bound('after', after) };
      if (filter === null) return [];
      return uow.ask(scope, (repos) => repos.calls.page(filter, { ...page, ...bounds }));
    },
    count: (scope) => uow.ask(scope, (repos) => repos.calls.count({})),
    hasBegun: (carrierRef) => uow.system.read((repos) => repos.calls.hasBegun(carrierRef)),
    get: (scope, id) =>
      uow.read(scope, async (repos) => {
        const call = isId('call', id) ? await repos.calls.find(id) : null;
        if (!call) throw notFound('Call');
        const log = await repos.calls.log(call.id);
        const usage = await repos.usage.ofCall(call.id);
        return {
          ...call,
          transcript: transcriptOf(log),
          messages: messagesOf(log, call),
          metrics: metricsOf(log, usage),
        };
      }),
  };
}

/** The query's parts within their bounds; no filter where it can match nothing. */
function checked({ assistantId, status, skip = 0, limit = 20 }: CallQuery) {
  const page = {
    skip: wholeField(skip, 'skip', { min: 0, max: 1_000_000_000 }),
    limit: wholeField(limit, 'limit', { min: 1, max: 1_000 }),
  };
  const ofStatus = status === undefined ? {} : { status: wordField(status, 'status', CALL_STATUSES) };
  if (assistantId !== undefined && !isId('asst', assistantId)) return { filter: null, page };
  const filter: CallFilter = { ...ofStatus, ...(assistantId === undefined ? {} : { assistantId }) };
  return { filter, page };
}

function bound<N extends 'before' | 'after'>(name: N, id: string | undefined): { [K in N]?: CallId } {
  if (id === undefined) return {};
  if (!isId('call', id)) throw invalid(name, `${name} must be the id of a call.`);
  return { [name]: id } as { [K in N]?: CallId };
}
