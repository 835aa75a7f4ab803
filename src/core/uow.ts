import type { AssistantRepo } from '#core/assistants/repo';
import type { AuditDirectory, AuditRepo, AuditTrail } from '#core/audit/repo';
import type { BillingDirectory, BillingRepo } from '#core/billing/repo';
import type { BookingRepo } from '#core/calendar/repo';
import type { CallDirectory, CallRepo } from '#core/calls/repo';
import type { DialDirectory, DialRepo, TransferDirectory } from '#core/dialing/repo';
import type { IdempotencyDirectory, IdempotencyRepo } from '#core/idempotency/repo';
import type { EnqueueOptions, JobName, JobPayloads } from '#core/jobs';
import type { KeyDirectory, KeyRepo } from '#core/keys/repo';
import type { MemberDirectory, MemberRepo } from '#core/members/repo';
import type { NodeDirectory } from '#core/nodes/repo';
import type { NumberDirectory, NumberRepo } from '#core/numbers/repo';
import type { PlanDirectory, PlanRepo } from '#core/plans/repo';
import type { GlobalProviderRepo, ProviderRepo } from '#core/providers/repo';
import type { SandboxRepo } from '#core/sandbox/repo';
import type { TenantDirectory, TenantRepo } from '#core/tenants/repo';
import type { UsageRepo } from '#core/usage/repo';
import type { UserDirectory, UserRepo } from '#core/users/repo';
import type { DeliveryDirectory, DeliveryRepo } from '#core/webhooks/repo';
import type { TenantId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';

/** Storage of one tenant: bound when it is made, so that no query can forget whose rows it is about. */
export interface Repos {
  readonly tenant: TenantRepo;
  readonly users: UserRepo;
  readonly members: MemberRepo;
  readonly keys: KeyRepo;
  readonly plans: PlanRepo;
  readonly assistants: AssistantRepo;
  readonly providers: ProviderRepo;
  readonly numbers: NumberRepo;
  readonly calls: CallRepo;
  readonly dials: DialRepo;
  readonly usage: UsageRepo;
  readonly billing: BillingRepo;
  readonly bookings: BookingRepo;
  readonly deliveries: DeliveryRepo;
  readonly trail: AuditTrail;
}

interface Enqueue {
  /** Stores a job that exists if and only if the transaction commits. */
  enqueue<N extends JobName>(job: N, payload: JobPayloads[N], options?: EnqueueOptions): Promise<void>;
  /** Makes the job with that key due now if it still waits for its first run; makes none. */
  hasten(key: string): Promise<void>;
}

declare const inTransaction: unique symbol;

/** One tenant's storage inside a transaction that may write. A plain connection cannot stand in for it. */
export interface Tx extends Repos, Enqueue {
  readonly [inTransaction]: 'tenant';
  readonly audit: AuditRepo;
  readonly idempotency: IdempotencyRepo;
}

/** Storage across tenants, for what has no tenant yet: sign-in, key look-up, tickets, the operator, recovery. */
export interface SystemRepos {
  readonly tenants: TenantDirectory;
  readonly users: UserDirectory;
  readonly members: MemberDirectory;
  readonly keys: KeyDirectory;
  readonly plans: PlanDirectory;
  readonly providers: GlobalProviderRepo;
  readonly numbers: NumberDirectory;
  readonly calls: CallDirectory;
  readonly trail: AuditDirectory;
  readonly dials: DialDirectory;
  readonly transfers: TransferDirectory;
  readonly nodes: NodeDirectory;
  readonly billing: BillingDirectory;
  /** What the sandboxes of outside services keep. */
  readonly sandbox: SandboxRepo;
}

export interface SystemTx extends SystemRepos, Enqueue {
  readonly [inTransaction]: 'system';
  readonly audit: AuditRepo;
  readonly idempotency: IdempotencyDirectory;
  readonly deliveries: DeliveryDirectory;
  /** The storage of one tenant within this same transaction. */
  forTenant(tenantId: TenantId): Tx;
}

/**
 * Transactions. Whatever `run` throws rolls back and is thrown on; storage failures come out as DomainError
 * (`conflict`, `unavailable`, `internal`) that tells nothing of the values. A `run` that met a deadlock is run again,
 * so it must have no effect outside its transaction.
 */
export interface UnitOfWork {
  /** One consistent view; writing in it fails. */
  read<T>(scope: Scope, run: (repos: Repos) => Promise<T>): Promise<T>;
  /** The same for a `run` that makes one query and no more: a single round trip. A second query fails. */
  ask<T>(scope: Scope, run: (repos: Repos) => Promise<T>): Promise<T>;
  write<T>(scope: Scope, run: (tx: Tx) => Promise<T>): Promise<T>;
  readonly system: {
    read<T>(run: (repos: SystemRepos) => Promise<T>): Promise<T>;
    ask<T>(run: (repos: SystemRepos) => Promise<T>): Promise<T>;
    write<T>(run: (tx: SystemTx) => Promise<T>): Promise<T>;
  };
}
