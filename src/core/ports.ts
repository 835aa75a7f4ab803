import type { CallId, CheckoutId, TenantId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import type { MicroUsd } from '#kernel/money';

/* ---------- secrets ---------- */

declare const sealed: unique symbol;

/** A secret encrypted at rest, as one text that names the key it was sealed with. */
export type SealedText = string & { readonly [sealed]: true };

/** AES-256-GCM over the platform's keys. */
export interface Secrets {
  /** Id of the key that `seal` uses now. */
  readonly keyId: string;
  /** `context` names what the secret belongs to (`provider:prov_…`): it opens under the same context only. */
  seal(plain: string, context: string): SealedText;
  /** Throws DomainError `internal` for a text that is damaged, of another context, or of a key no longer held. */
  open(sealedText: SealedText, context: string): string;
  /** The key a text was sealed with; differing from `keyId`, it is due for sealing anew. */
  keyIdOf(sealedText: SealedText): string;
}

export interface PasswordHasher {
  hash(password: string): Promise<string>;
  /** False for a wrong password and for a hash of unknown form. */
  verify(hash: string, password: string): Promise<boolean>;
}

export interface TokenSigner {
  /** A JWT of these claims, good for `ttlSec` seconds. */
  sign(claims: Readonly<Record<string, string | number>>, ttlSec: number): Promise<string>;
  /** The claims, or null for a token that is garbled, foreign or expired. */
  verify(token: string): Promise<JsonObject | null>;
}

/* ---------- files ---------- */

export type BlobBody = Uint8Array | AsyncIterable<Uint8Array>;

/** Files by key (`recordings/call_….wav`): letters, digits and `._-/`, no `..`. */
export interface Blobs {
  readonly name: string;
  /** All or nothing: a key never shows a half-written file. */
  put(key: string, body: BlobBody, contentType: string): Promise<void>;
  /** Null where there is none. */
  get(key: string): Promise<Uint8Array | null>;
  /** `range` is in bytes, both ends included. Null where there is none. */
  stream(
    key: string,
    range?: { from: number; to?: number },
  ): Promise<{ bytes: AsyncIterable<Uint8Array>; sizeBytes: number; contentType: string } | null>;
  delete(key: string): Promise<void>;
}

/* ---------- calendar ---------- */

export interface Slot {
  readonly startAt: Date;
  readonly endAt: Date;
}

export interface SlotQuery {
  readonly from: Date;
  readonly to: Date;
  readonly durationMin: number;
  /** IANA zone that days are counted in. */
  readonly timezone: string;
}

export interface BookingOrder {
  readonly startAt: Date;
  readonly durationMin: number;
  readonly timezone: string;
  readonly attendee: { readonly name: string; readonly email: string | null; readonly phone: string | null };
  readonly notes: string;
  /** The same key books once, however often it is asked for. */
  readonly idempotencyKey: string;
  readonly callId: CallId | null;
}

export interface BookedSlot extends Slot {
  /** The calendar's own id of the booking. */
  readonly ref: string;
}

/** One tenant's calendar. */
export interface Calendar {
  readonly name: string;
  /** Free slots, earliest first. */
  slots(query: SlotQuery, signal: AbortSignal): Promise<Slot[]>;
  /** Throws `conflict` where the time is not free any more. */
  book(order: BookingOrder, signal: AbortSignal): Promise<BookedSlot>;
  /** Throws `not_found`; cancelling twice is no error. */
  cancel(ref: string, reason: string, signal: AbortSignal): Promise<void>;
}

/* ---------- telephony ---------- */

/** A request from outside with what a signature is made over. */
export interface SignedRequest {
  readonly method: string;
  /** As the sender addressed it, query included. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawBody: Uint8Array;
  /** Fields of a form body; empty otherwise. */
  readonly form: Readonly<Record<string, string>>;
}

/** Whether a webhook really comes from the carrier. */
export interface CarrierSignatures {
  /** By `authToken`, else by the platform's own token. True where there is neither: nothing to check against. */
  verify(request: SignedRequest, authToken?: string): boolean;
}

/** An account at the carrier that calls are made on. */
export interface CarrierAccount {
  readonly accountSid: string;
  readonly authToken: string;
}

export interface DialOrder {
  /** Null is the platform's own. */
  readonly account: CarrierAccount | null;
  /** E.164. */
  readonly to: string;
  readonly from: string;
  /** What the carrier asks once somebody, or a machine, has answered; its answer is TwiML. */
  readonly answerUrl: string;
  /** What the carrier tells of each step: initiated, ringing, answered, completed and how it failed. */
  readonly statusUrl: string;
  /** How long it rings. */
  readonly timeoutSec: number;
  readonly machineDetection: 'Enable' | 'DetectMessageEnd' | null;
}

/** Calls at the carrier. Failures are `upstream` (with what the carrier said), `invalid` (it refused the order) or an abort. */
export interface Carrier {
  readonly name: string;
  /** Places a call; `ref` is the carrier's own id of it, `status` its first word (`queued`). */
  dial(order: DialOrder, signal: AbortSignal): Promise<{ ref: string; status: string }>;
  /** Ends a call in whatever state it is; one that has ended already is no error. */
  hangUp(call: { account: CarrierAccount | null; ref: string }, signal: AbortSignal): Promise<void>;
}

/* ---------- money ---------- */

export interface CheckoutOrder {
  readonly checkoutId: CheckoutId;
  readonly tenantId: TenantId;
  /** The vendor's id of the tenant. */
  readonly customerRef: string;
  readonly planName: string;
  readonly monthlyMicros: MicroUsd;
  /** 0 where minutes are not metered. */
  readonly perMinuteMicros: MicroUsd;
  readonly successUrl: string;
  readonly cancelUrl: string;
}

/** `unpaid` may come back to life by a payment, `canceled` never does. */
export type SubscriptionStatus = 'incomplete' | 'active' | 'past_due' | 'unpaid' | 'canceled';

/**
 * What the vendor of payments tells. `at` orders events of one subject, whatever order they arrive in; the vendor's
 * clock may have no more than whole seconds.
 */
export type PaymentEvent = { readonly id: string; readonly at: Date } & (
  | {
      readonly type: 'checkout.paid';
      readonly checkoutId: string;
      readonly customerRef: string;
      readonly subscriptionRef: string;
    }
  | { readonly type: 'checkout.expired'; readonly checkoutId: string }
  | {
      readonly type: 'subscription.changed';
      readonly customerRef: string;
      readonly subscriptionRef: string;
      readonly status: SubscriptionStatus;
    }
  | { readonly type: 'paymentMethods.changed'; readonly customerRef: string }
  | {
      readonly type: 'invoice.paid';
      readonly customerRef: string;
      readonly invoiceRef: string;
      readonly amountMicros: MicroUsd;
      /** What of the invoice is not for metered use. */
      readonly baseMicros: MicroUsd;
    }
  | { readonly type: 'invoice.failed'; readonly customerRef: string; readonly invoiceRef: string }
);

/**
 * The vendor of payments: subscriptions with a monthly base and a price for each second on the line. Failures are
 * `upstream` (no answer, or one that says to come again), `invalid` (it refused) or an abort.
 */
export interface Payments {
  readonly name: string;
  /** Makes a customer of a tenant. */
  customer(
    order: { tenantId: TenantId; name: string; email: string | null },
    signal: AbortSignal,
  ): Promise<{ customerRef: string }>;
  /** The page where the tenant pays. Asking again for the same checkout answers the same page. */
  checkout(order: CheckoutOrder, signal: AbortSignal): Promise<{ ref: string; url: string; expiresAt: Date }>;
  /** The page where a customer sees invoices and changes the means of payment. */
  portal(order: { customerRef: string; returnUrl: string }, signal: AbortSignal): Promise<{ url: string }>;
  /** Whether the customer has a means of payment now. */
  hasPaymentMethod(customerRef: string, signal: AbortSignal): Promise<boolean>;
  /** Adds to the meter, once for each `identifier`, for at least a day after it was first used. */
  reportSeconds(
    report: { customerRef: string; identifier: string; seconds: number; at: Date },
    signal: AbortSignal,
  ): Promise<void>;
  /** Throws `forbidden` for a signature that is missing, wrong or old; null for an event of no interest. */
  readWebhook(request: SignedRequest): PaymentEvent | null;
}

/* ---------- the web ---------- */

export interface OutboundRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** For the whole exchange, redirects included. */
  readonly timeoutMs: number;
  /** Longer answers are refused. */
  readonly maxResponseBytes: number;
  /** Follows only redirects that repeat the request (307, 308); another one is the answer. */
  readonly mustRepeat?: boolean;
}

export interface OutboundResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Requests to addresses that tenants name. Never reaches a private, loopback or link-local address (checked at connect
 * time, after DNS, on every redirect) except those the configuration exempts.
 */
export interface OutboundHttp {
  /** Throws `invalid` (with `field`) unless the text is a public HTTPS URL or an exempt one. Resolves no names. */
  checkUrl(url: string, field: string): void;
  /** Any status resolves. Rejects with `invalid` (forbidden address), `upstream` (no answer, too long) or an abort. */
  fetch(request: OutboundRequest, signal: AbortSignal): Promise<OutboundResponse>;
}

/** Chooses the calendar of a tenant: its connected one, else the platform's own. */
export interface Calendars {
  open(tenantId: TenantId): Promise<Calendar>;
}
