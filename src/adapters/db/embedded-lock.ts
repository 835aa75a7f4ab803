import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { adviseOn, startupError } from './embedded-advice.ts';

/** Held while this process owns a folder. */
export interface FolderLock {
  release(): Promise<void>;
}

interface Holder {
  pid: number;
  /** When that process started, in the system's own words: tells it from a later one with the same number. */
  started: string;
  /** Machine, boot and process namespace in which `pid` means something. */
  place: string;
}

const GRACE_MS = 1_500;
const HEARTBEAT_MS = 2_000;
/** Longer than two heartbeats: a holder in another container has touched its lock by then if it lives. */
const FOREIGN_WATCH_MS = 5_000;

/**
 * Makes this process the only owner of `folder` (created when missing), or throws who owns it. The owner's death
 * frees it, even by SIGKILL. Locks are numbered files: whoever creates `lock.<n+1>` exclusively takes over from a dead
 * holder of `lock.<n>`, and numbers are never reused, so two that see the same dead holder cannot both win.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const self: Holder = { pid: process.pid, started: await startOf(process.pid), place: await thisPlace() };
  try {
    await mkdir(folder, { recursive: true });
    for (;;) {
      const last = await lastLock(folder);
      if (last > 0) await refuseIfHeld(join(folder, `lock.${last}`), self.place);
      const file = join(folder, `lock.${last + 1}`);
      if (await createExclusively(file, JSON.stringify(self))) {
        await removeOlder(folder, last + 1);
        return held(file);
      }
    }
  } catch (cause) {
    if (!(cause instanceof Error) || !('syscall' in cause)) throw cause;
    throw adviseOn(`use the data folder ${folder}`, cause.message, cause);
  }
}

function held(file: string): FolderLock {
  const beat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      await writeFile(file, 'released').catch(() => undefined);
    },
  };
}

async function lastLock(folder: string): Promise<number> {
  let last = 0;
  for (const name of await readdir(folder)) {
    const match = /^lock\.(\d+)$/.exec(name);
    if (match) last = Math.max(last, Number(match[1]));
  }
  return last;
}

async function removeOlder(folder: string, mine: number): Promise<void> {
  for (const name of await readdir(folder)) {
    const match = /^lock\.(\d+)$/.exec(name);
    if (match && Number(match[1]) < mine) await rm(join(folder, name), { force: true });
  }
}

async function createExclusively(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx', mode: 0o644 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function refuseIfHeld(file: string, place: string): Promise<void> {
  const holder = await readHolder(file);
  if (holder === undefined) return;
  const isHeld = holder.place === place ? await outlives(holder, GRACE_MS) : await beats(file);
  if (!isHeld) return;
  throw startupError(`Another Patchbay (process ${holder.pid}) already runs on this data folder: ${file}`, {
    advice: 'Stop that one first, or give this one a DATA_DIR of its own.',
  });
}

/** Whether the holder still runs after `graceMs`: one that was killed a moment ago is gone by then. */
async function outlives(holder: Holder, graceMs: number): Promise<boolean> {
  const deadline = performance.now() + graceMs;
  while ((await startOf(holder.pid)) === holder.started) {
    if (performance.now() > deadline) return true;
    await sleep(25);
  }
  return false;
}

/** The holder a lock file names; undefined when it was released, or its writer died between creating and writing. */
async function readHolder(file: string): Promise<Holder | undefined> {
  for (let tries = 0; ; tries++) {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return 'released';
      throw error;
    });
    if (text !== '' && text.endsWith('}')) return JSON.parse(text) as Holder;
    if (text === 'released' || tries === 20) return undefined;
    await sleep(25);
  }
}

async function beats(file: string): Promise<boolean> {
  const first = await stat(file).catch(() => undefined);
  await sleep(FOREIGN_WATCH_MS);
  const second = await stat(file).catch(() => undefined);
  return first !== undefined && second !== undefined && second.mtimeMs !== first.mtimeMs;
}

/** When process `pid` started, as opaque text; empty when there is no such process or only its remains. */
async function startOf(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // The name (field 2) may hold spaces and parentheses; what follows is the state and, as field 22, the start time.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    const isGone = fields[0] === 'Z' || fields[0] === 'X';
    return isGone ? '' : (fields[19] ?? '');
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }));
  return stdout.trim();
}

async function thisPlace(): Promise<string> {
  if (process.platform !== 'linux') return process.platform;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return `${boot.trim()} ${namespace}`;
}
