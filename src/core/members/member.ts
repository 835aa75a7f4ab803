import type { MemberId, TenantId, UserId } from '#kernel/ids';
import type { Role } from '#kernel/scope';

/** A user's place in a tenant. A user has at most one in each. */
export interface Member {
  readonly id: MemberId;
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly role: Role;
  readonly createdAt: Date;
}

/** A member with the person's name and address. */
export interface MemberView extends Member {
  readonly name: string;
  readonly email: string;
}
