import { type Static, Type } from 'typebox';
import type { Callbacks } from '#core/callbacks/callbacks';
import type { PhoneNumber } from '#core/numbers/number';
import { nullable } from '#http/operation';
import { CallbackUrl, Id, Timestamp, UsPhoneNumber } from '../schemas.ts';

/** Who is told of calls, as requests name it. */
export const callbackFields = {
  onCallStartUrl: CallbackUrl,
  onCallEndUrl: CallbackUrl,
  onErrorUrl: Type.Optional(nullable(CallbackUrl)),
};

const CallbackFields = Type.Object(callbackFields);

export function readCallbacks(body: Static<typeof CallbackFields>): Callbacks {
  return { startUrl: body.onCallStartUrl, endUrl: body.onCallEndUrl, errorUrl: body.onErrorUrl ?? null };
}

const PhoneNumberFields = Type.Object({
  id: Id,
  phoneNumber: UsPhoneNumber,
  onCallStartUrl: CallbackUrl,
  onCallEndUrl: CallbackUrl,
  onErrorUrl: nullable(CallbackUrl),
  isActive: Type.Boolean(),
  createdAt: Timestamp,
});

export const PhoneNumberBody = Type.Object({ phoneNumber: PhoneNumberFields });

export const PhoneNumbersBody = Type.Object({ phoneNumbers: Type.Array(PhoneNumberFields) });

/** A number as this dialect can show it. */
type ShownNumber = PhoneNumber & { callbacks: { startUrl: string; endUrl: string } };

/**
 * Numbers that came by another dialect have no callbacks, and may be of another country: this one's list has no room
 * for them. Registering one here gives it callbacks.
 */
export function shownNumbers(numbers: readonly PhoneNumber[]): ShownNumber[] {
  return numbers.filter(isShown);
}

function isShown(number: PhoneNumber): number is ShownNumber {
  const { startUrl, endUrl } = number.callbacks;
  return startUrl !== null && endUrl !== null && /^\+1[2-9]\d{9}$/.test(number.e164);
}

export function showPhoneNumbers(numbers: readonly PhoneNumber[]): Static<typeof PhoneNumbersBody> {
  return { phoneNumbers: shownNumbers(numbers).map(showFields) };
}

export function showPhoneNumber(number: PhoneNumber): Static<typeof PhoneNumberBody> {
  return { phoneNumber: showFields(number) };
}

function showFields(number: PhoneNumber): Static<typeof PhoneNumberFields> {
  return {
    id: number.id,
    phoneNumber: number.e164,
    onCallStartUrl: number.callbacks.startUrl ?? '',
    onCallEndUrl: number.callbacks.endUrl ?? '',
    onErrorUrl: number.callbacks.errorUrl,
    isActive: number.active,
    createdAt: number.createdAt.toISOString(),
  };
}
