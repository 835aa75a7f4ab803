import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '#adapters/db/embedded';
import { migrateDatabase } from '#adapters/db/migrate';
import { openPool } from '#adapters/db/open';
import { checkServer } from '#adapters/db/server';
import { silentLog } from '#kernel/log';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where test files ask for databases; see database.ts. */
    databaseDesk: string;
  }
}

/** One PostgreSQL for the whole run, and a migrated database in it that others are copied from. */
interface TestServer {
  copy(): Promise<string>;
  drop(connectionString: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Vitest's global setup: a desk that hands out databases over HTTP on this machine. The server behind it starts with
 * the first request, so that runs without a database don't pay for one.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let server: Promise<TestServer> | undefined;
  // Copies are made one after the other: while a database is copied PostgreSQL lets nobody into its original.
  let queue: Promise<unknown> = Promise.resolve();
  const secret = randomBytes(16).toString('hex');

  const answer = async (request: IncomingMessage): Promise<string> => {
    if (request.url !== `/${secret}`) throw new Error('not for you');
    server ??= startServer();
    const { copy, drop } = await server;
    if (request.method !== 'DELETE') return copy();
    let body = '';
    for await (const chunk of request) body += String(chunk);
    await drop(body);
    return '';
  };
  const desk = createServer((request: IncomingMessage, response: ServerResponse) => {
    const done = queue.then(() => answer(request));
    queue = done.catch(() => undefined);
    done.then(
      (text) => response.end(text),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => desk.listen(0, '127.0.0.1', resolve));
  project.provide('databaseDesk', `http://127.0.0.1:${(desk.address() as AddressInfo).port}/${secret}`);

  return async () => {
    desk.close();
    desk.closeAllConnections();
    await queue;
    await (await server?.catch(() => undefined))?.close();
  };
}

async function startServer(): Promise<TestServer> {
  const given = process.env.DATABASE_URL;
  const own = given ? undefined : await startOwn();
  const root = own?.connectionString ?? (await checkServer({ databaseUrl: given ?? '', progress: () => {} }));
  const admin = openPool({ connectionString: root, log: silentLog, poolSize: 1 });
  const prefix = `patchbay_test_${randomBytes(4).toString('hex')}`;
  const made = new Set<string>();
  const drop = async (name: string) => {
    await admin.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`);
    made.delete(name);
  };

  const template = `${prefix}_template`;
  await admin.query(`create database ${template}`);
  made.add(template);
  await migrateTemplate(named(root, template));

  let count = 0;
  return {
    async copy() {
      const name = `${prefix}_${++count}`;
      await admin.query(`create database ${name} template ${template}`);
      made.add(name);
      return named(root, name);
    },
    drop: (connectionString) => drop(new URL(connectionString).pathname.slice(1)),
    async close() {
      if (!own) for (const name of made) await drop(name);
      await admin.end();
      await own?.close();
    },
  };
}

async function migrateTemplate(connectionString: string): Promise<void> {
  const pool = openPool({ connectionString, log: silentLog, poolSize: 2 });
  try {
    await migrateDatabase({ pool, log: silentLog });
  } finally {
    await pool.end();
  }
}

/** An embedded server in a temporary folder, which goes with it; folders of killed runs go first. */
async function startOwn(): Promise<{ connectionString: string; close(): Promise<void> }> {
  const all = join(tmpdir(), `patchbay-test-${process.getuid?.() ?? 0}`);
  await mkdir(all, { recursive: true });
  for (const name of await readdir(all)) {
    if (!isAlive(Number.parseInt(name, 10)))
      await rm(join(all, name), { recursive: true, force: true }).catch(() => {});
  }
  // The groups of tests each have a server of their own.
  const dataDir = join(all, `${process.pid}-${randomBytes(4).toString('hex')}`);
  const server = await startEmbedded({ dataDir, log: silentLog, progress: () => {}, volatile: true });
  return {
    connectionString: server.connectionString,
    async close() {
      await server.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function named(connectionString: string, database: string): string {
  const url = new URL(connectionString);
  url.pathname = `/${database}`;
  return url.toString();
}
