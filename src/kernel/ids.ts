import { randomBytes } from 'node:crypto';

/** A string that only one kind of id may stand in for. */
type Branded<K extends string> = string & { readonly __brand: K };

export type TenantId = Branded<'TenantId'>;
export type UserId = Branded<'UserId'>;
export type MemberId = Branded<'MemberId'>;
export type KeyId = Branded<'KeyId'>;
export type AssistantId = Branded<'AssistantId'>;
export type ProviderId = Branded<'ProviderId'>;
export type NumberId = Branded<'NumberId'>;
export type CallId = Branded<'CallId'>;
export type TurnId = Branded<'TurnId'>;
export type UsageId = Branded<'UsageId'>;
export type TicketId = Branded<'TicketId'>;
export type BookingId = Branded<'BookingId'>;
export type AuditId = Branded<'AuditId'>;
export type DeliveryId = Branded<'DeliveryId'>;
export type CheckoutId = Branded<'CheckoutId'>;
export type PostingId = Branded<'PostingId'>;

/** The prefix of each kind of id, as clients see it. */
export interface IdKinds {
  ten: TenantId;
  usr: UserId;
  mem: MemberId;
  key: KeyId;
  asst: AssistantId;
  prov: ProviderId;
  num: NumberId;
  call: CallId;
  turn: TurnId;
  use: UsageId;
  tkt: TicketId;
  bkg: BookingId;
  aud: AuditId;
  dlv: DeliveryId;
  chk: CheckoutId;
  pst: PostingId;
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
let lastMs = 0;
let sequence = 0;

/**
 * A new id: `<kind>_` and 26 Crockford base-32 digits, 10 of time (ms since 1970), 3 of a counter within the
 * millisecond and 13 random, so ids made in one process sort in the order they were made.
 */
export function newId<K extends keyof IdKinds>(kind: K): IdKinds[K] {
  const nowMs = Math.max(Date.now(), lastMs);
  sequence = nowMs === lastMs ? sequence + 1 : 0;
  lastMs = nowMs;
  let random = '';
  for (const byte of randomBytes(13)) random += ALPHABET[byte & 31];
  return `${kind}_${digits(nowMs, 10)}${digits(sequence, 3)}${random}` as IdKinds[K];
}

/** Whether a text from outside has the form of this kind of id; what has not can name nothing. */
export function isId<K extends keyof IdKinds>(kind: K, text: string): text is IdKinds[K] {
  return text.startsWith(`${kind}_`) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(text.slice(kind.length + 1));
}

function digits(value: number, length: number): string {
  let rest = value;
  let text = '';
  for (let i = 0; i < length; i++) {
    text = ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
