import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbedded } from '#adapters/db/embedded';
import { chooseAccount } from '#adapters/db/embedded-account';
import { postgresBinaries } from '#adapters/db/embedded-binaries';
import { prepareCluster } from '#adapters/db/embedded-cluster';
import { startServer } from '#adapters/db/embedded-server';
import { openDatabase } from '#adapters/db/open';
import { silentLog } from '#kernel/log';
import { until } from '#test/support/until';
import { isAlive, killChildren, runChild } from './run-child.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchbay-state-'));
  await write(join(folder, 'plain'), 'before');
});
afterAll(async () => {
  killChildren();
  await rm(folder, { recursive: true, force: true });
});

interface Opened {
  url: string;
  notes: string[];
}

const open = (dataDir: string) => openDatabase({ dataDir, log: silentLog });

async function notesOf(dataDir: string): Promise<string[]> {
  const database = await open(dataDir);
  const { rows } = await database.pool.query<{ text: string }>('select text from notes order by text');
  await database.close();
  return rows.map(({ text }) => text);
}

async function write(dataDir: string, text: string): Promise<void> {
  const database = await open(dataDir);
  await database.pool.query('create table if not exists notes (text text primary key)');
  await database.pool.query('insert into notes values ($1)', [text]);
  await database.close();
}

const lockFile = async (dataDir: string) =>
  (await readFile(join(dataDir, 'postgres/data/postmaster.pid'), 'utf8')).split('\n');
const isReady = (lines: string[]) => lines[7]?.trim() === 'ready';
const postmasterOf = async (dataDir: string) => Number((await lockFile(dataDir))[0]);

