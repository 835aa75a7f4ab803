import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startupError } from './embedded-advice.ts';

export interface ServerCheckOptions {
  databaseUrl: string;
  progress: (text: string) => void;
  /** How long a server that does not answer yet is waited for. */
  patienceMs?: number;
}

const OLDEST_VERSION = 150_000;
const PATIENCE_MS = 60_000;
const PAUSE_MS = 500;
const CONNECT_MS = 10_000;

/** Not there yet, starting, or its name not yet known: what passes when a whole stack starts at once. */
const PASSING = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ECONNRESET', 'ETIMEDOUT', '57P03']);

/** What a refused connection means, by the error code of PostgreSQL or the system. */
const ADVICE: Readonly<Record<string, string>> = {
  '28P01': 'User or password in DATABASE_URL are wrong.',
  '28000':
    "The server does not let this user in; check the user in DATABASE_URL and the server's pg_hba.conf.",
  '3D000': 'The database named in DATABASE_URL does not exist; create it (createdb) and start again.',
  '53300': 'The server has no free connection; raise its max_connections.',
  ECONNREFUSED: 'Nothing listens there; check host and port in DATABASE_URL and whether PostgreSQL runs.',
  ENOTFOUND: 'The host in DATABASE_URL is not known.',
  EAI_AGAIN: 'The host in DATABASE_URL is not known.',
  ETIMEDOUT: 'The server does not answer; check host, port and firewall.',
  SELF_SIGNED_CERT_IN_CHAIN: 'Its certificate is not trusted: add `sslrootcert=<file>` to DATABASE_URL.',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'Its certificate is self-signed: use `sslmode=require` or `sslrootcert=<file>`.',
};

/**
 * Waits for the server of `databaseUrl` and checks that it is PostgreSQL 15 or later. Returns the URL to connect with:
 * the one given, with `sslmode` meaning what it means to PostgreSQL's own tools. Throws advice otherwise.
 */
export async function checkServer(options: ServerCheckOptions): Promise<string> {
  const { databaseUrl, progress, patienceMs = PATIENCE_MS } = options;
  const deadline = performance.now() + patienceMs;
  let url = withLibpqModes(databaseUrl);
  for (let tries = 1; ; tries++) {
    try {
      await checkVersion(url);
      return url;
    } catch (error) {
      const { code = '', message } = error as { code?: string; message: string };
      if (/does not support SSL/i.test(message) && sslMode(url) === 'prefer') {
        url = withParameter(url, 'sslmode', 'disable');
        continue;
      }
      if (!PASSING.has(code) || performance.now() > deadline) throw refused(databaseUrl, error);
      if (tries === 1) progress(`Waiting for PostgreSQL at ${place(databaseUrl)}`);
      await sleep(PAUSE_MS);
    }
  }
}

async function checkVersion(connectionString: string): Promise<void> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_MS });
  // A connection cut while idle is reported here; the next query reports it too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ number: number; name: string }>(
      "select current_setting('server_version_num')::int as number, current_setting('server_version') as name",
    );
    const version = rows[0];
    if (version && version.number >= OLDEST_VERSION) return;
    throw startupError(`The server in DATABASE_URL is PostgreSQL ${version?.name}`, {
      advice:
        'Patchbay needs version 15 or later; upgrade it, or unset DATABASE_URL to use the embedded one.',
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}

function refused(databaseUrl: string, cause: unknown): Error {
  if (cause instanceof Error && cause.name === 'DomainError') return cause;
  const { code = '', message } = cause as { code?: string; message: string };
  const advice = ADVICE[code] ?? `It said: ${message}`;
  return startupError(`Cannot use PostgreSQL at ${place(databaseUrl)}`, { advice, cause });
}

/** Host, port and database of a URL; never its password. */
function place(databaseUrl: string): string {
  if (!URL.canParse(databaseUrl)) return 'DATABASE_URL';
  const url = new URL(databaseUrl);
  return `${url.hostname || 'localhost'}:${url.port || '5432'}${url.pathname}`;
}

function sslMode(databaseUrl: string): string | null {
  return URL.canParse(databaseUrl) ? new URL(databaseUrl).searchParams.get('sslmode') : null;
}

/** `require` encrypts without checking the certificate, as in libpq; `pg` alone takes it for `verify-full`. */
function withLibpqModes(databaseUrl: string): string {
  const mode = sslMode(databaseUrl);
  if (mode === null || mode === 'no-verify' || databaseUrl.includes('uselibpqcompat=')) return databaseUrl;
  return withParameter(databaseUrl, 'uselibpqcompat', 'true');
}

function withParameter(databaseUrl: string, name: string, value: string): string {
  const url = new URL(databaseUrl);
  url.searchParams.set(name, value);
  return url.toString();
}
