import { readFile, rename, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { diskBlobs } from '#adapters/blobs/disk';
import { migrateDatabase } from '#adapters/db/migrate';
import { type Database, openDatabase } from '#adapters/db/open';
import { openUnitOfWork } from '#adapters/db/uow';
import { type EmbeddedSpeech, openEmbeddedSpeech } from '#adapters/embedded/embedded-speech';
import { type GuardedHttp, guardedHttp } from '#adapters/fetch/guarded';
import { argon2Hasher } from '#adapters/identity/argon2';
import { jwtSigner } from '#adapters/identity/jwt';
import { aesSecrets } from '#adapters/secrets/aes-secrets';
import type { StartFacts } from '#cli/banner';
import { makeServices, type Services } from '#core/services';
import type { UnitOfWork } from '#core/uow';
import { extraPorts, listenAlso } from '#http/dialect-hosts';
import { systemClock } from '#kernel/clock';
import type { Log } from '#kernel/log';
import { openDemo } from '#runtime/demo';
import { demoReceptionist } from '#runtime/demo-receptionist';
import { openRegistry, type Registry } from '#runtime/registry';
import { sandboxCalendars } from './compose/calendars.ts';
import { type Calls, openCalls, salvageRecording } from './compose/calls.ts';
import { type CarrierPort, liveCallsOf, openCarrier } from './compose/carrier.ts';
import { factsOf } from './compose/facts.ts';
import { type Keys, secretsOf, signingSecretOf } from './compose/keys.ts';
import { startNodePulse } from './compose/node-pulse.ts';
import { openPayments, type PaymentsPort } from './compose/payments.ts';
import { openSurfaces, type Surfaces } from './compose/surfaces.ts';
import type { Config } from './config.ts';

/** A composed server. */
export interface Patchbay {
  readonly facts: StartFacts;
  callsLive(): number;
  /** Listens on the configured port; rejects with words for people when it is taken. The port it listens on. */
  listen(): Promise<number>;
  /** No new calls; live ones may end within `drainMs`, then are ended; everything is stored and closed. */
  stop(drainMs: number): Promise<void>;
}

type Progress = (text: string) => void;

const FAREWELL = 'I am sorry, I have to end this call now. Please call again in a moment. Goodbye.';

/** Config to adapters to services to surfaces. What was opened before a failure is closed again. */
export async function compose(config: Config, log: Log, progress: Progress): Promise<Patchbay> {
  const opened: (() => Promise<unknown>)[] = [];
  try {
    return await assemble({ config, log, progress, opened });
  } catch (error) {
    for (const close of opened.reverse()) await close().catch(() => {});
    throw error;
  }
}

interface Assembly {
  config: Config;
  log: Log;
  progress: Progress;
  opened: (() => Promise<unknown>)[];
}

async function assemble(assembly: Assembly): Promise<Patchbay> {
  const { config, log, progress } = assembly;
  const [database, speech] = await openParts(assembly);
  const uow = await openUnitOfWork(database.pool);
  const http = guardedHttp({ allow: config.callbackAllowlist });
  assembly.opened.push(() => http.close());
  const keys = await secretsOf(config);
  const payments = openPayments({ config, keys, uow, log });
  const carrier = await openCarrier({ config, log });
  const registry = openRegistry();
  const services = servicesOf(config, { log, uow, keys, http, payments, carrier, registry });
  const firstStart = !(await services.tenants.setupCompleted());
  await services.seed();
  const blobs = await diskBlobs(join(config.dataDir, 'blobs'));
  const salvage = (callId: string) => salvageRecording(callId, { blobs, log });
  const lost = await services.lifecycle.recoverOrphans(keys.nodeId, salvage);
  if (lost.length > 0) progress(`Closed ${lost.length} calls that the last run left open`);
  const stopPulse = await startNodePulse(services.nodes, log);
  assembly.opened.push(async () => stopPulse());
  const calls = await openCalls({
    ...assembly,
    services,
    registry,
    payments,
    calendars: sandboxCalendars(uow, systemClock),
    speech,
    http,
    database,
    keys,
    blobs,
  });
  const demo = await openDemo({
    services,
    notes: notesFile(join(config.dataDir, 'demo.json')),
    receptionist: demoReceptionist,
    log,
  });
  const surfaces = await openSurfaces({
    config,
    log,
    services,
    payments,
    carrier,
    speech,
    database,
    keys,
    calls,
    demo,
  });
  const facts = { ...factsOf(config, database), adminKeyFile: keys.adminKeyFile, firstStart };
  return patchbay({ config, facts, assembly, carrier, calls, surfaces });
}

interface ServiceParts {
  log: Log;
  uow: UnitOfWork;
  keys: Keys;
  http: GuardedHttp;
  payments: PaymentsPort;
  carrier: CarrierPort;
  registry: Registry;
}

function servicesOf(config: Config, parts: ServiceParts): Services {
  const { log, uow, keys, http, payments, carrier, registry } = parts;
  return makeServices({
    uow,
    clock: systemClock,
    log,
    secrets: aesSecrets(keys.encryption),
    hasher: argon2Hasher,
    tokens: jwtSigner({ secret: keys.jwt, issuer: 'patchbay', clock: systemClock }),
    urls: http,
    payments: payments.payments,
    publicUrl: config.publicUrl,
    telephony: {
      carrier: carrier.carrier,
      signatures: carrier.signatures,
      live: liveCallsOf(registry),
      nodeId: keys.nodeId,
    },
    webhooks: {
      signingSecret: (tenantId) => signingSecretOf(keys, tenantId),
      recordingUrl: (callId) => `${config.publicUrl}/voicex/api/dashboard/calls/${callId}/recording`,
    },
    approval: config.tenantApproval,
  });
}

/** The database and the speech models, side by side: both take seconds. */
async function openParts({ config, log, progress, opened }: Assembly): Promise<[Database, EmbeddedSpeech]> {
  const { databaseUrl, dataDir, sttWorkers } = config;
  const openedDatabase = (async () => {
    const database = await openDatabase({ databaseUrl, dataDir, log, progress });
    opened.push(() => database.close());
    await migrateDatabase({ pool: database.pool, log, progress });
    return database;
  })();
  const openedSpeech = (async () => {
    const cacheDir = join(dataDir, 'models');
    const speech = await openEmbeddedSpeech({
      cacheDir,
      log,
      progress,
      ...(sttWorkers === null ? {} : { sttWorkers }),
    });
    opened.push(() => speech.close());
    return speech;
  })();
  // Both are awaited to their end, so that a failure of one never leaves the other half open.
  const [database, speech] = await Promise.allSettled([openedDatabase, openedSpeech]);
  if (database.status === 'rejected') throw database.reason;
  if (speech.status === 'rejected') throw speech.reason;
  return [database.value, speech.value];
}

function notesFile(path: string) {
  return {
    async read(): Promise<string | null> {
      return readFile(path, 'utf8').catch(() => null);
    },
    async write(text: string): Promise<void> {
      await writeFile(`${path}.new`, text, { mode: 0o600 });
      await rename(`${path}.new`, path);
    },
  };
}

/** How this process reaches its own server. */
function originOf({ address, family, port }: AddressInfo): string {
  const host = address === '::' ? '[::1]' : address === '0.0.0.0' ? '127.0.0.1' : address;
  return `http://${family === 'IPv6' && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}

function patchbay(parts: {
  config: Config;
  facts: StartFacts;
  assembly: Assembly;
  carrier: CarrierPort;
  calls: Calls;
  surfaces: Surfaces;
}): Patchbay {
  const { config, facts, assembly, carrier, calls, surfaces } = parts;
  return {
    facts,
    callsLive: () => calls.registry.size,
    async listen() {
      try {
        await surfaces.app.listen({ host: config.host, port: config.port });
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EADDRINUSE') throw new Error(`port ${config.port} is in use; set PORT to another one.`);
        if (code === 'EACCES')
          throw new Error(`port ${config.port} may not be used by this user; set PORT to another one.`);
        throw error;
      }
      const { port, address, family } = surfaces.app.server.address() as AddressInfo;
      carrier.listening(originOf({ port, address, family }));
      await listenAlso(surfaces.app, extraPorts(config.dialectHosts, port), config.host);
      return port;
    },
    async stop(drainMs) {
      calls.launcher.stop();
      await calls.registry.drain(drainMs, { why: 'drained', text: FAREWELL });
      await carrier.close();
      surfaces.browser.close();
      await surfaces.hub.close();
      await surfaces.app.close();
      await calls.launcher.settled();
      await calls.journal.close(5_000);
      for (const close of assembly.opened.reverse()) await close();
    },
  };
}
