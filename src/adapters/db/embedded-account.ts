import type { ChildProcess, StdioOptions } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, chown, cp, lchown, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Log } from '#kernel/log';
import { startupError } from './embedded-advice.ts';
import type { PostgresBinaries } from './embedded-binaries.ts';

/** A way to run PostgreSQL's programs, and where their files must then be. */
export interface Account {
  kind: 'self' | 'user' | 'capability' | 'namespace' | 'moved';
  binaries: PostgresBinaries;
  /** The folder that holds the database files (`data`), which the account may enter. */
  home: string;
  /** Who must own the database files; undefined when that is whoever runs us. */
  owner: Owner | undefined;
  /** Starts a program as this account, in a session of its own when `detached`. */
  spawn(file: string, args: readonly string[], options: SpawnOptions): ChildProcess;
}

interface Owner {
  uid: number;
  gid: number;
}

interface SpawnOptions {
  stdio: StdioOptions;
  detached?: boolean;
  env?: Readonly<Record<string, string>>;
}

export interface AccountOptions {
  binaries: PostgresBinaries;
  home: string;
  log: Log;
  /** Only these kinds are tried; all when left out. For tests of the rarer ones. */
  kinds?: readonly Account['kind'][];
}

/** PostgreSQL gets a clean environment: ours may hold secrets, and `PG…` variables would change what it does. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin';

interface Way {
  kind: Account['kind'];
  prefix: readonly string[];
  owner: Owner | undefined;
  /** The user Node itself switches to before it starts the program. */
  as: Owner | undefined;
}

/**
 * Chooses how PostgreSQL runs. An ordinary user runs it as itself. PostgreSQL refuses root, so root tries, in order:
 * another user; that user with the capability to pass through folders it may not enter; a user namespace in which
 * root has another number; and, with a warning, another user on a copy of the programs and a data folder under
 * `/var/lib`. Each is tried for real before it is chosen. Throws advice when none works.
 */
export async function chooseAccount(options: AccountOptions): Promise<Account> {
  const { binaries, home } = options;
  const self: Way = { kind: 'self', prefix: [], owner: undefined, as: undefined };
  if (process.getuid?.() !== 0) return account(self, binaries, home);

  const user = await ordinaryUser(home);
  const place = movedHome(home);
  const [here, there] = await Promise.all([home, place].map((folder) => exists(join(folder, 'data'))));
  for (const way of waysOfRoot(user)) {
    if ((there && !here) || (options.kinds && !options.kinds.includes(way.kind))) continue;
    const candidate = account(way, binaries, home);
    if (await works(candidate)) return candidate;
  }
  // Moving beside existing files would start an empty database in their stead.
  const moved = here ? undefined : await moveAway(options, user).catch(() => undefined);
  if (moved && (await works(moved))) {
    options.log.warn(
      { folder: moved.home, wanted: home },
      'running as root, and no other user may enter the data folder: the database lives in another folder',
    );
    return moved;
  }
  if (moved && !there) await rm(moved.home, { recursive: true, force: true });
  throw startupError('PostgreSQL refuses to run as root, and no other user can be used here', {
    advice: 'Start as an ordinary user, or set DATABASE_URL to use a PostgreSQL of your own.',
  });
}

function waysOfRoot(user: Owner): Way[] {
  const { uid, gid } = user;
  const others = ['unshare', '--user', `--map-user=${uid}`, `--map-group=${gid}`, '--'];
  return [
    { kind: 'user', prefix: [], owner: user, as: user },
    // To read and pass through is enough; containers often grant only the wider one.
    { kind: 'capability', prefix: withCapability(user, 'dac_read_search'), owner: user, as: undefined },
    { kind: 'capability', prefix: withCapability(user, 'dac_override'), owner: user, as: undefined },
    { kind: 'namespace', prefix: others, owner: { uid: 0, gid: 0 }, as: undefined },
  ];
}

/** Without `no_setuid_fixup` access(2), which PostgreSQL asks about its own programs, would ignore the capability. */
function withCapability({ uid, gid }: Owner, capability: string): string[] {
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--securebits=+no_setuid_fixup'];
  return ['setpriv', ...ids, `--inh-caps=-all,+${capability}`, `--ambient-caps=-all,+${capability}`, '--'];
}

function account(way: Way, binaries: PostgresBinaries, home: string): Account {
  return {
    kind: way.kind,
    binaries,
    home,
    owner: way.owner,
    spawn(file, args, options) {
      const [command = file, ...rest] = [...way.prefix, file, ...args];
      return spawn(command, rest, {
        cwd: '/',
        stdio: options.stdio,
        detached: options.detached ?? false,
        env: { PATH: SYSTEM_PATH, LC_ALL: 'C', TZ: 'UTC', ...options.env },
        ...way.as,
      });
    },
  };
}

/** Tries whether PostgreSQL finds its programs and takes the user, and whether it can write into a folder of its own. */
async function works(candidate: Account): Promise<boolean> {
  const probe = join(candidate.home, '.probe');
  await mkdir(probe, { recursive: true, mode: 0o700 });
  try {
    await giveTo(probe, candidate.owner);
    const script = 'cd "$1" && : >file && exec "$0" --show -D "$1/data"';
    return await new Promise<boolean>((resolve) => {
      const child = candidate.spawn('/bin/sh', ['-c', script, candidate.binaries.initdb, probe], {
        stdio: 'ignore',
      });
      child.once('error', () => resolve(false));
      child.once('exit', (code) => resolve(code === 0));
    });
  } catch {
    return false;
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}

/** Gives a folder and all below it to `owner`, when its top is not theirs already. */
export async function giveTo(folder: string, owner: Owner | undefined): Promise<void> {
  if (owner === undefined) return;
  const { uid, gid } = await stat(folder);
  if (uid === owner.uid && gid === owner.gid) return;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    await lchown(join(entry.parentPath, entry.name), owner.uid, owner.gid);
  }
  // The top comes last: if this is interrupted, the next start sees an owner that is not theirs and begins again.
  await chown(folder, owner.uid, owner.gid);
}

/** Whoever owns the database files or the folder they go to, else `postgres`, else `nobody`; never root. */
async function ordinaryUser(home: string): Promise<Owner> {
  for (const folder of [join(home, 'data'), home, dirname(home)]) {
    const owner = await stat(folder).catch(() => undefined);
    if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  }
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n');
  for (const name of ['postgres', 'nobody']) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  return { uid: 65_534, gid: 65_534 };
}

function movedHome(home: string): string {
  return join('/var/lib/patchbay', createHash('sha256').update(home).digest('hex').slice(0, 16));
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function moveAway(options: AccountOptions, user: Owner): Promise<Account> {
  const home = movedHome(options.home);
  const programs = join(home, `postgresql-${options.binaries.version}`);
  await mkdir(home, { recursive: true, mode: 0o755 });
  if (!(await exists(programs))) {
    await rm(`${programs}.new`, { recursive: true, force: true });
    await cp(options.binaries.root, `${programs}.new`, { recursive: true, verbatimSymlinks: true });
    await promisify(execFile)('chmod', ['-R', 'a+rX', `${programs}.new`]);
    await rename(`${programs}.new`, programs);
  }
  await chmod(home, 0o755);
  const way: Way = { kind: 'moved', prefix: [], owner: user, as: user };
  const bin = join(programs, 'bin');
  const binaries: PostgresBinaries = {
    ...options.binaries,
    root: programs,
    initdb: join(bin, 'initdb'),
    postgres: join(bin, 'postgres'),
  };
  return account(way, binaries, home);
}
