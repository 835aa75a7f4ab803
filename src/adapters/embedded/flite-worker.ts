import { readFile } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { FliteAnswer, FliteOrder } from './flite-host.ts';
import { FliteEngine } from './flite-voice.ts';
import type { Stop } from './thread.ts';
import { compileWasm } from './wasi.ts';

/** The speaking thread: one order at a time, answered in order. */
const { path } = workerData as { path: string };
const port = parentPort!;
const engine = new FliteEngine(await compileWasm(await readFile(path)));
// The first utterance waits for the compiler: no caller should.
engine.speak({ voice: 'rms', speed: 1, rateHz: 8000, words: ['hello'] });
engine.prepare();

port.on('message', (message: FliteOrder | Stop) => {
  if ('type' in message) port.close();
  else answer(message);
});
port.postMessage({ type: 'ready' });
flushCompileCache();

function answer({ id, order }: FliteOrder): void {
  try {
    const audio = engine.speak(order);
    port.postMessage({ id, audio } satisfies FliteAnswer, [audio.samples.buffer as ArrayBuffer]);
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    port.postMessage({ id, failure } satisfies FliteAnswer);
  }
  engine.prepare();
}
