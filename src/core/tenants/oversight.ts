import type { IssuedKey, KeyForm } from '#core/keys/key';
import type { MemberView } from '#core/members/member';
import type { TenantSummary } from '#core/tenants/repo';
import type { TenantStatus } from '#core/tenants/tenant';
import type { User } from '#core/users/user';
import type { CursorPage } from '#kernel/page';

/** What whoever runs the server does to tenants and users. The caller has been checked to be the operator. */
export interface Oversight {
  /** Newest first; `limit` 1 to 200, 50 when left out. Throws `invalid` for an `after` that no answer gave. */
  tenants(filter: { query?: string; limit?: number; after?: string }): Promise<CursorPage<TenantSummary>>;
  /** Throws `not_found`. */
  tenant(id: string): Promise<TenantSummary & { members: MemberView[] }>;
  /** Throws `not_found`, or `invalid` (`status`, `plan`) for an unknown value. */
  updateTenant(id: string, change: { status?: TenantStatus; plan?: string }): Promise<TenantSummary>;
  /** `form` is `va` when left out. */
  issueKey(tenantId: string, order: { label?: string; form?: KeyForm }): Promise<IssuedKey>;
  /** Throws `not_found`. */
  updateUser(email: string, change: { superuser?: boolean; passwordChangeRequired?: boolean }): Promise<User>;
}
