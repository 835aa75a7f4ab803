import { randomBytes } from 'node:crypto';
import type { SandboxObject } from '#core/sandbox/repo';
import type { JsonObject } from '#kernel/json';

/** What the sandbox of payments keeps, in the forms that it needs; dates are ms since 1970. */
export interface SandboxCustomer extends JsonObject {
  tenantId: string;
  name: string;
  email: string | null;
  /** Null has no means of payment. */
  paymentMethod: string | null;
  /** All that the meter was told, and what of it was on an invoice. */
  meteredSeconds: number;
  invoicedSeconds: number;
}

export interface SandboxSession extends JsonObject {
  checkoutId: string;
  customerRef: string;
  planName: string;
  monthlyMicros: number;
  perMinuteMicros: number;
  successUrl: string;
  cancelUrl: string;
  status: 'open' | 'complete';
  expiresAtMs: number;
}

export interface SandboxSubscription extends JsonObject {
  customerRef: string;
  status: 'active' | 'past_due' | 'canceled';
  planName: string;
  monthlyMicros: number;
  perMinuteMicros: number;
  sinceMs: number;
}

export interface SandboxInvoice extends JsonObject {
  customerRef: string;
  subscriptionRef: string;
  number: string;
  /** Whole cents, as the vendor charges. */
  baseCents: number;
  meteredCents: number;
  seconds: number;
  status: 'paid' | 'open';
  atMs: number;
}

export interface SandboxPortal extends JsonObject {
  customerRef: string;
  returnUrl: string;
  expiresAtMs: number;
}

export interface SandboxMeterEvent extends JsonObject {
  customerRef: string;
  seconds: number;
  atMs: number;
}

/** An event of the vendor's on its way to us. */
export interface SandboxEvent extends JsonObject {
  event: JsonObject;
  deliveredAtMs: number | null;
}

export interface Kinds {
  'payments.customer': SandboxCustomer;
  'payments.session': SandboxSession;
  'payments.subscription': SandboxSubscription;
  'payments.invoice': SandboxInvoice;
  'payments.portal': SandboxPortal;
  'payments.meter_event': SandboxMeterEvent;
  'payments.event': SandboxEvent;
}

export type Kept<K extends keyof Kinds> = Omit<SandboxObject, 'body'> & { readonly body: Kinds[K] };

/** An id as the vendor makes them, that nobody guesses. */
export function sandboxId(prefix: string): string {
  return `${prefix}_sandbox_${randomBytes(12).toString('hex')}`;
}
