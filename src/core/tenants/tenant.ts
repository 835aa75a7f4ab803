import { DomainError } from '#kernel/errors';
import type { TenantId } from '#kernel/ids';

/**
 * `pending` waits for the operator's approval, `inactive` for a payment, `suspended` was switched off by the operator.
 * Only `active` tenants can use what they own.
 */
export type TenantStatus = 'pending' | 'inactive' | 'active' | 'suspended';

export const TENANT_STATUSES: readonly TenantStatus[] = ['pending', 'inactive', 'active', 'suspended'];

/** A customer: a Voicex or Epoch organization, a veevo account and a Vaani workspace at once. */
export interface Tenant {
  readonly id: TenantId;
  readonly name: string;
  /** Whether the tenant gave that name; one that gave none is called by its owner's address. */
  readonly named: boolean;
  readonly status: TenantStatus;
  readonly planSlug: string;
  /** IANA zone. */
  readonly timezone: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

const REFUSALS: Record<Exclude<TenantStatus, 'active'>, DomainErrorOf> = {
  pending: ['forbidden', 'The organization is waiting for approval.'],
  inactive: ['payment_required', 'The account is not active yet: complete the payment first.'],
  suspended: ['forbidden', 'The organization is suspended.'],
};

type DomainErrorOf = readonly ['forbidden' | 'payment_required', string];

/** Throws `forbidden` (pending, suspended) or `payment_required` (inactive) unless the tenant is active. */
export function requireActive(tenant: Tenant): void {
  if (tenant.status === 'active') return;
  const [code, message] = REFUSALS[tenant.status];
  throw new DomainError(code, message, { details: { status: tenant.status } });
}

/** Throws `forbidden` for a suspended tenant; a tenant that is not active yet may see what it has. */
export function requireNotSuspended(tenant: Tenant): void {
  if (tenant.status === 'suspended') requireActive(tenant);
}
