import { randomBytes } from 'node:crypto';
import { defaultAssistant } from '#core/assistants/defaults';
import { auditEntry } from '#core/audit/record';
import { emailField, invalid, notFound, passwordField, textField } from '#core/fields';
import type { IssuedKey, KeyForm } from '#core/keys/key';
import { isKeySecret, secretHash } from '#core/keys/secret';
import { issueKey } from '#core/keys/service';
import type { Member } from '#core/members/member';
import type { Membership } from '#core/members/repo';
import { FIRST_PLAN, METERED_PLAN } from '#core/plans/catalogue';
import type { Plan } from '#core/plans/plan';
import type { PasswordHasher, TokenSigner } from '#core/ports';
import type { Tenant, TenantStatus } from '#core/tenants/tenant';
import type { SystemTx, UnitOfWork } from '#core/uow';
import type { Seat } from '#core/users/repo';
import type { User } from '#core/users/user';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { isId, type KeyId, newId, type TenantId, type UserId } from '#kernel/ids';
import type { Log } from '#kernel/log';
import { type Actor, makeScope, type Scope } from '#kernel/scope';

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

/** An account that is to be paid for before it can be used. */
export interface PaidSignUp {
  readonly email: string;
  readonly password: string;
  /** What the tenant is called; left out or empty, it goes by the address. */
  readonly companyName?: string;
  /** The dialect's own form of key. */
  readonly keyForm: KeyForm;
}

/** Identity: who is asking, and for which tenant. Answers for a tenant in any status (see `requireActive`). */
export interface Accounts {
  /**
   * A user, a tenant of theirs (`pending` or `active`, by configuration) on the plan `free`, and its default assistant.
   * Throws `invalid` (field `name`, `email`, `password`, `orgName`) or `conflict` (the address is in use).
   */
  signUp(order: SignUp): Promise<Session>;
  /**
   * A user and a tenant of theirs, `inactive` on the metered plan, with its default assistant and a first key labelled
   * `Default`. Throws `invalid` (`email`, `password`, `companyName`) or `conflict` (the address is in use).
   */
  signUpToPay(order: PaidSignUp): Promise<Session & { readonly key: IssuedKey }>;
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

export interface AccountDeps {
  readonly uow: UnitOfWork;
  readonly hasher: PasswordHasher;
  readonly tokens: TokenSigner;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether a tenant that signs up waits for the operator. */
  readonly approval: 'manual' | 'auto';
}

/** What a tenant and its first user begin as. */
interface Founding {
  readonly name: string;
  readonly email: string;
  readonly passwordHash: string;
  /** Null: the tenant goes by its owner's address. */
  readonly orgName: string | null;
  readonly status: TenantStatus;
  readonly planSlug: string;
}

const SESSION_SEC = 7 * 24 * 3600;
/** A key's last use is kept to the minute, so that busy keys don't write at each request. */
const TOUCH_AFTER_MS = 60_000;

/** Identity over storage, passwords and tokens. */
export function makeAccounts(deps: AccountDeps): Accounts {
  return new AccountService(deps);
}

class AccountService implements Accounts {
  readonly #deps: AccountDeps;
  readonly #touched = new Map<KeyId, number>();
  #decoy: Promise<string> | null = null;

  constructor(deps: AccountDeps) {
    this.#deps = deps;
  }

  async signUp(order: SignUp): Promise<Session> {
    const name = textField(order.name, 'name', { max: 200 });
    const email = emailField(order.email);
    const password = passwordField(order.password);
    const orgName = textField(order.orgName, 'orgName', { max: 200 });
    const status = this.#deps.approval === 'auto' ? 'active' : 'pending';
    const passwordHash = await this.#hashForNew(email, password);
    const founding = { name, email, passwordHash, orgName, status, planSlug: FIRST_PLAN } as const;
    return this.#session(await this.#deps.uow.system.write((tx) => this.#found(tx, founding)));
  }

