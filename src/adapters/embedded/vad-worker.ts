import { flushCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import { SileroModel, type SileroRate, sileroMemory, sileroWindow } from './silero-model.ts';
import type { VadWorkerOptions } from './vad-host.ts';
import { BELL, CLOSED, FREE, HIGHEST, OPEN, STATE, STOP, wordAt } from './vad-slots.ts';
import { VadStream } from './vad-stream.ts';

/**
 * The voice detector's thread. It sleeps on the bell, judges all windows that are complete, of all streams together,
 * and with many streams lets them gather for a moment first.
 */
const { memory, path } = workerData as VadWorkerOptions;
const { words } = memory;
const port = parentPort!;

/** From this many streams on, windows are gathered for GATHER_MS, so that they share a run. */
const CROWD = 5;
const GATHER_MS = 10;
const NAP_MS = 1000;

const streams: (VadStream | undefined)[] = [];
let open = 0;
const pause = new Int32Array(new SharedArrayBuffer(4));
const model = await SileroModel.load(path);
await warmUp();
port.postMessage({ type: 'ready' });
flushCompileCache();

while (Atomics.load(words, STOP) === 0) {
  const bell = Atomics.load(words, BELL);
  const beganMs = performance.now();
  const judged = await judgeAll();
  if (!judged) {
    Atomics.wait(words, BELL, bell, NAP_MS);
    continue;
  }
  const restMs = GATHER_MS - (performance.now() - beganMs);
  if (open >= CROWD && restMs > 1) Atomics.wait(pause, 0, 0, restMs);
}
await model.close();

async function warmUp(): Promise<void> {
  for (const rate of [8000, 16_000] satisfies SileroRate[]) {
    const window = new Float32Array(sileroWindow(rate));
    await model.judge(rate, [{ memory: sileroMemory(rate), window, probability: 0 }]);
  }
}

/** True when there was anything to judge. */
async function judgeAll(): Promise<boolean> {
  attend();
  let any = false;
  for (const rate of [8000, 16_000] satisfies SileroRate[]) {
    for (;;) {
      const ready = streams.filter((stream) => stream?.rate === rate && stream.next()) as VadStream[];
      if (ready.length === 0) break;
      const turns = ready.map((stream) => stream.turn);
      await model.judge(rate, turns);
      for (const stream of ready) stream.tell();
      any = true;
      port.postMessage({ type: 'verdicts' });
    }
  }
  return any;
}

/** Takes up streams that were opened and lets go of those that were closed. */
function attend(): void {
  const highest = Atomics.load(words, HIGHEST);
  open = 0;
  for (let slot = 0; slot < highest; slot++) {
    const state = Atomics.load(words, wordAt(slot, STATE));
    if (state === CLOSED) {
      streams[slot] = undefined;
      Atomics.store(words, wordAt(slot, STATE), FREE);
    } else if (state === OPEN) {
      streams[slot] ??= new VadStream(memory, slot);
      open++;
    }
  }
}
