import type { Payments } from '#core/ports';
import type { UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import type { Log } from '#kernel/log';

/** What the use cases of billing stand on. */
export interface BillingDeps {
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly log: Log;
  readonly payments: Payments;
  /** What the addresses of our own pages start with. */
  readonly publicUrl: string;
}
