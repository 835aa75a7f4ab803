import type { Plan } from '#core/plans/plan';
import type { Tenant, TenantStatus } from '#core/tenants/tenant';
import type { TenantId } from '#kernel/ids';
import type { CursorPage } from '#kernel/page';

/** The tenant itself. */
export interface TenantRepo {
  /** Throws `not_found` where the tenant is gone. */
  get(): Promise<Tenant>;
  /** Both in one query. Throws as `get`. */
  withPlan(): Promise<{ tenant: Tenant; plan: Plan }>;
  /**
   * As `get`, and holds the tenant until the transaction ends: whoever counts something of a tenant against a limit
   * and then adds to it does so under this lock.
   */
  lock(): Promise<Tenant>;
  update(change: { name?: string; named?: boolean; timezone?: string }): Promise<Tenant>;
}

/** A tenant as the operator lists it. */
export interface TenantSummary {
  readonly tenant: Tenant;
  /** The oldest owner's address; null for a tenant without one. */
  readonly ownerEmail: string | null;
}

export interface TenantDirectory {
  insert(tenant: Tenant): Promise<void>;
  find(id: TenantId): Promise<TenantSummary | null>;
  /** Newest first. `query` is found in the name or an owner's address, whatever the case; `after` is an earlier `next`. */
  list(filter: { query: string; limit: number; after: string | null }): Promise<CursorPage<TenantSummary>>;
  update(id: TenantId, change: { status?: TenantStatus; planSlug?: string }): Promise<boolean>;
  any(): Promise<boolean>;
}
