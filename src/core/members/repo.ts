import type { Member, MemberView } from '#core/members/member';
import type { Tenant } from '#core/tenants/tenant';
import type { TenantId, UserId } from '#kernel/ids';

export interface MemberRepo {
  /** False where the user is a member already. */
  insert(member: Member): Promise<boolean>;
  find(userId: UserId): Promise<Member | null>;
  /** Oldest first. */
  list(): Promise<MemberView[]>;
}

/** A user's place in one tenant, with that tenant. */
export interface Membership {
  readonly member: Member;
  readonly tenant: Tenant;
}

export interface MemberDirectory {
  /** Oldest first: the first is where the user signed up. */
  ofUser(userId: UserId): Promise<Membership[]>;
  ofTenant(tenantId: TenantId): Promise<MemberView[]>;
}
