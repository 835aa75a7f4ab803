import type { User, UserCredentials } from '#core/users/user';
import type { UserId } from '#kernel/ids';

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

export interface UserDirectory {
  /** Fails with `conflict` where the address is taken: of two at once exactly one succeeds. */
  insert(user: NewUser): Promise<void>;
  find(id: UserId): Promise<User | null>;
  findByEmail(email: string): Promise<User | null>;
  credentialsOf(id: UserId): Promise<UserCredentials | null>;
  update(
    id: UserId,
    change: { superuser?: boolean; passwordChangeRequired?: boolean; passwordHash?: string },
  ): Promise<User | null>;
}
