import type { Call, CallDetail } from '#core/calls/call';
import type { OffsetPage } from '#kernel/page';
import type { Scope } from '#kernel/scope';

export interface CallQuery {
  readonly assistantId?: string;
  /** Another word than a CallStatus throws `invalid`. */
  readonly status?: string;
  /** 0 when left out. */
  readonly skip?: number;
  /** 1 to 100, 20 when left out. */
  readonly limit?: number;
}

export interface Calls {
  /** Newest first. Throws `invalid` (`status`, `skip`, `limit`). */
  list(scope: Scope, query?: CallQuery): Promise<OffsetPage<Call>>;
  count(scope: Scope): Promise<number>;
  /** With transcript and metrics, while it runs too. Throws `not_found`. */
  get(scope: Scope, id: string): Promise<CallDetail>;
}
