import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool, PoolClient } from 'pg';
import { diskBlobs } from '#adapters/blobs/disk';
import { openUnitOfWork } from '#adapters/db/uow';
import { argon2Hasher } from '#adapters/identity/argon2';
import { jwtSigner } from '#adapters/identity/jwt';
import { aesSecrets } from '#adapters/secrets/aes-secrets';
import type { LogEntry } from '#core/calls/log-entry';
import type { Blobs } from '#core/ports';
import { makeServices, type Services } from '#core/services';
import { systemClock } from '#kernel/clock';
import { newId, type TenantId } from '#kernel/ids';
import { silentLog } from '#kernel/log';
import { makeScope } from '#kernel/scope';
import { testDatabase } from '#test/support/database';
import { type TestPayments, testPayments } from '#test/support/payments';
import { type TestTelephony, testTelephony } from '#test/support/telephony';
import { type TestWeb, testWeb } from '#test/support/web';

export interface StoredCall {
  /** The tenant's default assistant when left out. */
  assistantId?: string;
  status: string;
  /** With a conversation, a recording and an analysis. */
  detailed?: boolean;
  /** Numbers that are not of interest when left out. */
  from?: string;
  to?: string;
  /** One of its own when left out. */
  carrierRef?: string | null;
  /** 12.5 s when left out. */
  durationMs?: number;
}

/** The core's real services on a database of this test file's own. */
export interface TestPlatform {
  readonly services: Services;
  readonly blobs: Blobs;
  readonly telephony: TestTelephony;
  readonly web: TestWeb;
  /** Bytes of the recording that detailed calls have. */
  readonly recording: Uint8Array;
  /** The sandbox of payments; its `desk` pays. */
  readonly payments: TestPayments;
  /** Stores a call as the runtime does: admitted, begun, logged, ended. Its id. */
  storeCall(tenantId: string, call: StoredCall): Promise<string>;
  /** Moves what a call used so many days into the past. */
  age(callId: string, days: number): Promise<void>;
  /** Makes all calls of a tenant begin at one moment. */
  sameMoment(tenantId: string): Promise<void>;
  /** Whether a text is in any column of any table. */
  holds(text: string): Promise<boolean>;
  /** Makes queries about calls, or what else a table holds, fail as nothing in the services expects. */
  breakDatabase(table?: 'calls' | 'tenants'): Promise<void>;
  /** Takes every table away. */
  breakEverything(): Promise<void>;
  /** Makes storing API keys fail, as nothing in the services expects, until what it returns is called. */
  refuseKeys(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export async function testPlatform(): Promise<TestPlatform> {
  const database = await testDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'patchbay-dialect-'));
  const [telephony, web] = [testTelephony(), testWeb()];
  const uow = await openUnitOfWork(database.pool);
  const publicUrl = 'https://voice.example.com';
  const payments = testPayments({ uow, clock: systemClock, publicUrl });
  const services = makeServices({
    uow,
    clock: systemClock,
    log: silentLog,
    secrets: aesSecrets([randomBytes(32).toString('hex')]),
    hasher: argon2Hasher,
    tokens: jwtSigner({ secret: randomBytes(32).toString('hex'), issuer: 'test', clock: systemClock }),
    urls: web,
    payments,
    publicUrl,
    webhooks: {
      signingSecret: (tenantId) => `whsec_${Buffer.from(`of ${tenantId}`).toString('base64')}`,
      recordingUrl: (callId) => `https://patchbay.example/recordings/${callId}`,
    },
    telephony: telephony.deps,
    approval: 'manual',
  });
  payments.connect(services.billing);
  await services.seed();
  const blobs = await diskBlobs(folder);
  const recording = Buffer.from('RIFF....WAVEfmt and some samples');
  return {
    services,
    blobs,
    telephony,
    web,
    payments,
    recording,
    age: (callId, days) =>
      asSystem(database.pool, async (client) => {
        const change = "update usage_rows set at = at - $2 * interval '1 day' where call_id = $1";
        await client.query(change, [callId, days]);
      }),
    sameMoment: (tenantId) =>
      asSystem(database.pool, async (client) => {
        await client.query("update calls set started_at = '2026-05-12T15:00:00Z' where tenant_id = $1", [
          tenantId,
        ]);
      }),
    holds: (text) => asSystem(database.pool, (client) => isHeld(client, text)),
    storeCall: (tenantId, call) => storeCall({ services, blobs, recording }, tenantId as TenantId, call),
    async breakDatabase(table = 'calls') {
      await database.pool.query(`alter table ${table} rename to elsewhere`);
    },
    async breakEverything() {
      await database.pool.query('alter schema public rename to elsewhere');
    },
    async refuseKeys() {
      await database.pool.query(
        "alter table api_keys add constraint nobody check (label <> 'Retry') not valid",
      );
      return async () => void (await database.pool.query('alter table api_keys drop constraint nobody'));
    },
    async close() {
      await database.drop();
      await rm(folder, { recursive: true });
    },
  };
}

