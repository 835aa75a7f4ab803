import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Log } from '#kernel/log';
import { startupError } from './embedded-advice.ts';

const POLL_MS = 25;
const FAST_STOP_MS = 20_000;
const IMMEDIATE_STOP_MS = 10_000;

/** What PostgreSQL writes into `postmaster.pid`. */
export interface Postmaster {
  pid: number;
  port: number;
  ready: boolean;
}

/** Reads `postmaster.pid`; undefined when there is none or it is being written. */
export async function readPostmaster(data: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/**
 * Ends a server that a killed Patchbay left behind on `data`; call it while holding the folder's lock. Returns the
 * number in `postmaster.pid` when a stranger's process bears it now (PostgreSQL must then be told that it is not its
 * own), else undefined.
 */
export async function endOrphan(data: string, log: Log): Promise<number | undefined> {
  const found = await readPostmaster(data);
  if (found === undefined || !isAlive(found.pid)) return undefined;
  if (!(await serves(found.pid, data))) return found.pid;

  log.warn({ pid: found.pid }, 'stopping the database server that a killed process left behind');
  for (const [signal, waitMs] of [
    ['SIGINT', FAST_STOP_MS],
    ['SIGQUIT', IMMEDIATE_STOP_MS],
  ] as const) {
    try {
      process.kill(found.pid, signal);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
      throw startupError(`PostgreSQL already runs on ${data} as process ${found.pid} of another user`, {
        advice: `Stop it as that user (kill -INT ${found.pid}) and start again.`,
        cause,
      });
    }
    if (await ends(found.pid, waitMs)) return undefined;
  }
  throw startupError(`PostgreSQL process ${found.pid} on ${data} does not stop`, {
    advice: `Stop it (kill -QUIT ${found.pid}) and start again.`,
  });
}

async function ends(pid: number, waitMs: number): Promise<boolean> {
  const deadline = performance.now() + waitMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Whether process `pid` is a PostgreSQL server of `data`, by the command line it was started with. */
async function serves(pid: number, data: string): Promise<boolean> {
  if (process.platform === 'linux') {
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    return basename(command[0] ?? '') === 'postgres' && command.includes(data);
  }
  const ps = promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]);
  const { stdout } = await ps.catch(() => ({ stdout: '' }));
  return stdout.includes('postgres') && stdout.includes(data);
}
