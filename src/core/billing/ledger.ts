import type { CallId, PostingId, TenantId } from '#kernel/ids';
import type { MicroUsd } from '#kernel/money';

/** Accounts of one tenant's books. */
export type LedgerAccount =
  /** What the tenant owes. */
  | 'receivable'
  /** What the tenant has paid. */
  | 'cash'
  /** Earned by minutes on the line, and by base fees. */
  | 'usage'
  | 'subscription'
  /** What vendors of speech and models charge for the tenant's calls. */
  | 'vendor_costs'
  | 'vendors';

/** One line of the double-entry ledger: `amountMicros` goes from `credit` to `debit`. Written once for each `key`. */
export interface Posting {
  readonly id: PostingId;
  readonly tenantId: TenantId;
  readonly key: string;
  readonly callId: CallId | null;
  readonly debit: LedgerAccount;
  readonly credit: LedgerAccount;
  readonly amountMicros: MicroUsd;
  readonly at: Date;
}