describe('the embedded database', () => {
  it('is durable, UTF-8 and reached by a role that is no superuser, on this machine only', async () => {
    const dataDir = join(folder, 'plain');
    const database = await open(dataDir);
    const { rows } = await database.pool.query(
      `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commits,
              current_setting('server_encoding') as encoding, current_setting('listen_addresses') as addresses,
              rolsuper as super, lower('ÄÖ') as lower from pg_roles where rolname = current_user`,
    );
    await database.close();
    expect(rows).toEqual([
      { fsync: 'on', commits: 'on', encoding: 'UTF8', addresses: '127.0.0.1', super: false, lower: 'äö' },
    ]);
    expect((await stat(join(dataDir, 'postgres/password'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, 'postgres/data'))).mode & 0o077).toBe(0);
  });

  it('lets nobody in without the password, not even as superuser', async () => {
    const dataDir = join(folder, 'plain');
    const database = await open(dataDir);
    const url = new URL(database.connectionString);
    for (const [user, password] of [
      ['patchbay', 'wrong'],
      ['postgres', url.password],
    ] as const) {
      const other = new URL(url);
      other.username = user;
      other.password = password;
      await expect(openDatabase({ databaseUrl: other.toString(), dataDir, log: silentLog })).rejects.toThrow(
        /DATABASE_URL/,
      );
    }
    await database.close();
  });

  it('finds its rows at the second start, and leaves no process when closed', async () => {
    const dataDir = join(folder, 'a path with spaces & "quotes" ü');
    await write(dataDir, 'kept');
    const database = await open(dataDir);
    const pid = await postmasterOf(dataDir);
    expect((await database.pool.query('select text from notes')).rows).toEqual([{ text: 'kept' }]);
    await database.close();
    expect(isAlive(pid)).toBe(false);
  });

  it('starts again within seconds after its process was killed, with all that was committed', async () => {
    const dataDir = join(folder, 'plain');
    const child = runChild(['open', dataDir]);
    expect((await child.next<Opened>()).notes).toEqual(['before']);
    const pid = await postmasterOf(dataDir);
    child.process.kill('SIGKILL');
    await child.ended;
    const startedMs = performance.now();
    expect(await notesOf(dataDir)).toEqual(['before']);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect(isAlive(pid)).toBe(false);
  });

  it('ends by itself when its process was killed and nothing starts after it', async () => {
    const dataDir = join(folder, 'plain');
    const child = runChild(['open', dataDir]);
    await child.next<Opened>();
    const pid = await postmasterOf(dataDir);
    child.process.kill('SIGKILL');
    await until(() => !isAlive(pid));
  });

  it('stops the server that was left behind when what watches it was killed as well', async () => {
    const dataDir = join(folder, 'plain');
    const child = runChild(['open', dataDir]);
    await child.next<Opened>();
    const pid = await postmasterOf(dataDir);
    await killSupervisorsOf(pid);
    child.process.kill('SIGKILL');
    await child.ended;
    expect(isAlive(pid)).toBe(true);
    expect(await notesOf(dataDir)).toEqual(['before']);
    expect(isAlive(pid)).toBe(false);
  });

  it('outlives Ctrl-C until its process has drained and closed it', async () => {
    const dataDir = join(folder, 'plain');
    const child = runChild(['open', dataDir]);
    await child.next<Opened>();
    const pid = await postmasterOf(dataDir);
    process.kill(-(child.process.pid as number), 'SIGINT');
    expect(await child.next()).toEqual({ afterInterrupt: [{ one: 1 }] });
    expect(await child.ended).toBe(0);
    expect(isAlive(pid)).toBe(false);
  });

  it('comes back at the same address when the server itself dies', async () => {
    const dataDir = join(folder, 'plain');
    const database = await open(dataDir);
    const pid = await postmasterOf(dataDir);
    process.kill(pid, 'SIGKILL');
    // A connection that was open may still be served for a moment.
    await until(
      async () => isReady(await lockFile(dataDir).catch(() => [])) && (await postmasterOf(dataDir)) !== pid,
    );
    const { rows } = await until(() => database.pool.query('select text from notes').catch(() => undefined));
    expect(rows).toEqual([{ text: 'before' }]);
    await database.close();
  });

  it('refuses a data folder that another process has, and says who', async () => {
    const dataDir = join(folder, 'plain');
    const first = await open(dataDir);
    await expect(open(dataDir)).rejects.toThrow(
      new RegExp(`Another Patchbay \\(process ${process.pid}\\).*DATA_DIR`),
    );
    const child = runChild(['open', dataDir]);
    await expect(child.next()).rejects.toThrow(/Another Patchbay/);
    expect(await child.ended).toBe(1);
    await first.close();
    await (await open(dataDir)).close();
  });

  it('lets one of several that start at once have the folder', async () => {
    const dataDir = join(folder, 'raced');
    const results = await Promise.allSettled([open(dataDir), open(dataDir), open(dataDir)]);
    const won = results.filter((result) => result.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const { value } of won) await value.close();
  });

  it('makes its files anew after a start that was killed while making them', async () => {
    const dataDir = join(folder, 'half');
    const child = runChild(['open', dataDir]);
    await until(() =>
      stat(join(dataDir, 'postgres')).then(
        () => true,
        () => false,
      ),
    );
    child.process.kill('SIGKILL');
    await write(dataDir, 'new');
    expect(await notesOf(dataDir)).toEqual(['new']);
  });

  it('takes a lock file whose number a stranger bears now for stale', async () => {
    const dataDir = join(folder, 'plain');
    const lines = [process.pid, join(dataDir, 'postgres/data'), 1, 1, '', '127.0.0.1', '', 'ready'];
    const file = join(dataDir, 'postgres/data/postmaster.pid');
    await writeFile(file, `${lines.join('\n')}\n`);
    if (isRoot) spawnSync('chown', ['--reference', join(dataDir, 'postgres/data'), file]);
    await (await open(dataDir)).close();
  });

  it('sets a new password when its file was lost', async () => {
    const dataDir = join(folder, 'plain');
    await rm(join(dataDir, 'postgres/password'));
    expect(await notesOf(dataDir)).toEqual(['before']);
  });

  it('tells what to do about files of another major version', async () => {
    const dataDir = join(folder, 'old');
    await mkdir(join(dataDir, 'postgres/data'), { recursive: true });
    await writeFile(join(dataDir, 'postgres/data/PG_VERSION'), '14\n');
    await expect(open(dataDir)).rejects.toThrow(/another major version.*pg_dump/s);
  });

  it('tells what to do about a data folder that is a file', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(open(join(folder, 'file'))).rejects.toThrow(/not a folder.*DATA_DIR/s);
  });

  it('tells what to do about a folder that may not be written', async () => {
    const dataDir = join(folder, 'closed');
    await mkdir(dataDir, { mode: 0o555 });
    await chmod(folder, 0o755);
    const child = runChild(['open', dataDir], isRoot ? { uid: NOBODY } : {});
    await expect(child.next()).rejects.toThrow(/not writable.*DATA_DIR/s);
  });

  it('tells what to do about a full disk', async ({ skip }) => {
    const dataDir = join(folder, 'full');
    await mkdir(dataDir);
    const mounted = spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', dataDir]);
    if (mounted.status !== 0) skip('may not mount a small disk here');
    try {
      await expect(open(dataDir)).rejects.toThrow(/disk is full.*Free some space/s);
    } finally {
      spawnSync('/bin/umount', [dataDir]);
    }
  });
});

