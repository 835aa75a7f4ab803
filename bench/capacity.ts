import { execFileSync, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openEmbeddedSpeech } from '#adapters/embedded/embedded-speech';
import { encodeMulaw } from '#audio/g711';
import { silentLog } from '#kernel/log';
import * as script from './capacity/script.ts';

/**
 * How many calls one core holds: real sockets, the real gateway, engine and VAD, 20 ms frames in real time; scripted
 * recognition, model and voice with fixed delays. The engine's process is pinned to one core, the callers' to another.
 *
 *   node bench/capacity.ts [--calls 1,50,100] [--warm 1] [--cycles 4]
 */

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1,50,100,150,200' },
    warm: { type: 'string', default: '1' },
    cycles: { type: 'string', default: '3' },
    trace: { type: 'boolean', default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'patchbay-capacity-'));
const cache = join(import.meta.dirname, '../data/models');

function pin(pid: number, core: number): boolean {
  try {
    execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Both utterances as μ-law of exactly the script's length, spoken by the embedded voice. */
async function recordSpeech(): Promise<{ a: string; b: string }> {
  const speech = await openEmbeddedSpeech({ cacheDir: cache, log: silentLog, progress: () => {} });
  const speak = async (text: string, lengthMs: number, name: string) => {
    const samples = new Int16Array(lengthMs * 8);
    let at = 0;
    const options = { voice: 'rms', speed: 1, language: 'en-US', rateHz: 8000 } as const;
    const once = (async function* () {
      yield text;
    })();
    for await (const chunk of speech.tts.speak(once, options, new AbortController().signal)) {
      const room = Math.min(chunk.samples.length, samples.length - at);
      samples.set(chunk.samples.subarray(0, room), at);
      at += room;
    }
    if (at < samples.length) throw new Error(`"${name}" lasts ${at / 8} ms, less than its ${lengthMs} ms`);
    const bytes = Buffer.alloc(samples.length);
    encodeMulaw(samples, bytes, 0);
    const file = join(folder, `${name}.ulaw`);
    writeFileSync(file, bytes);
    return file;
  };
  const a =
    'please tell me everything there is to know about your opening hours and all of your prices this week';
  const files = {
    a: await speak(a, script.A_MS, 'a'),
    b: await speak('wait a moment that is really quite enough for me now thank you', script.B_MS, 'b'),
  };
  await speech.close();
  return files;
}

interface Result {
  calls: number;
  engine: script.EngineFigures;
  phones: script.PhoneFigures;
}

async function run(order: script.RunOrder, files: { a: string; b: string }): Promise<Result> {
  const args = ['--order', JSON.stringify(order)];
  const engine = fork(join(import.meta.dirname, 'capacity/engine-process.ts'), [
    ...args,
    ...(values.trace ? ['--trace'] : []),
  ]);
  pin(engine.pid!, 0);
  const { port } = await new Promise<{ port: number }>((resolve, reject) => {
    engine.once('message', (message) => resolve(message as { port: number }));
    engine.once('exit', (code) => reject(new Error(`the engine's process ended with ${code}`)));
  });
  // The workers' threads exist by now: pin them all.
  pin(engine.pid!, 0);
  const phoneArgs = [...args, '--port', String(port), '--a', files.a, '--b', files.b];
  const phones = fork(join(import.meta.dirname, 'capacity/phones-process.ts'), phoneArgs, { silent: true });
  pin(phones.pid!, 1);
  phones.stderr!.pipe(process.stderr);
  let output = '';
  phones.stdout!.on('data', (chunk) => {
    output += chunk;
  });
  const warmMs = 1_500 + script.CYCLE_MS * (order.warmCycles + 1);
  const measuredMs = script.CYCLE_MS * (order.cycles - 1);
  const measure = setTimeout(() => engine.send('measure'), warmMs);
  const figures = new Promise<script.EngineFigures>((resolve) => {
    setTimeout(() => {
      engine.once('message', (message) => resolve(message as script.EngineFigures));
      engine.send('report');
    }, warmMs + measuredMs);
  });
  await new Promise<void>((resolve) => phones.once('exit', () => resolve()));
  clearTimeout(measure);
  const told = await figures;
  engine.send('leave');
  return { calls: order.calls, engine: told, phones: JSON.parse(output) as script.PhoneFigures };
}

function quantile(numbers: number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

function row({ calls, engine, phones }: Result) {
  const round = (value: number, digits = 0) => Number(value.toFixed(digits));
  return {
    calls,
    held: engine.latenessP99Ms <= 20 && phones.unanswered === 0,
    'CPU %': round(engine.cpuPercent),
    'CPU ms / call s': round(engine.cpuMsPerCallSecond, 2),
    'late p99 ms': round(engine.latenessP99Ms, 1),
    'late max ms': round(engine.latenessMaxMs),
    'added p50 ms': round(quantile(phones.addedMs, 0.5)),
    'added p99 ms': round(quantile(phones.addedMs, 0.99)),
    'barge-in p50 ms': round(quantile(phones.bargeInMs, 0.5)),
    'barge-in p99 ms': round(quantile(phones.bargeInMs, 0.99)),
    turns: phones.addedMs.length,
    unanswered: phones.unanswered,
    'MB / call': round((engine.rssMb - engine.idleRssMb) / calls, 2),
  };
}

const machine = cpus();
console.log(
  `${machine.length} x ${machine[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
);
const files = await recordSpeech();
const rows = [];
for (const calls of values.calls.split(',').map(Number)) {
  const order = { calls, warmCycles: Number(values.warm), cycles: Number(values.cycles) };
  rows.push(row(await run(order, files)));
  console.table(rows.slice(-1));
}
console.log(
  '\nA number of calls is held while p99 of frame lateness stays at or under 20 ms and every turn is answered.',
);
console.table(rows);
rmSync(folder, { recursive: true });
