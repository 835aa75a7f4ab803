import { sql } from 'drizzle-orm';
import type { Pool } from 'pg';
import { type EnqueueOptions, JOBS, type JobName, type JobPayloads } from '#core/jobs';
import type { Repos, SystemRepos, SystemTx, Tx, UnitOfWork } from '#core/uow';
import { DomainError } from '#kernel/errors';
import { isId, type TenantId } from '#kernel/ids';
import { family } from './family.ts';
import { assistantRepo } from './repos/assistants.ts';
import { auditDirectory, auditRepo, auditTrail } from './repos/audit.ts';
import { billingDirectory, billingRepo } from './repos/billing.ts';
import { bookingRepo } from './repos/bookings.ts';
import { callDirectory, callRepo } from './repos/calls.ts';
import { deliveryDirectory, deliveryRepo } from './repos/deliveries.ts';
import { dialDirectory, dialRepo, nodeDirectory, transferDirectory } from './repos/dials.ts';
import { idempotencyDirectory, idempotencyRepo } from './repos/idempotency.ts';
import { keyDirectory, keyRepo } from './repos/keys.ts';
import { numberDirectory, numberRepo } from './repos/numbers.ts';
import { planDirectory, planRepo } from './repos/plans.ts';
import { globalProviderRepo, providerRepo } from './repos/providers.ts';
import { sandboxRepo } from './repos/sandbox.ts';
import type { Session } from './repos/session.ts';
import { memberDirectory, memberRepo, tenantDirectory, tenantRepo } from './repos/tenants.ts';
import { usageRepo } from './repos/usage.ts';
import { userDirectory, userRepo } from './repos/users.ts';
import { storableJson } from './tables/columns.ts';
import { transact } from './transaction.ts';

/** The role that row-level security binds even where the connection is a superuser's (see the migrations). */
const BOUND_ROLE = 'patchbay_app';

/**
 * The unit of work over a pool of connections to a migrated database. Throws `internal` where row-level security
 * would not bind: the connection may pass by it and cannot take on the bound role.
 */
export async function openUnitOfWork(pool: Pool): Promise<UnitOfWork> {
  const role = await boundRole(pool);
  const run = async <T>(kind: Kind, work: (session: Session) => Promise<T>) =>
    transact(pool, { begin: opening(kind, role), asksOnce: kind.asksOnce ?? false, work });
  return {
    read: ({ tenantId }, work) =>
      run({ writes: false, tenantId }, (session) => work(reposOf(session, tenantId))),
    ask: ({ tenantId }, work) =>
      run({ writes: false, tenantId, asksOnce: true }, (session) => work(reposOf(session, tenantId))),
    write: ({ tenantId }, work) =>
      run({ writes: true, tenantId }, (session) => work(txOf(session, tenantId))),
    system: {
      read: (work) => run({ writes: false, tenantId: null }, (session) => work(systemReposOf(session, null))),
      ask: (work) =>
        run({ writes: false, tenantId: null, asksOnce: true }, (session) =>
          work(systemReposOf(session, null)),
        ),
      write: (work) => run({ writes: true, tenantId: null }, (session) => work(systemTxOf(session, null))),
    },
  };
}

interface Kind {
  writes: boolean;
  /** Null: across tenants. */
  tenantId: TenantId | null;
  asksOnce?: boolean;
}

/** The role to take on for each transaction; null where the connection's own is bound by the policies already. */
async function boundRole(pool: Pool): Promise<string | null> {
  const { rows } = await pool.query<{ member: boolean; passes: boolean }>(
    `select exists (select from pg_roles where rolname = $1 and not rolsuper and not rolbypassrls
                    and pg_has_role(current_user, oid, case
                      when current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)) as member,
            (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) as passes`,
    [BOUND_ROLE],
  );
  if (rows[0]?.member) return BOUND_ROLE;
  if (rows[0]?.passes === false) return null;
  throw new DomainError('internal', 'The database is not set up safely.', {
    internal: `the database user passes by row-level security and cannot take on the role ${BOUND_ROLE}`,
  });
}

/** Begins the transaction and says whose rows exist in it, in one round trip. */
function opening({ writes, tenantId }: Kind, role: string | null): string {
  if (tenantId !== null && !isId('ten', tenantId)) {
    throw new DomainError('internal', 'Something went wrong on our side.', {
      internal: 'malformed tenant id',
    });
  }
  const settings = [
    `set_config('app.tenant_id', '${tenantId ?? ''}', true)`,
    `set_config('app.system', '${tenantId === null ? 'on' : ''}', true)`,
    ...(role === null ? [] : [`set_config('role', '${role}', true)`]),
  ];
  return `begin ${writes ? 'read write' : 'isolation level repeatable read read only'}; select ${settings.join(', ')}`;
}

const tenantMakers = {
  tenant: tenantRepo,
  users: userRepo,
  members: memberRepo,
  keys: keyRepo,
  plans: planRepo,
  assistants: assistantRepo,
  providers: providerRepo,
  numbers: numberRepo,
  calls: callRepo,
  dials: dialRepo,
  usage: usageRepo,
  billing: billingRepo,
  bookings: bookingRepo,
  deliveries: deliveryRepo,
  trail: auditTrail,
};

const systemMakers = {
  tenants: tenantDirectory,
  users: userDirectory,
  members: memberDirectory,
  keys: keyDirectory,
  plans: planDirectory,
  providers: globalProviderRepo,
  numbers: numberDirectory,
  calls: callDirectory,
  trail: auditDirectory,
  dials: dialDirectory,
  transfers: transferDirectory,
  nodes: nodeDirectory,
  billing: billingDirectory,
  sandbox: sandboxRepo,
};

const jobMakers = {
  enqueue: (session: Session) => jobsOn(session).enqueue,
  hasten: (session: Session) => jobsOn(session).hasten,
};

const reposOf = family<Repos>(tenantMakers);

const systemReposOf = family<SystemRepos>(systemMakers);

const txOf = family<Tx>({
  ...tenantMakers,
  ...jobMakers,
  audit: auditRepo,
  idempotency: idempotencyRepo,
});

const systemTxOf = family<SystemTx>({
  ...systemMakers,
  ...jobMakers,
  audit: auditRepo,
  idempotency: idempotencyDirectory,
  deliveries: deliveryDirectory,
  forTenant: (session: Session) => (tenantId: TenantId) => txOf(session, tenantId),
});

function jobsOn(session: Session) {
  return {
    async enqueue<N extends JobName>(job: N, payload: JobPayloads[N], options: EnqueueOptions = {}) {
      const { maxAttempts } = JOBS[job];
      const { runAt, key = null, lane = null } = options;
      const at = runAt?.toISOString() ?? null;
      await session.execute(
        sql`select enqueue_job(${job}, ${storableJson(payload)}::jsonb, ${at}::timestamptz, ${maxAttempts}, ${key}, ${lane})`,
      );
    },
    hasten: async (key: string) => void (await session.execute(sql`select hasten_job(${key})`)),
  };
}