describe.skipIf(!isRoot)('the embedded database under root', () => {
  const ways = ['user', 'capability', 'namespace'] as const;

  it.each(ways)('runs by way of: %s', async (way) => {
    const dataDir = join(folder, 'whichever way');
    await chmod(folder, 0o755);
    const server = await startEmbedded({ dataDir, log: silentLog, progress: () => {}, accounts: [way] });
    expect(server.account).toBe(way);
    await server.close();
  });

  it('runs in a folder that only root may enter, and again by another way', async () => {
    const closed = join(folder, 'for root only');
    await mkdir(closed, { mode: 0o700 });
    await write(join(closed, 'data'), 'kept');
    const options = { dataDir: join(closed, 'data'), log: silentLog, progress: () => {} };
    const first = await startEmbedded(options);
    expect(first.account).not.toBe('user');
    await first.close();
    const second = await startEmbedded({ ...options, accounts: ['namespace'] });
    await second.close();
    expect(await notesOf(options.dataDir)).toEqual(['kept']);
  });

  it('runs although the programs, too, lie where only root may enter', async () => {
    const closed = join(folder, 'checkout of root');
    await mkdir(closed, { mode: 0o700 });
    const found = await postgresBinaries();
    const root = join(closed, 'native');
    await cp(found.root, root, { recursive: true, verbatimSymlinks: true });
    const [initdb, postgres] = ['initdb', 'postgres'].map((name) => join(root, 'bin', name)) as [
      string,
      string,
    ];
    const binaries = { ...found, root, initdb, postgres };
    const home = join(closed, 'data/postgres');
    await mkdir(home, { recursive: true });
    const quiet = { log: silentLog, progress: () => {} };

    const account = await chooseAccount({ binaries, home, log: silentLog });
    const { data } = await prepareCluster({ account, ...quiet });
    const server = await startServer({ account, data, ...quiet, volatile: true });
    await server.stop();
    expect(['capability', 'namespace']).toContain(account.kind);
  });

  it('moves to another folder, with a warning, where no other user can come', async () => {
    const warnings: object[] = [];
    const log = { ...silentLog, warn: (fields: object) => void warnings.push(fields) };
    const server = await startEmbedded({
      dataDir: join(folder, 'no way'),
      log,
      progress: () => {},
      accounts: [],
    });
    await server.close();
    expect(server.account).toBe('moved');
    const [{ folder: moved }] = warnings as [{ folder: string }];
    expect(moved).toMatch(/^\/var\/lib\/patchbay\/[0-9a-f]{16}$/);
    await rm(moved, { recursive: true });
  });

  it('runs as an ordinary user, whose files root and that user can then share', async ({ skip }) => {
    const dataDir = join(folder, 'ordinary');
    await chmod(folder, 0o755);
    await mkdir(dataDir);
    spawnSync('chown', [`${NOBODY}:${NOBODY}`, dataDir]);
    const canRun = spawnSync(process.execPath, ['--version'], { uid: NOBODY, gid: NOBODY }).status === 0;
    if (!canRun) skip('another user may not enter this checkout');
    const first = runChild(['open', dataDir], { uid: NOBODY });
    await first.next<Opened>();
    const pid = await postmasterOf(dataDir);
    expect((await stat(`/proc/${pid}`)).uid).toBe(NOBODY);
    first.process.kill('SIGINT');
    expect(await first.ended).toBe(0);

    await write(dataDir, 'by root');
    const second = runChild(['open', dataDir], { uid: NOBODY });
    expect((await second.next<Opened>()).notes).toEqual(['by root']);
    second.process.kill('SIGINT');
    expect(await second.ended).toBe(0);
  });
});

/** Kills the shell that watches postmaster `pid`, and the shell it watches with. */
async function killSupervisorsOf(pid: number): Promise<void> {
  const parent = (child: number) =>
    Number(spawnSync('ps', ['-o', 'ppid=', '-p', String(child)]).stdout.toString());
  const supervisor = parent(pid);
  const children = spawnSync('ps', ['-o', 'pid=', '--ppid', String(supervisor)]).stdout.toString();
  const watchers = children
    .split('\n')
    .map(Number)
    .filter((child) => child > 0 && child !== pid);
  for (const one of [supervisor, ...watchers]) process.kill(one, 'SIGKILL');
}
