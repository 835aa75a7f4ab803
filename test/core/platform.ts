import { createHmac } from 'node:crypto';
import type pg from 'pg';
import { openUnitOfWork } from '#adapters/db/uow';
import { aesSecrets } from '#adapters/secrets/aes-secrets';
import type { Session } from '#core/accounts/service';
import type { PasswordHasher, TokenSigner } from '#core/ports';
import { makeServices, type ServiceDeps, type Services } from '#core/services';
import type { UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { isJsonObject, parseJson } from '#kernel/json';
import { silentLog } from '#kernel/log';
import type { Scope } from '#kernel/scope';
import { testDatabase } from '#test/support/database';
import { type TestPayments, testPayments } from '#test/support/payments';
import { type TestTelephony, testTelephony } from '#test/support/telephony';

/** A clock that only moves when told. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

/** The core on a database of its own, seeded, with the clock in the test's hand. */
export interface Platform extends Services {
  readonly uow: UnitOfWork;
  readonly pool: pg.Pool;
  readonly clock: ManualClock;
  readonly payments: TestPayments;
  readonly telephony: TestTelephony;
  /** A tenant that may act at once, on the plan asked for. */
  tenant(plan?: string): Promise<TestTenant>;
  /** Rows of raw SQL, whichever tenant's. */
  rows<T>(query: string, params?: unknown[]): Promise<T[]>;
  /** The same database with other settings. */
  with(change: Partial<ServiceDeps>): Services;
  close(): Promise<void>;
}

export interface TestTenant {
  readonly scope: Scope;
  readonly email: string;
  readonly session: Session;
}

const PUBLIC_URL = 'https://patchbay.example';

export const PASSWORD = 'correct horse';

export async function openPlatform(): Promise<Platform> {
  const database = await testDatabase();
  const uow = await openUnitOfWork(database.pool);
  const clock = manualClock();
  const telephony = testTelephony();
  const payments = testPayments({ uow, clock, publicUrl: PUBLIC_URL });
  const deps: ServiceDeps = {
    uow,
    clock,
    log: silentLog,
    secrets: aesSecrets(['a key for the tests of the core']),
    hasher: quickHasher,
    tokens: hmacTokens(clock),
    urls: {
      checkUrl(url, field) {
        if (!url.startsWith('https://')) throw new DomainError('invalid', 'no public address', { field });
      },
      fetch: async () => {
        throw new DomainError('upstream', 'The address did not answer.');
      },
    },
    payments,
    publicUrl: PUBLIC_URL,
    webhooks: {
      signingSecret: (tenantId) => `whsec_${Buffer.from(`of ${tenantId}`).toString('base64')}`,
      recordingUrl: (callId) => `https://patchbay.example/recordings/${callId}`,
    },
    telephony: telephony.deps,
    approval: 'auto',
  };
  const services = makeServices(deps);
  payments.connect(services.billing);
  await services.seed();
  let count = 0;
  return {
    ...services,
    uow,
    pool: database.pool,
    clock,
    telephony,
    payments,
    async tenant(plan) {
      count++;
      const email = `owner${count}@company${count}.example`;
      const session = await services.accounts.signUp({
        name: `Owner ${count}`,
        email,
        password: PASSWORD,
        orgName: `Company ${count}`,
      });
      const { scope } = session.access;
      if (plan !== undefined) await services.oversight.updateTenant(scope.tenantId, { plan });
      return { scope, email, session };
    },
    rows: <T>(query: string, params: unknown[] = []) => allRows<T>(database.pool, query, params),
    with: (change) => makeServices({ ...deps, ...change }),
    close: () => database.drop(),
  };
}

/** A plain query sees nothing: the tests' database user is bound by row-level security too. */
async function allRows<T>(pool: pg.Pool, query: string, params: unknown[]): Promise<T[]> {
  const client = await pool.connect();
  try {
    await client.query("begin; select set_config('app.system', 'on', true)");
    const { rows } = await client.query(query, params);
    await client.query('commit');
    return rows as T[];
  } finally {
    client.release();
  }
}

function manualClock(): ManualClock {
  let nowMs = Date.UTC(2026, 4, 12, 15, 0, 0);
  return {
    nowMs: () => nowMs,
    after: () => () => {},
    advance(ms) {
      nowMs += ms;
    },
  };
}

/** Stands in for argon2, which is slow on purpose. */
const quickHasher: PasswordHasher = {
  hash: async (password) => `quick:${createHmac('sha256', 'salt').update(password).digest('hex')}`,
  verify: async (hash, password) => hash === (await quickHasher.hash(password)),
};

function hmacTokens(clock: Clock): TokenSigner {
  const mac = (text: string) => createHmac('sha256', 'signing key').update(text).digest('base64url');
  return {
    async sign(claims, ttlSec) {
      const exp = clock.nowMs() + ttlSec * 1_000;
      const body = Buffer.from(JSON.stringify({ ...claims, exp })).toString('base64url');
      return `${body}.${mac(body)}`;
    },
    async verify(token) {
      const [body = '', signature] = token.split('.');
      if (signature !== mac(body)) return null;
      const claims = parseJson(Buffer.from(body, 'base64url').toString());
      return isJsonObject(claims) && Number(claims.exp) > clock.nowMs() ? claims : null;
    },
  };
}

/** What came of several attempts at once: how many succeeded, and the error codes of the others. */
export async function outcomes(
  attempts: readonly Promise<unknown>[],
): Promise<{ won: number; codes: string[] }> {
  const settled = await Promise.allSettled(attempts);
  const codes = settled.flatMap((one) =>
    one.status === 'rejected'
      ? [one.reason instanceof DomainError ? one.reason.code : String(one.reason)]
      : [],
  );
  return { won: settled.length - codes.length, codes: codes.sort() };
}