  async signUpToPay(order: PaidSignUp): Promise<Session & { key: IssuedKey }> {
    const email = emailField(order.email);
    const password = passwordField(order.password);
    const companyName = textField(order.companyName ?? '', 'companyName', { max: 200, empty: true });
    const passwordHash = await this.#hashForNew(email, password);
    const founding: Founding = {
      name: email,
      email,
      passwordHash,
      orgName: companyName || null,
      status: 'inactive',
      planSlug: METERED_PLAN,
    };
    const { seat, key } = await this.#deps.uow.system.write(async (tx) => {
      const founded = await this.#found(tx, founding);
      const { tenant, user } = founded;
      const keyOrder = {
        tenantId: tenant.id,
        actor: { kind: 'user', userId: user.id },
        label: 'Default',
        form: order.keyForm,
      } as const;
      return { seat: founded, key: await issueKey(tx.forTenant(tenant.id), keyOrder, tenant.createdAt) };
    });
    return { ...(await this.#session(seat)), key };
  }

  /** Answers most repetitions without the cost of a hash; the unique index decides between two at once. */
  async #hashForNew(email: string, password: string): Promise<string> {
    const { uow, hasher } = this.#deps;
    if (await uow.system.read((repos) => repos.users.findByEmail(email))) {
      throw new DomainError('conflict', 'This email address is already in use.', { field: 'email' });
    }
    return hasher.hash(password);
  }

  /** A user and their tenant with everything that belongs to its first day. */
  async #found(tx: SystemTx, order: Founding): Promise<Seat> {
    const createdAt = new Date(this.#deps.clock.nowMs());
    const plan = await tx.plans.find(order.planSlug);
    if (!plan)
      throw new DomainError('unavailable', 'The server is still starting.', { internal: 'no plans seeded' });
    const user: User = {
      id: newId('usr'),
      name: order.name,
      email: order.email,
      superuser: false,
      passwordChangeRequired: false,
      createdAt,
    };
    const tenant: Tenant = {
      id: newId('ten'),
      name: order.orgName ?? order.email,
      named: order.orgName !== null,
      status: order.status,
      planSlug: plan.slug,
      timezone: 'UTC',
      createdAt,
      updatedAt: createdAt,
    };
    const member: Member = {
      id: newId('mem'),
      tenantId: tenant.id,
      userId: user.id,
      role: 'owner',
      createdAt,
    };
    await tx.users.insert({ ...user, passwordHash: order.passwordHash });
    await tx.tenants.insert(tenant);
    const own = tx.forTenant(tenant.id);
    await own.members.insert(member);
    await own.assistants.insert(defaultAssistant(tenant.id, order.orgName, createdAt));
    const deed = { tenantId: tenant.id, action: 'tenant.created', target: tenant.id };
    await tx.audit.add(auditEntry({ kind: 'user', userId: user.id }, deed, createdAt));
    return { user, tokenVersion: 0, member, tenant, plan };
  }

  async signIn(order: { email: string; password: string; tenantId?: TenantId }): Promise<Session> {
    if (typeof order.email !== 'string' || order.email === '') throw invalid('email', 'email is missing.');
    if (typeof order.password !== 'string' || order.password === '') {
      throw invalid('password', 'password is missing.');
    }
    const userId = await this.#checkPassword(order.email, order.password);
    const memberships = await this.#deps.uow.system.read((repos) => repos.members.ofUser(userId));
    const chosen = order.tenantId ?? memberships[0]?.tenant.id;
    if (!memberships.some(({ tenant }) => tenant.id === chosen)) {
      throw new DomainError('forbidden', 'You are not a member of this organization.');
    }
    return this.#session(await this.#seat(userId, chosen!));
  }

