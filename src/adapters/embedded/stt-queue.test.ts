import { expect, test } from 'vitest';
import { SttQueue } from './stt-queue.ts';

const refuse = () => {
  throw new Error('nothing should be dropped');
};

test('urgent first, and first come first served among equals', () => {
  const queue = new SttQueue<string>(8, () => 0);
  queue.add('interim 1', 'interim', refuse);
  queue.add('eager 1', 'eager', refuse);
  queue.add('eager 2', 'eager', refuse);
  queue.add('final', 'final', refuse);
  const order = [queue.take(), queue.take(), queue.take(), queue.take(), queue.take()];
  expect(order).toEqual(['final', 'eager 1', 'eager 2', 'interim 1', undefined]);
});

test('a full queue gives an interim up for something urgent, the newest first, and else refuses', () => {
  const queue = new SttQueue<string>(2, () => 0);
  const dropped: string[] = [];
  const drop = (item: string) => dropped.push(item);
  queue.add('interim 1', 'interim', drop);
  queue.add('interim 2', 'interim', drop);
  expect(queue.add('interim 3', 'interim', drop)).toBe(false);
  expect(queue.add('eager', 'eager', drop)).toBe(true);
  expect(queue.add('final', 'final', drop)).toBe(true);
  expect(dropped).toEqual(['interim 2', 'interim 1']);
  expect(queue.add('another', 'final', drop)).toBe(false);
  expect(queue.length).toBe(2);
});

test('it knows how long the oldest has waited and whether something urgent waits', () => {
  let nowMs = 100;
  const queue = new SttQueue<string>(4, () => nowMs);
  expect(queue.oldestMs).toBe(0);
  queue.add('first', 'interim', refuse);
  nowMs = 250;
  expect(queue.hasOver('interim')).toBe(false);
  queue.add('second', 'eager', refuse);
  expect(queue.hasOver('interim')).toBe(true);
  expect(queue.oldestMs).toBe(150);
  expect(queue.remove('first')).toBe(true);
  expect(queue.remove('first')).toBe(false);
  expect(queue.oldestMs).toBe(0);
});
