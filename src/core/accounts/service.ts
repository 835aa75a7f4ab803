import type { Member } from '#core/members/member';
import type { Membership } from '#core/members/repo';
import type { Plan } from '#core/plans/plan';
import type { Tenant } from '#core/tenants/tenant';
import type { User } from '#core/users/user';
import type { TenantId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';

/** What a credential opens. `user` and `member` are null for an API key, which acts for the tenant itself. */
export interface Access {
  readonly scope: Scope;
  readonly tenant: Tenant;
  readonly plan: Plan;
  readonly user: User | null;
  readonly member: Member | null;
}

export interface Session {
  /** A JWT. */
  readonly token: string;
  readonly expiresAt: Date;
  readonly access: Access & { readonly user: User; readonly member: Member };
}

export interface SignUp {
  readonly name: string;
  readonly email: string;
  readonly password: string;
  readonly orgName: string;
}

/** Identity: who is asking, and for which tenant. Answers for a tenant in any status (see `requireActive`). */
export interface Accounts {
  /**
   * A user, a tenant of theirs (`pending` or `active`, by configuration) on the plan `free`, and its default assistant.
   * Throws `invalid` (field `name`, `email`, `password`, `orgName`) or `conflict` (the address is in use).
   */
  signUp(order: SignUp): Promise<Session>;
  /**
   * Opens the tenant asked for, else the one the user has been in longest. Throws `unauthenticated`, the same for an
   * unknown address and a wrong password; `invalid` for a missing field; `forbidden` for a tenant that is not theirs.
   */
  signIn(order: { email: string; password: string; tenantId?: TenantId }): Promise<Session>;
  /** A further token of a signed-in user, for another of their tenants. Throws `not_found`. */
  switchTenant(scope: Scope, tenantId: TenantId): Promise<Session>;
  /** Throws `unauthenticated` for a token that is garbled, foreign, expired, or of someone no longer a member. */
  byToken(token: string): Promise<Access>;
  /** Throws `unauthenticated` for a key that is malformed, unknown or revoked. Records the use. */
  byKey(secret: string): Promise<Access>;
  /** Tenants of the signed-in user, oldest membership first. Throws `forbidden` for an API key. */
  memberships(scope: Scope): Promise<Membership[]>;
}