/** The tests' database user is bound by row-level security too: a plain query sees nothing. */
async function asSystem<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query("begin; select set_config('app.system', 'on', true)");
    const result = await work(client);
    await client.query('commit');
    return result;
  } finally {
    client.release();
  }
}

async function isHeld(client: PoolClient, text: string): Promise<boolean> {
  const { rows } = await client.query<{ name: string }>(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname !~ '^(pg_|information_)'",
  );
  for (const { name } of rows) {
    const found = await client.query(`select from ${name} as t where strpos(t::text, $1) > 0 limit 1`, [
      text,
    ]);
    if (found.rowCount !== 0) return true;
  }
  return false;
}

type Stores = Pick<TestPlatform, 'services' | 'blobs' | 'recording'>;

async function storeCall(stores: Stores, tenantId: TenantId, stored: StoredCall): Promise<string> {
  const { admission, lifecycle } = stores.services;
  const scope = makeScope(tenantId, { kind: 'system' }, 'owner');
  const { token } = await admission.admit(scope, {
    type: 'phone',
    direction: 'inbound',
    from: stored.from ?? '+15559876543',
    to: stored.to ?? '+15551234567',
    carrierRef: stored.carrierRef === undefined ? `CA${randomBytes(16).toString('hex')}` : stored.carrierRef,
    ...(stored.assistantId !== undefined && { assistantId: stored.assistantId }),
  });
  const order = await admission.redeem(token);
  const call = await lifecycle.begin(order, { nodeId: 'test', carrierRef: null });
  if (stored.status === 'active') return call.id;
  const key = stored.detailed ? `recordings/${call.id}.wav` : null;
  if (stored.detailed) {
    await lifecycle.append(CONVERSATION.map((entry) => ({ tenantId, event: { ...entry, callId: call.id } })));
    await stores.blobs.put(key!, stores.recording, 'audio/wav');
  }
  const reason = stored.status === 'failed' ? 'failed' : 'caller_hung_up';
  await lifecycle.finish(scope, call.id, {
    reason,
    durationMs: stored.durationMs ?? 12_500,
    recordingKey: key,
  });
  if (stored.detailed)
    await lifecycle.saveAnalysis(scope, call.id, {
      summary: 'The caller asked about prices.',
      sentiment: 'positive',
      disposition: 'answered',
      extracted: { product: 'bot' },
    });
  return call.id;
}

const turnId = newId('turn');
const said = { type: 'agent.said', purpose: 'reply', unheardChars: 0 } as const;
const stages = { endpointMs: 300, sttMs: 100, llmFirstTokenMs: 150, ttsFirstByteMs: 100, playMs: 50 };

const CONVERSATION: LogEntry[] = [
  { seq: 0, atMs: 0, type: 'call.started' },
  { seq: 1, atMs: 900, ...said, text: 'Hi! How can I help?', fromMs: 100, toMs: 900, interrupted: false },
  { seq: 2, atMs: 3000, turnId, type: 'turn.ended', text: 'What does it cost?', fromMs: 1500, toMs: 2600 },
  { seq: 3, atMs: 3200, turnId, type: 'turn.latency', voiceToVoiceMs: 700, stages },
  { seq: 4, atMs: 3300, type: 'digit', digit: '5' },
  { seq: 5, atMs: 5000, turnId, type: 'agent.interrupted', resumed: false },
  { seq: 6, atMs: 5000, turnId, ...said, text: 'It costs five', fromMs: 3400, toMs: 5000, interrupted: true },
  {
    seq: 7,
    atMs: 6000,
    type: 'usage',
    stage: 'llm',
    provider: 'concierge',
    unit: 'inputTokens',
    amount: 100,
  },
  {
    seq: 8,
    atMs: 6000,
    type: 'usage',
    stage: 'llm',
    provider: 'concierge',
    unit: 'outputTokens',
    amount: 20,
  },
  { seq: 9, atMs: 6000, type: 'usage', stage: 'tts', provider: 'flite', unit: 'chars', amount: 40 },
  { seq: 10, atMs: 12500, type: 'call.ended', reason: 'caller_hung_up', durationMs: 12500 },
];
