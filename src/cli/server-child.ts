import { spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isReady } from '#cli/platform';
import { CommandError } from '#cli/terminal';
import { pause, systemClock } from '#kernel/clock';
import { serverEnvironment } from '#src/config';

/** A server that this command has started. */
export interface ServerChild {
  url: string;
  /** Asks it to stop and waits until it has; makes sure after a while. */
  stop(): Promise<void>;
}

export interface ServerChildOptions {
  dataDir: string;
  /** Called with every line that it prints. */
  print(line: string): void;
}

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
/** The first start unpacks a database and prepares the speech models. */
const READY_MS = 180_000;
const POLL_MS = 200;
const STOP_MS = 40_000;

/** Starts a server on a free port of its own and waits until it is ready. Throws CommandError when it does not start. */
export async function startServer(options: ServerChildOptions): Promise<ServerChild> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const env = serverEnvironment({ PORT: String(port), PUBLIC_URL: url, DATA_DIR: options.dataDir });
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  for (const stream of [child.stdout, child.stderr]) printLines(stream, options.print);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const cancel = systemClock.after(STOP_MS, () => child.kill('SIGKILL'));
    await exited;
    cancel();
  };
  const started = await Promise.race([waitUntilReady(url), exited.then(() => 'exited' as const)]);
  if (started === 'ready') return { url, stop };
  await stop();
  throw new CommandError(
    started === 'exited'
      ? 'The server stopped before it was ready.'
      : 'The server did not get ready in time.',
  );
}

async function waitUntilReady(url: string): Promise<'ready' | 'late'> {
  const deadlineMs = systemClock.nowMs() + READY_MS;
  while (systemClock.nowMs() < deadlineMs) {
    if (await isReady(url)) return 'ready';
    await pause(systemClock, POLL_MS);
  }
  return 'late';
}

function printLines(stream: NodeJS.ReadableStream, print: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) print(line);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
