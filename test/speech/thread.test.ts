import { expect, test, vi } from 'vitest';
import { Thread } from '#adapters/embedded/thread';

const PATIENTLY = { timeout: 20_000 };
const entry = new URL('./fragile-worker.ts', import.meta.url);

async function open(dieAtStart = false) {
  const heard: object[] = [];
  const lost: string[] = [];
  let back = 0;
  const thread = await Thread.start<{ type: string }, object>({
    entry,
    workerData: { dieAtStart },
    onMessage: (message) => heard.push(message),
    onLost: (why) => lost.push(why),
    onBack: () => back++,
  });
  return { thread, heard, lost, back: () => back };
}

test('a thread that dies is replaced, and its death is told', async () => {
  const { thread, heard, lost, back } = await open();
  thread.send({ type: 'hello' });
  await vi.waitUntil(() => heard.length === 1, PATIENTLY);
  thread.send({ type: 'die' });
  await vi.waitUntil(() => lost.length === 1, PATIENTLY);
  expect(lost).toEqual(['as told']);
  expect(thread.up).toBe(false);
  await vi.waitUntil(() => back() === 1, PATIENTLY);
  expect(thread.up).toBe(true);
  thread.send({ type: 'again' });
  await vi.waitUntil(() => heard.length === 2, PATIENTLY);
  expect(heard[1]).toEqual({ type: 'echo', of: 'again' });
  await thread.stop();
});

test('a thread that cannot start says why and is not tried again', async () => {
  await expect(open(true)).rejects.toThrow('born dead');
});

test('stop waits for the thread to end, also one that is being replaced', async () => {
  const { thread, lost } = await open();
  thread.send({ type: 'die' });
  await vi.waitUntil(() => lost.length === 1, PATIENTLY);
  await thread.stop();
  expect(thread.up).toBe(false);
  const second = await open();
  await second.thread.stop();
  expect(second.lost).toEqual([]);
});
