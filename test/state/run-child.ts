import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process running child.ts. */
export interface Child {
  process: ChildProcess;
  /** Its next line of JSON. Rejects with what it wrote to standard error when it ended without another. */
  next<T>(): Promise<T>;
  /** Resolves with its exit code once it has ended; null after a signal. */
  ended: Promise<number | null>;
}

export interface ChildOptions {
  /** User to run as; needs root. */
  uid?: number;
}

const children = new Set<ChildProcess>();

export function runChild(args: readonly string[], { uid }: ChildOptions = {}): Child {
  const script = fileURLToPath(new URL('./child.ts', import.meta.url));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    cwd: '/',
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  children.add(child);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  ended.then(() => children.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    async next<T>() {
      const line = await lines.next();
      if (!line.done) return JSON.parse(line.value) as T;
      await ended;
      throw new Error(errors);
    },
    ended,
  };
}

/** For the end of a test file: nothing of ours stays behind when a test failed half-way. */
export function killChildren(): void {
  for (const child of children) child.kill('SIGKILL');
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
