import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import type pg from 'pg';
import { Registry } from 'prom-client';
import { diskBlobs } from '#adapters/blobs/disk';
import { startEmbedded } from '#adapters/db/embedded';
import { migrateDatabase } from '#adapters/db/migrate';
import { openPool } from '#adapters/db/open';
import { openUnitOfWork } from '#adapters/db/uow';
import { argon2Hasher } from '#adapters/identity/argon2';
import { jwtSigner } from '#adapters/identity/jwt';
import { aesSecrets } from '#adapters/secrets/aes-secrets';
import { makeServices, type Services } from '#core/services';
import { veevo } from '#dialects/veevo/index';
import { voicex } from '#dialects/voicex/index';
import { buildApp } from '#http/app';
import { systemClock } from '#kernel/clock';
import type { TenantId } from '#kernel/ids';
import { silentLog } from '#kernel/log';
import { makeScope, type Scope } from '#kernel/scope';
import { operator } from '#operator/index';
import { testPayments } from '#test/support/payments';
import { testTelephony } from '#test/support/telephony';
import { type Tape, tapeOf } from './tape.ts';

/** The product's HTTP side as it is served, over an embedded PostgreSQL, with a tenant that has a past. */
export interface BenchApp {
  app: FastifyInstance;
  url: string;
  pool: pg.Pool;
  /** The same database with every row in sight, so that no statement has to say whose rows it is about. */
  openPool: pg.Pool;
  tape: Tape;
  services: Services;
  scope: Scope;
  apiKey: string;
  close(): Promise<void>;
}

const CALLS = 200;
const PUBLIC_URL = 'http://localhost:3000';

export async function openBenchApp(): Promise<BenchApp> {
  const folder = mkdtempSync(join(tmpdir(), 'patchbay-api-'));
  const server = await startEmbedded({ dataDir: folder, log: silentLog, progress: () => {} });
  const pool = openPool({ connectionString: server.connectionString, log: silentLog, poolSize: 20 });
  const tape = tapeOf(pool);
  const open = openPool({
    connectionString: `${server.connectionString}?options=-c%20app.system%3Don`,
    log: silentLog,
    poolSize: 20,
  });
  await migrateDatabase({ pool, log: silentLog });
  const services = await servicesOf(pool);
  const { scope, apiKey } = await seed(services);
  const app = await buildApp({
    dialects: [
      voicex({
        services,
        blobs: await diskBlobs(join(folder, 'blobs')),
        signatures: { verify: () => true },
        hasRoom: () => true,
        publicUrl: PUBLIC_URL,
        clock: systemClock,
      }),
      veevo({
        services,
        signatures: { verify: () => true },
        hasRoom: () => true,
        publicUrl: PUBLIC_URL,
        log: silentLog,
      }),
    ],
    operator: operator({ services, adminApiKey: 'bench', jobs: { runDue: async () => 0 }, callOutbox: null }),
    extraPlugins: [],
    checks: [],
    metrics: new Registry(),
    idempotency: services.idempotency,
    log: silentLog,
    // Counting requests is part of the work; refusing them would end the benchmark.
    config: { publicUrl: PUBLIC_URL, rateLimitPerMinute: 1_000_000_000, dialectHosts: [] },
  });
  return {
    app,
    url: await listen(app),
    pool,
    openPool: open,
    tape,
    services,
    scope,
    apiKey,
    async close() {
      await app.close();
      await pool.end();
      await open.end();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function listen(app: FastifyInstance): Promise<string> {
  await app.listen({ port: 0, host: '127.0.0.1' });
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
}

/** A Fastify with one route and nothing else. */
export async function bareRoute(
  method: 'GET' | 'POST',
  run: () => Promise<unknown>,
): Promise<{ url: string; close(): Promise<void> }> {
  const app = Fastify();
  app.route({ method, url: '/', handler: run });
  return { url: await listen(app), close: () => app.close() };
}

async function servicesOf(pool: pg.Pool): Promise<Services> {
  const uow = await openUnitOfWork(pool);
  const services = makeServices({
    uow,
    clock: systemClock,
    log: silentLog,
    secrets: aesSecrets([randomBytes(32).toString('hex')]),
    hasher: argon2Hasher,
    tokens: jwtSigner({ secret: randomBytes(32).toString('hex'), issuer: 'bench', clock: systemClock }),
    urls: { checkUrl() {}, fetch: async () => ({ status: 204, headers: {}, body: '' }) },
    payments: testPayments({ uow, clock: systemClock, publicUrl: PUBLIC_URL }),
    publicUrl: PUBLIC_URL,
    webhooks: { signingSecret: () => 'whsec_AAAA', recordingUrl: (callId) => `${PUBLIC_URL}/${callId}` },
    telephony: testTelephony().deps,
    approval: 'auto',
  });
  await services.seed();
  return services;
}

/** An organization with calls to list. */
async function seed(services: Services): Promise<{ scope: Scope; apiKey: string }> {
  const order = { name: 'Bench', email: 'bench@example.org', password: 'min8chars', orgName: 'Bench' };
  const session = await services.accounts.signUp(order);
  const { tenantId } = session.access.scope;
  await services.oversight.updateTenant(tenantId, { status: 'active', plan: 'enterprise' });
  const scope = makeScope(tenantId as TenantId, { kind: 'system' }, 'owner');
  for (let i = 0; i < CALLS; i++) {
    const { token } = await services.admission.admit(scope, {
      type: 'phone',
      direction: 'inbound',
      from: '+15559876543',
      to: '+15551234567',
      carrierRef: `CA${String(i).padStart(32, '0')}`,
    });
    const call = await services.lifecycle.begin(await services.admission.redeem(token), {
      nodeId: 'bench',
      carrierRef: null,
    });
    await services.lifecycle.finish(scope, call.id, { reason: 'caller_hung_up', durationMs: 60_000 });
  }
  const { secret } = await services.keys.issue(scope, { form: 'vx' });
  return { scope, apiKey: secret };
}
