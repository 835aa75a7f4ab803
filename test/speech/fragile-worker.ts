import { parentPort, workerData } from 'node:worker_threads';

/** A thread for tests: echoes, or dies when it is told to, or at its start. */
const { dieAtStart } = workerData as { dieAtStart: boolean };
if (dieAtStart) throw new Error('born dead');
parentPort!.on('message', (message: { type: string }) => {
  if (message.type === 'die') throw new Error('as told');
  if (message.type === 'stop') parentPort!.close();
  else parentPort!.postMessage({ type: 'echo', of: message.type });
});
parentPort!.postMessage({ type: 'ready' });
