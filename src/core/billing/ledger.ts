import type { CallId, PostingId, TenantId } from '#kernel/ids';
import { newId } from '#kernel/ids';
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

/** What each account holds: debits less credits. All of them together come to nothing. */
export type Balances = Readonly<Record<LedgerAccount, MicroUsd>>;

/** A call that has ended, in money. */
export interface CalledFor {
  readonly tenantId: TenantId;
  readonly callId: CallId;
  readonly at: Date;
  /** What the tenant owes for it. */
  readonly chargeMicros: MicroUsd;
  /** What providers of speech and models charge for it, at list prices. */
  readonly costMicros: MicroUsd;
}

/** The postings of a call: nothing is posted of what costs nothing. */
export function callPostings({ tenantId, callId, at, chargeMicros, costMicros }: CalledFor): Posting[] {
  const common = { tenantId, callId, at };
  return entered([
    { ...common, key: `charge:${callId}`, debit: 'receivable', credit: 'usage', amountMicros: chargeMicros },
    { ...common, key: `cost:${callId}`, debit: 'vendor_costs', credit: 'vendors', amountMicros: costMicros },
  ]);
}

/** An invoice that was paid. */
export interface PaidInvoice {
  readonly tenantId: TenantId;
  readonly invoiceRef: string;
  readonly at: Date;
  readonly amountMicros: MicroUsd;
  /** The part that is owed by the invoice itself; the rest was when calls ended. */
  readonly baseMicros: MicroUsd;
}

/** The postings of a paid invoice. A negative base, as after a change of plan, is a debt less. */
export function invoicePostings(invoice: PaidInvoice): Posting[] {
  const { tenantId, invoiceRef, at, amountMicros, baseMicros } = invoice;
  const common = { tenantId, callId: null, at };
  const [debit, credit] =
    baseMicros < 0 ? (['subscription', 'receivable'] as const) : (['receivable', 'subscription'] as const);
  return entered([
    { ...common, key: `base:${invoiceRef}`, debit, credit, amountMicros: Math.abs(baseMicros) },
    { ...common, key: `paid:${invoiceRef}`, debit: 'cash', credit: 'receivable', amountMicros },
  ]);
}

function entered(postings: readonly Omit<Posting, 'id'>[]): Posting[] {
  return postings.flatMap((posting) => (posting.amountMicros > 0 ? [{ id: newId('pst'), ...posting }] : []));
}
