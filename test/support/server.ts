import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { readPostmaster } from '#adapters/db/embedded-orphan';

/** A real server in a process of its own, with its own database. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly dataDir: string;
  readonly pid: number;
  /** All that it printed. */
  readonly printed: readonly string[];
  /** How its process ended. */
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Rows of raw SQL, whichever tenant's; numbers as the driver gives them. */
  rows<T>(query: string, params?: readonly unknown[]): Promise<T[]>;
  /** The process of the embedded database; null when none runs. */
  databasePid(): Promise<number | null>;
  signal(name: NodeJS.Signals): void;
  /** SIGKILL to the server and its database at once, as a power cut. Resolves when both are gone. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL when that does not end it. */
  stop(): Promise<void>;
}

export interface TestServerOptions {
  dataDir: string;
  env?: Readonly<Record<string, string>>;
  /** The port of a former run; a free one when left out. */
  port?: number;
}

const MAIN = join(import.meta.dirname, '../../src/main.ts');
/** Speech models are prepared once for all tests of this machine. */
export const SPEECH_CACHE = join(tmpdir(), 'patchbay-test-models');
const READY_MS = 90_000;
const STOP_MS = 60_000;
const LOOK_MS = 50;

/** A data folder with the prepared speech models in it. Remove it with `removeDataDir`. */
export async function makeDataDir(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'patchbay-system-'));
  // The database may run as another user, who must get in.
  await chmod(dataDir, 0o755);
  await mkdir(SPEECH_CACHE, { recursive: true });
  await symlink(SPEECH_CACHE, join(dataDir, 'models'));
  return dataDir;
}

export const removeDataDir = (dataDir: string): Promise<void> =>
  rm(dataDir, { recursive: true, force: true, maxRetries: 5 });

/** Starts the server as `npm start` does, and waits until it is ready. Rejects with all it said when it is not. */
export async function startTestServer({ dataDir, env = {}, port }: TestServerOptions): Promise<TestServer> {
  const ours = port ?? (await freePort());
  const url = `http://127.0.0.1:${ours}`;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN], {
    env: { ...process.env, ...SETTINGS, PORT: String(ours), PUBLIC_URL: url, DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => printed.push(text));
  }
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  const server = { ...controls(child, { dataDir, exited }), url, port: ours, printed };
  try {
    await untilReady(url, child);
  } catch (error) {
    await server.kill();
    throw new Error(`${error instanceof Error ? error.message : error}\n${printed.join('')}`);
  }
  return server;
}

/** Nothing of the developer's own environment decides what is tested. */
const SETTINGS = {
  HOST: '127.0.0.1',
  DATABASE_URL: '',
  REDIS_URL: '',
  TENANT_APPROVAL: 'auto',
  RATE_LIMIT: 'off',
  ADMIN_API_KEY: 'the operator of this test',
  CARRIER: '',
  TWILIO_ACCOUNT_SID: '',
  TWILIO_AUTH_TOKEN: '',
  TWILIO_API_URL: '',
  STRIPE_SECRET_KEY: '',
  STRIPE_WEBHOOK_SECRET: '',
  DIALECT_HOSTS: '',
  DRAIN_SEC: '1',
  LOG_LEVEL: 'warn',
};
export const ADMIN_KEY = SETTINGS.ADMIN_API_KEY;

type Controls = Omit<TestServer, 'url' | 'port' | 'printed'>;

function controls(
  child: ChildProcess,
  { dataDir, exited }: { dataDir: string; exited: TestServer['exited'] },
): Controls {
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const data = join(dataDir, 'postgres', 'data');
  const databasePid = async () => {
    const postmaster = await readPostmaster(data);
    return postmaster && isAlive(postmaster.pid) ? postmaster.pid : null;
  };
  return {
    dataDir,
    pid: child.pid!,
    exited,
    databasePid,
    rows: (query, params = []) => rowsOf(dataDir, query, params),
    signal: (name) => void child.kill(name),
    async kill() {
      const database = await databasePid();
      if (isRunning()) child.kill('SIGKILL');
      if (database !== null) process.kill(database, 'SIGKILL');
      await exited;
      if (database !== null) await gone(database);
    },
    async stop() {
      if (!isRunning()) return;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(late);
    },
  };
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const deadlineMs = performance.now() + READY_MS;
  while (performance.now() < deadlineMs) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('the server ended');
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Error(`the server was not ready within ${READY_MS} ms`);
}

async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

/** A process that nobody has waited for yet has ended all the same. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function rowsOf<T>(dataDir: string, query: string, params: readonly unknown[]): Promise<T[]> {
  const home = join(dataDir, 'postgres');
  const postmaster = await readPostmaster(join(home, 'data'));
  const password = (await readFile(join(home, 'password'), 'utf8')).trim();
  const client = new pg.Client({
    connectionString: `postgres://patchbay:${password}@127.0.0.1:${postmaster?.port}/patchbay`,
  });
  await client.connect();
  try {
    await client.query("begin; select set_config('app.system', 'on', true)");
    const { rows } = await client.query(query, [...params]);
    await client.query('commit');
    return rows as T[];
  } finally {
    await client.end();
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
