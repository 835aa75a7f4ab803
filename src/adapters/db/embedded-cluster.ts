import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '#kernel/log';
import type { Account } from './embedded-account.ts';
import { giveTo } from './embedded-account.ts';
import { adviseOn } from './embedded-advice.ts';
import { endOrphan } from './embedded-orphan.ts';

/** The database files of one folder, ready to be started. */
export interface Cluster {
  /** PostgreSQL's data directory. */
  data: string;
  /** The application role's password. */
  password: string;
  /** Whether this start made it. */
  fresh: boolean;
}

interface ClusterOptions {
  account: Account;
  log: Log;
  progress: (text: string) => void;
}

/** The role that the application connects as: owner of its database, no superuser, so row security binds it. */
export const ROLE = 'patchbay';
export const DATABASE = 'patchbay';

/** Only the application's role may connect, only from this machine, only with its password. */
const HOST_RULES = `host all ${ROLE} 127.0.0.1/32 scram-sha-256\n`;

/**
 * Makes the database files when there are none, and checks those that are there. A start killed while making them
 * leaves nothing that counts: they are made beside and renamed when complete.
 */
export async function prepareCluster({ account, log, progress }: ClusterOptions): Promise<Cluster> {
  const data = join(account.home, 'data');
  const made = await stat(join(data, 'PG_VERSION')).catch(() => undefined);
  if (!made) {
    progress('Creating the database (first start only)');
    const password = await create(account, data);
    return { data, password, fresh: true };
  }
  await checkMajor(data, account.binaries.major);
  await endOrphan(data, log);
  await giveTo(data, account.owner);
  return { data, password: await readPassword(account, data), fresh: false };
}

/** Writes all files to disk; the first start skips that and does it once the server answers. */
export async function syncCluster(account: Account, data: string): Promise<void> {
  await run(account, account.binaries.initdb, { args: ['--sync-only', '-D', data], doing: `sync ${data}` });
}

async function create(account: Account, data: string): Promise<string> {
  const doing = `create the database in ${data}`;
  let fresh: string;
  try {
    await removeLeftovers(account.home);
    fresh = await mkdtemp(join(account.home, 'new-'));
    await giveTo(fresh, account.owner);
  } catch (cause) {
    throw adviseOn(doing, cause instanceof Error ? cause.message : String(cause), cause);
  }
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const args = ['-D', fresh, '-U', 'postgres', '--auth=trust', '--no-sync', '--no-instructions', ...locale];
  await run(account, account.binaries.initdb, { args, doing });

  const password = randomBytes(24).toString('hex');
  const role = `CREATE ROLE ${ROLE} LOGIN CREATEDB PASSWORD '${password}';`;
  await runAlone(account, fresh, `${role}\nCREATE DATABASE ${DATABASE} OWNER ${ROLE};\n`);
  await writeFile(join(fresh, 'pg_hba.conf'), HOST_RULES);
  await writePassword(account, password);
  await rename(fresh, data);
  return password;
}

/** What starts that were killed have left; an initdb of theirs may still be writing there, so failing is fine. */
async function removeLeftovers(home: string): Promise<void> {
  const names = (await readdir(home)).filter((name) => name.startsWith('new-'));
  const removed = names.map((name) => rm(join(home, name), { recursive: true, force: true }));
  await Promise.allSettled(removed);
}

async function checkMajor(data: string, major: number): Promise<void> {
  const found = (await readFile(join(data, 'PG_VERSION'), 'utf8')).trim();
  if (found === String(major)) return;
  throw adviseOn(
    `open the database in ${data}`,
    `was initialized by PostgreSQL version ${found}, this is version ${major}`,
  );
}

async function readPassword(account: Account, data: string): Promise<string> {
  const file = join(account.home, 'password');
  try {
    const password = (await readFile(file, 'utf8')).trim();
    if (/^[0-9a-f]{48}$/.test(password)) return password;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw adviseOn(`read ${file}`, cause instanceof Error ? cause.message : String(cause), cause);
    }
  }
  // Lost or damaged: whoever may write the files may set a new one.
  const password = randomBytes(24).toString('hex');
  await runAlone(account, data, `ALTER ROLE ${ROLE} PASSWORD '${password}';\n`);
  await writePassword(account, password);
  return password;
}

async function writePassword(account: Account, password: string): Promise<void> {
  const file = join(account.home, 'password');
  await writeFile(`${file}.new`, `${password}\n`, { mode: 0o600 });
  await chmod(`${file}.new`, 0o600);
  await rename(`${file}.new`, file);
}

/** Runs SQL as superuser without a server: nobody can connect as superuser to the running one. */
async function runAlone(account: Account, data: string, sql: string): Promise<void> {
  const args = ['--single', '-D', data, '-c', 'log_min_messages=fatal', 'postgres'];
  const output = await run(account, account.binaries.postgres, { args, doing: `set up ${data}`, input: sql });
  if (/ERROR:|FATAL:/.test(output)) throw adviseOn(`set up ${data}`, output);
}

interface Run {
  args: readonly string[];
  /** For the error. */
  doing: string;
  input?: string;
}

/** Runs a program to its end and returns what it wrote to standard error. */
function run(account: Account, file: string, { args, doing, input }: Run): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = account.spawn(file, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-8_000);
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
    child.once('error', (cause) => reject(adviseOn(doing, cause.message, cause)));
    child.once('close', (code) => (code === 0 ? resolve(said) : reject(adviseOn(doing, said))));
  });
}
