import type { MicroUsd } from '#kernel/money';

interface PlanTerms {
  readonly planName: string;
  readonly monthlyMicros: MicroUsd;
  readonly perMinuteMicros: MicroUsd;
}

/** A checkout of the sandbox of payments, as its page shows it. */
export interface CheckoutView extends PlanTerms {
  readonly status: 'open' | 'complete' | 'expired';
  readonly customerName: string;
  readonly successUrl: string;
  readonly cancelUrl: string;
}

/** A customer of the sandbox of payments, as the portal shows them. */
export interface PortalView {
  readonly customerName: string;
  readonly email: string | null;
  readonly returnUrl: string;
  readonly hasPaymentMethod: boolean;
  /** The last one; null before the first. */
  readonly subscription: (PlanTerms & { readonly status: 'active' | 'past_due' | 'canceled' }) | null;
  /** Seconds on the meter that no invoice has counted yet, and all that it was ever told. */
  readonly openSeconds: number;
  readonly meteredSeconds: number;
  /** Newest first. */
  readonly invoices: readonly {
    readonly number: string;
    readonly at: Date;
    readonly totalCents: number;
    readonly status: 'paid' | 'open';
  }[];
  /** A page where a plan waits to be taken up. */
  readonly checkoutRef: string | null;
}

/**
 * What a customer does on the pages of the sandbox of payments, with all that the vendor would tell of it. Throws
 * `not_found` for an address that is none, or none any more.
 */
export interface PaymentDesk {
  checkout(ref: string): Promise<CheckoutView>;
  /** Pays, once however often; where to go then. Throws `precondition` where it is too late. */
  pay(ref: string): Promise<{ successUrl: string }>;
  portal(id: string): Promise<PortalView>;
  /** Cancels the subscription at once. */
  cancel(portalId: string): Promise<void>;
  removePaymentMethod(portalId: string): Promise<void>;
  /** Adds a card, and pays with it what could not be paid before. */
  addPaymentMethod(portalId: string): Promise<void>;
  /** Ends the month now: an invoice of the base and of what the meter holds. Without a card it stays open. */
  closeMonth(portalId: string): Promise<void>;
}
