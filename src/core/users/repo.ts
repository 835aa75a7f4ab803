import type { Member } from '#core/members/member';
import type { Plan } from '#core/plans/plan';
import type { Tenant } from '#core/tenants/tenant';
import type { User, UserCredentials } from '#core/users/user';
import type { TenantId, UserId } from '#kernel/ids';

/** Users who are members of the tenant. */
export interface UserRepo {
  find(id: UserId): Promise<User | null>;
}

export interface NewUser {
  readonly id: UserId;
  readonly name: string;
  readonly email: string;
  readonly passwordHash: string | null;
  readonly createdAt: Date;
}

/** All that a token of a user for a tenant is worth, in one look-up. */
export interface Seat {
  readonly user: User;
  readonly tokenVersion: number;
  readonly member: Member;
  readonly tenant: Tenant;
  readonly plan: Plan;
}

export interface UserDirectory {
  /** Fails with `conflict` where the address is taken: of two at once exactly one succeeds. */
  insert(user: NewUser): Promise<void>;
  find(id: UserId): Promise<User | null>;
  findByEmail(email: string): Promise<User | null>;
  /** Null unless the user is a member of the tenant. */
  seat(id: UserId, tenantId: TenantId): Promise<Seat | null>;
  credentialsOf(id: UserId): Promise<UserCredentials | null>;
  update(
    id: UserId,
    change: { superuser?: boolean; passwordChangeRequired?: boolean; passwordHash?: string },
  ): Promise<User | null>;
}
