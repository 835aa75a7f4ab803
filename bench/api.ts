import { fork } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchApp, bareRoute, openBenchApp } from './api/bench-app.ts';
import type { LoadFigures, LoadOrder } from './api/load-process.ts';
import { bareOf, replay } from './api/tape.ts';
import { quantile, verdict } from './turn/figures.ts';

/**
 * What the dialects cost: a listing, a read and a create of each against a bare Fastify route that runs the same SQL
 * (the very statements, recorded from the real route) over the same pool, in one run, turn by turn. A third route runs
 * only the statements about the noun, without credential and without a transaction around them. Load comes from a
 * process of its own.
 *
 *   node bench/api.ts [--seconds 2] [--rounds 5] [--connections 16] [--only <part of a name>]
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '16' },
    only: { type: 'string', default: '' },
  },
});
const ROUNDS = Number(values.rounds);
const GOAL = 0.6;

interface Operation {
  name: string;
  method: 'GET' | 'POST';
  path: string;
  headers: Record<string, string>;
  body: object | null;
  status: number;
}

function operations({ apiKey }: BenchApp): Operation[] {
  const json = { 'content-type': 'application/json' };
  const vx = { 'x-api-key': apiKey };
  const rtk = { authorization: `Bearer ${apiKey}` };
  const read = { method: 'GET', body: null, status: 200 } as const;
  const made = { method: 'POST', status: 201 } as const;
  const dashboard = '/voicex/api/dashboard';
  return [
    { name: 'Voicex: list 20 calls', ...read, path: `${dashboard}/calls`, headers: vx },
    { name: 'Voicex: read organization', ...read, path: `${dashboard}/organization`, headers: vx },
    { name: 'veevo: list 20 usage records', ...read, path: '/veevo/api/usage?limit=20', headers: rtk },
    { name: 'veevo: read account', ...read, path: '/veevo/api/account', headers: rtk },
    // Last, because they add to what others read.
    {
      name: 'Voicex: create API key',
      ...made,
      path: `${dashboard}/api-keys`,
      headers: { ...vx, ...json },
      body: { name: 'Bench' },
    },
    {
      name: 'veevo: create API key',
      ...made,
      path: '/veevo/api/api-keys',
      headers: { ...rtk, ...json },
      body: { label: 'Bench' },
    },
  ];
}

const load = fork(join(import.meta.dirname, 'api/load-process.ts'));

/** `cpuMs` is this process's time on a processor for each request, which neighbours disturb least. */
type Figures = LoadFigures & { cpuMs: number };

function run(order: Omit<LoadOrder, 'connections' | 'durationMs'>, seconds: number): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the load process ended'));
    const before = process.cpuUsage();
    load.once('exit', ended);
    load.once('message', (message) => {
      load.off('exit', ended);
      const figures = message as LoadFigures;
      const { user, system } = process.cpuUsage(before);
      resolve({ ...figures, cpuMs: (user + system) / 1_000 / (figures.perSecond * seconds) });
    });
    load.send({ ...order, connections: Number(values.connections), durationMs: seconds * 1_000 });
  });
}

async function measure(bench: BenchApp, operation: Operation) {
  const { method, path, headers, status } = operation;
  const body = operation.body && JSON.stringify(operation.body);
  const ask = { method, headers, body, status };
  const once = () =>
    bench.app.inject({ method, url: path, headers, ...(body !== null && { payload: body }) });
  // The first use of a key is noted in a transaction of its own; the next minute's are not.
  await once();
  const recording = await bench.tape.record(once);
  const same = await bareRoute(method, () => replay(bench.pool, recording));
  const noun = bareOf(recording);
  const alone = await bareRoute(method, () => replay(bench.openPool, noun));
  const rivals = [
    { ...ask, url: bench.url, path },
    { ...ask, url: same.url, path: '/', status: 200 },
    { ...ask, url: alone.url, path: '/', status: 200 },
  ];
  const figures: Figures[][] = rivals.map(() => []);
  for (const rival of rivals) await run(rival, 0.5);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, rival] of rivals.entries()) figures[i]!.push(await run(rival, Number(values.seconds)));
  }
  await same.close();
  await alone.close();
  const statements = recording.sittings.reduce((sum, sitting) => sum + sitting.length, 0);
  return { name: operation.name, statements, figures };
}

const median = (figures: Figures[], what: keyof Figures) =>
  quantile(
    figures.map((one) => one[what]),
    0.5,
  );

/** Of the rounds one by one: what disturbs a round disturbs both of its sides. */
const ratio = (ours: Figures[], theirs: Figures[]) =>
  quantile(
    ours.map(({ perSecond }, round) => perSecond / theirs[round]!.perSecond),
    0.5,
  );

console.log(
  `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}, ` +
    `${values.connections} connections, medians of ${ROUNDS} rounds of ${values.seconds} s`,
);
const bench = await openBenchApp();
const measured = [];
for (const operation of operations(bench)) {
  if (operation.name.includes(values.only)) measured.push(await measure(bench, operation));
}
console.table(
  measured.map(({ name, statements, figures: [ours, same, alone] }) => ({
    operation: name,
    statements,
    'req/s': Math.round(median(ours!, 'perSecond')),
    'p99 ms': Number(median(ours!, 'p99Ms').toFixed(1)),
    'cpu ms': Number(median(ours!, 'cpuMs').toFixed(2)),
    'bare req/s': Math.round(median(same!, 'perSecond')),
    'bare p99 ms': Number(median(same!, 'p99Ms').toFixed(1)),
    ratio: Number(ratio(ours!, same!).toFixed(2)),
    'bare cpu ms': Number(median(same!, 'cpuMs').toFixed(2)),
    'noun alone req/s': Math.round(median(alone!, 'perSecond')),
    'its cpu ms': Number(median(alone!, 'cpuMs').toFixed(2)),
    'ratio to it': Number(ratio(ours!, alone!).toFixed(2)),
  })),
);
for (const { name, figures } of measured) {
  const found = ratio(figures[0]!, figures[1]!);
  verdict(`${name}, at least ${GOAL} of the bare route`, found.toFixed(2), found >= GOAL);
}
load.disconnect();
await bench.close();