  /** The time this takes does not tell an unknown address from a wrong password. */
  async #checkPassword(email: string, password: string): Promise<UserId> {
    const { uow, hasher } = this.#deps;
    const credentials = await uow.system.read(async (repos) => {
      const user = await repos.users.findByEmail(email);
      return user && repos.users.credentialsOf(user.id);
    });
    this.#decoy ??= hasher.hash(randomBytes(16).toString('hex'));
    const hash = credentials?.passwordHash ?? (await this.#decoy);
    const matches = await hasher.verify(hash, password.slice(0, 1_024));
    if (matches && credentials?.passwordHash) return credentials.userId;
    throw new DomainError('unauthenticated', 'Email or password is wrong.');
  }

  async switchTenant(scope: Scope, tenantId: TenantId): Promise<Session> {
    const userId = userOf(scope.actor);
    if (!isId('ten', tenantId)) throw notFound('Organization');
    const seat = await this.#deps.uow.system.read((repos) => repos.users.seat(userId, tenantId));
    if (!seat) throw notFound('Organization');
    return this.#session(seat);
  }

  async byToken(token: string): Promise<Access> {
    const claims = await this.#deps.tokens.verify(token);
    const { sub, ten, ver } = claims ?? {};
    if (typeof sub !== 'string' || !isId('usr', sub) || typeof ten !== 'string' || !isId('ten', ten)) {
      throw refused();
    }
    const seat = await this.#seat(sub, ten);
    if (seat.tokenVersion !== ver) throw refused();
    return accessOf(seat);
  }

  async #seat(userId: UserId, tenantId: TenantId): Promise<Seat> {
    const seat = await this.#deps.uow.system.ask((repos) => repos.users.seat(userId, tenantId));
    if (!seat) throw refused();
    return seat;
  }

  async byKey(secret: string): Promise<Access> {
    if (!isKeySecret(secret)) throw refused();
    const found = await this.#deps.uow.system.ask((repos) => repos.keys.findByHash(secretHash(secret)));
    if (!found) throw refused();
    const { key, tenant, plan } = found;
    await this.#touch(key.id, key.lastUsedAt);
    const scope = makeScope(tenant.id, { kind: 'key', keyId: key.id }, 'admin');
    return { scope, tenant, plan, user: null, member: null };
  }

  /** That a use goes unrecorded is no reason to refuse it. */
  async #touch(id: KeyId, lastUsedAt: Date | null): Promise<void> {
    const { uow, clock, log } = this.#deps;
    const nowMs = clock.nowMs();
    const lastMs = Math.max(lastUsedAt?.getTime() ?? 0, this.#touched.get(id) ?? 0);
    if (nowMs - lastMs < TOUCH_AFTER_MS) return;
    if (this.#touched.size > 10_000) this.#touched.clear();
    this.#touched.set(id, nowMs);
    try {
      await uow.system.write((tx) => tx.keys.touch(id, new Date(nowMs)));
    } catch (error) {
      this.#touched.delete(id);
      log.warn({ err: error, keyId: id }, 'use of an API key not recorded');
    }
  }

  async memberships(scope: Scope): Promise<Membership[]> {
    const userId = userOf(scope.actor);
    return this.#deps.uow.system.read((repos) => repos.members.ofUser(userId));
  }

  async #session(seat: Seat): Promise<Session> {
    const { tokens, clock } = this.#deps;
    const claims = { sub: seat.user.id, ten: seat.tenant.id, ver: seat.tokenVersion };
    const token = await tokens.sign(claims, SESSION_SEC);
    return { token, expiresAt: new Date(clock.nowMs() + SESSION_SEC * 1_000), access: accessOf(seat) };
  }
}

function accessOf({ user, member, tenant, plan }: Seat): Session['access'] {
  const scope = makeScope(tenant.id, { kind: 'user', userId: user.id }, member.role);
  return { scope, tenant, plan, user, member };
}

function userOf(actor: Actor): UserId {
  if (actor.kind === 'user') return actor.userId;
  throw new DomainError('forbidden', 'This needs a signed-in user.');
}

function refused(): DomainError {
  return new DomainError('unauthenticated', 'The credential is missing or not valid.');
}
