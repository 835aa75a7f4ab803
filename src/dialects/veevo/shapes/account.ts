import { type Static, Type } from 'typebox';
import type { Session } from '#core/accounts/service';
import type { IssuedKey } from '#core/keys/key';
import type { Account } from '#core/tenants/service';
import type { Tenant, TenantStatus } from '#core/tenants/tenant';
import { nullable } from '#http/operation';
import { Id, Timestamp } from '../schemas.ts';
import { shownKeys } from './api-key.ts';
import { shownNumbers } from './phone-number.ts';

type StatusWord = 'INACTIVE' | 'ACTIVE' | 'SUSPENDED';

/** This dialect knows no approval: an account that waits for it is not active yet. */
const STATUS_WORDS: Readonly<Record<TenantStatus, StatusWord>> = {
  pending: 'INACTIVE',
  inactive: 'INACTIVE',
  active: 'ACTIVE',
  suspended: 'SUSPENDED',
};

export const AccountStatus = Type.Enum(['INACTIVE', 'ACTIVE', 'SUSPENDED']);

/** A tenant's status in this dialect's words. */
export function showStatus(status: TenantStatus): StatusWord {
  return STATUS_WORDS[status];
}

const accountFields = {
  id: Id,
  email: Type.String({ format: 'email' }),
  companyName: nullable(Type.String()),
};

export const AccountBody = Type.Object({
  account: Type.Object({
    ...accountFields,
    status: AccountStatus,
    createdAt: Timestamp,
    _count: Type.Object({ phoneNumbers: Type.Integer(), apiKeys: Type.Integer() }),
  }),
});

/** The counts are those of the two lists. */
export function showAccount({ tenant, ownerEmail, numbers, keys }: Account): Static<typeof AccountBody> {
  return {
    account: {
      id: tenant.id,
      email: ownerEmail,
      companyName: companyNameOf(tenant),
      status: showStatus(tenant.status),
      createdAt: tenant.createdAt.toISOString(),
      _count: { phoneNumbers: shownNumbers(numbers).length, apiKeys: shownKeys(keys).length },
    },
  };
}

const Jwt = Type.String({ description: 'A JWT.' });

export const RegisteredBody = Type.Object({
  account: Type.Object({ ...accountFields, status: AccountStatus }),
  apiKey: Type.String({ description: 'The first API key in full, shown this once.' }),
  token: Jwt,
  checkoutUrl: Type.String({ format: 'uri', description: 'Where the first payment is made.' }),
  engineVoiceUrl: Type.String({ format: 'uri', description: "What to enter as Twilio's voice webhook." }),
});

export function showRegistered(
  { access: { tenant, user }, key, token }: Session & { readonly key: IssuedKey },
  urls: { readonly checkoutUrl: string; readonly engineVoiceUrl: string },
): Static<typeof RegisteredBody> {
  return {
    account: {
      id: tenant.id,
      email: user.email,
      companyName: companyNameOf(tenant),
      status: showStatus(tenant.status),
    },
    apiKey: key.secret,
    token,
    ...urls,
  };
}

export const LoginBody = Type.Object({ token: Jwt });

function companyNameOf({ name, named }: Tenant): string | null {
  return named ? name : null;
}
