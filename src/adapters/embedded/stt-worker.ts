import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { MoonshineModel } from './moonshine-model.ts';
import type { SttAnswer, SttOrder, SttWorkerOptions } from './stt-pool.ts';
import type { Stop } from './thread.ts';
import { transcribe } from './transcribe.ts';

/** A thread of the recogniser: one set of sessions, one order at a time, answered in order. */
const { models, unwanted } = workerData as SttWorkerOptions;
const port = parentPort!;
const model = await MoonshineModel.load(models);
// The first run through a session allocates and is slow: no caller should wait for it.
await model.hear(new Float32Array(8000));

let work: Promise<void> = Promise.resolve();
port.on('message', (message: SttOrder | Stop) => {
  work = work.then(() => ('type' in message ? end() : answer(message)));
});
port.postMessage({ type: 'ready' });
flushCompileCache();

async function answer(order: SttOrder): Promise<void> {
  const began = performance.now();
  const isStale = () => Atomics.load(unwanted, 0) === order.id;
  let reply: SttAnswer;
  try {
    const { utterance, draft, hurried } = order;
    const heard = await transcribe(model, utterance, { draft, hurried, isStale });
    reply = { id: order.id, heard, tookMs: performance.now() - began };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    reply = { id: order.id, failure, tookMs: performance.now() - began };
  }
  port.postMessage(reply);
}

async function end(): Promise<void> {
  await model.close();
  port.close();
}
