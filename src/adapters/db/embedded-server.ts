import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '#kernel/log';
import type { Account } from './embedded-account.ts';
import { adviseOn } from './embedded-advice.ts';
import { endOrphan, readPostmaster } from './embedded-orphan.ts';

/** A running server that is started again should it die. */
export interface SupervisedServer {
  port: number;
  stop(): Promise<void>;
}

export interface ServerOptions {
  account: Account;
  data: string;
  log: Log;
  progress: (text: string) => void;
  volatile: boolean;
}

const POLL_MS = 15;
const START_TRIES = 40;
const RETRY_MS = 250;
const SLOW_START_MS = 5_000;
const FAST_STOP_MS = 30_000;
const IMMEDIATE_STOP_MS = 5_000;
const STEADY_MS = 60_000;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Runs "$@" and stops it when standard input ends, which it does when the process that holds its other end dies in
 * whatever way: SIGTERM ends a server that handles no signals yet, SIGINT is PostgreSQL's fast shutdown. The
 * terminal's own signals are ignored, so that Ctrl-C lets the application drain before its database goes.
 */
const SUPERVISOR = `
trap '' INT TERM HUP
exec 3<&0
(trap - TERM; exec "$@" 3<&- </dev/null) &
server=$!
(read -r line <&3; kill -TERM $server; kill -INT $server) 2>/dev/null &
watcher=$!
exec 3<&- </dev/null
wait $server
code=$?
kill -KILL $watcher 2>/dev/null
wait $watcher 2>/dev/null
exit $code`;

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '96MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '512MB',
  checkpoint_timeout: '15min',
  fsync: 'on',
  synchronous_commit: 'on',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '',
  // Only what concerns the server: statements that fail are their client's affair, and may hold personal data.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
};

const VOLATILE: Readonly<Record<string, string>> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  autovacuum: 'off',
};

interface Launched {
  exited: Promise<void>;
  child: ChildProcess;
}

/** Starts the server on a free port and keeps it running until `stop`. Throws advice when it can't be started. */
export async function startServer(options: ServerOptions): Promise<SupervisedServer> {
  const stopping = new AbortController();
  let port = await freePort();
  let current: Launched | undefined;
  for (let tries = 1; current === undefined; tries++) {
    try {
      current = await launch(options, port);
    } catch (error) {
      const said = error instanceof Error ? error.message : '';
      if (tries === START_TRIES || !isPassing(said)) throw error;
      await sleep(RETRY_MS);
      port = await freePort();
    }
  }
  const watched = keepRunning({ options, port, signal: stopping.signal, first: current }, (launched) => {
    current = launched;
  });
  return {
    port,
    async stop() {
      stopping.abort();
      if (current) await shutDown(current, options);
      await watched;
    },
  };
}

/** The port was taken meanwhile, or processes of the former server have not all gone yet. */
function isPassing(said: string): boolean {
  return /Address already in use|shared memory block .* is still in use/i.test(said);
}

interface Watch {
  options: ServerOptions;
  port: number;
  signal: AbortSignal;
  first: Launched;
}

/** Starts the server again, on the same port, each time it ends before `signal` aborts. */
async function keepRunning(watch: Watch, onLaunch: (launched: Launched) => void): Promise<void> {
  const { options, port, signal } = watch;
  let launched = watch.first;
  let failures = 0;
  for (;;) {
    const since = performance.now();
    await launched.exited;
    failures = performance.now() - since > STEADY_MS ? 0 : failures;
    while (!signal.aborted) {
      options.log.error({ failures }, 'the embedded PostgreSQL ended by itself; starting it again');
      await sleep(Math.min(RETRY_MS * 2 ** failures++, LONGEST_PAUSE_MS), undefined, { signal }).catch(
        () => undefined,
      );
      if (signal.aborted) break;
      try {
        launched = await launch(options, port);
        onLaunch(launched);
        break;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        options.log.error({ reason }, 'the embedded PostgreSQL could not be started again');
      }
    }
    if (signal.aborted) {
      // It may have come up while we were told to stop.
      await shutDown(launched, options);
      return;
    }
  }
}

/** Starts the server and resolves once it takes connections. */
async function launch(options: ServerOptions, port: number): Promise<Launched> {
  const { account, data, log } = options;
  const stranger = await endOrphan(data, log);
  const settings = { ...SETTINGS, ...(options.volatile ? VOLATILE : {}), port: String(port) };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = [account.binaries.postgres, '-D', data, ...flags];
  const child = account.spawn('/bin/sh', ['-c', SUPERVISOR, 'patchbay-postgres', ...server], {
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
    // PostgreSQL takes a lock file with this number for its own leftover, as its pg_ctl does.
    ...(stranger === undefined ? {} : { env: { PG_GRANDPARENT_PID: String(stranger) } }),
  });
  child.stdin?.on('error', () => undefined);
  const said: string[] = [];
  listen(child, log, said);
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      said.push(error.message);
      resolve();
    });
    child.once('close', () => resolve());
  });
  let isUp = true;
  exited.then(() => {
    isUp = false;
  });
  const startedMs = performance.now();
  let isSlow = false;
  while (isUp) {
    const postmaster = await readPostmaster(data);
    if (postmaster?.ready && postmaster.port === port) return { child, exited };
    await sleep(POLL_MS);
    if (!isSlow && performance.now() - startedMs > SLOW_START_MS) {
      isSlow = true;
      options.progress('The database is still starting (it may be recovering from a crash)');
    }
  }
  throw adviseOn(`start the database in ${data}`, said.join('\n'));
}

/** PostgreSQL's own messages, by their level. The last ones are kept for the error should it not start. */
function listen(child: ChildProcess, log: Log, said: string[]): void {
  if (!child.stderr) return;
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line);
    if (said.length > 20) said.shift();
    if (line.startsWith('PANIC:')) log.error({ line }, 'embedded PostgreSQL');
    else if (line.startsWith('FATAL:')) log.warn({ line }, 'embedded PostgreSQL');
    else log.debug({ line }, 'embedded PostgreSQL');
  });
}

async function shutDown({ child, exited }: Launched, { data, log }: ServerOptions): Promise<void> {
  child.stdin?.end();
  if (await within(exited, FAST_STOP_MS)) return;
  log.warn({ data }, 'the embedded PostgreSQL does not stop in time; stopping it at once');
  const postmaster = await readPostmaster(data);
  try {
    if (postmaster) process.kill(postmaster.pid, 'SIGQUIT');
  } catch {
    // It has just ended.
  }
  if (!(await within(exited, IMMEDIATE_STOP_MS))) child.kill('SIGKILL');
}

async function within(done: Promise<void>, limitMs: number): Promise<boolean> {
  const timeout = new AbortController();
  const late = sleep(limitMs, false, { signal: timeout.signal }).catch(() => false);
  const result = await Promise.race([done.then(() => true), late]);
  timeout.abort();
  return result;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
