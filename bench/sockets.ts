import { execFileSync, fork } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { SocketFigures } from './sockets/echo-process.ts';

/**
 * What the sockets alone cost: the real gateway with calls that echo what they hear, 20 ms frames both ways in real
 * time. The gateway's process is pinned to one core, the callers' to another.
 *
 *   node bench/sockets.ts [--calls 100,250,400,600] [--seconds 10]
 */

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '100,250,400,600' },
    seconds: { type: 'string', default: '10' },
  },
});
const WARM_MS = 4_000;

function pin(pid: number, core: number): void {
  try {
    execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
  } catch {
    console.error('taskset is not here: processes are not pinned');
  }
}

function nextMessage<T>(child: ReturnType<typeof fork>): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T));
    child.once('exit', (code) => reject(new Error(`process ended with ${code}`)));
  });
}

async function run(calls: number): Promise<SocketFigures> {
  const echo = fork(join(import.meta.dirname, 'sockets/echo-process.ts'));
  pin(echo.pid!, 0);
  const port = await nextMessage<number>(echo);
  const callers = fork(join(import.meta.dirname, 'sockets/callers-process.ts'), [
    String(port),
    String(calls),
  ]);
  pin(callers.pid!, Math.min(1, cpus().length - 1));
  await nextMessage(callers);
  await new Promise((resolve) => setTimeout(resolve, WARM_MS));
  echo.send('measure');
  await new Promise((resolve) => setTimeout(resolve, Number(values.seconds) * 1000));
  echo.send('report');
  const figures = await nextMessage<SocketFigures>(echo);
  callers.kill();
  echo.kill();
  return figures;
}

console.log(`${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}`);
for (const calls of values.calls.split(',').map(Number)) console.table([await run(calls)]);
