import type { Checkout } from '#core/billing/checkout';
import type { Balances, Posting } from '#core/billing/ledger';
import type { MeterReport } from '#core/billing/meter-report';
import type { Subscription } from '#core/billing/subscription';
import type { PaymentEvent } from '#core/ports';
import type { CallId, CheckoutId, TenantId } from '#kernel/ids';

export interface BillingRepo {
  /** Null before the tenant was anybody's customer. */
  subscription(): Promise<Subscription | null>;
  /** Stores the customer unless the tenant is one already; who it is then. */
  addCustomer(customerRef: string, at: Date): Promise<Subscription>;
  saveSubscription(subscription: Subscription): Promise<void>;
  setPaymentMethod(has: boolean): Promise<void>;
  insertCheckout(checkout: Checkout): Promise<void>;
  /** The newest that is open, whether or not its time is up. */
  openCheckout(): Promise<Checkout | null>;
  updateCheckout(
    id: CheckoutId,
    change: Partial<Pick<Checkout, 'ref' | 'url' | 'status' | 'expiresAt'>>,
  ): Promise<void>;
  /** Postings whose key is there already are passed over. */
  post(postings: readonly Posting[]): Promise<void>;
  balances(): Promise<Balances>;
  addReport(report: Pick<MeterReport, 'callId' | 'seconds' | 'at'>): Promise<void>;
  /** Notes that the report is being tried, the first time; the report as it is then, null where there is none. */
  tryReport(callId: CallId, at: Date): Promise<MeterReport | null>;
  endReport(callId: CallId, at: Date): Promise<void>;
  /** Reports never tried yet count from this moment, where they are from before it. */
  datesReportsFrom(at: Date): Promise<void>;
}

export interface BillingDirectory {
  /** False where the event has been dealt with; of two at once exactly one gets it, or the other one's end is waited for. */
  claimEvent(event: Pick<PaymentEvent, 'id' | 'type' | 'at'>, receivedAt: Date): Promise<boolean>;
  checkout(id: string): Promise<Checkout | null>;
  tenantOf(customerRef: string): Promise<TenantId | null>;
  /** Reports of tenants with a live subscription that have not reached the vendor, in order of their calls' ids. */
  waitingReports(page: { after: CallId | null; limit: number }): Promise<MeterReport[]>;
}
