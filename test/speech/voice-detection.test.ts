import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FliteHost } from '#adapters/embedded/flite-host';
import { installedSources, prepareModels } from '#adapters/embedded/models';
import { SttPool } from '#adapters/embedded/stt-pool';
import { VadHost } from '#adapters/embedded/vad-host';
import { SLOTS } from '#adapters/embedded/vad-slots';
import { silero } from '#adapters/vad/silero';
import type { SampleRate } from '#audio/frame';
import { resample } from '#audio/resample';
import type { Vad, VadEvent } from '#engine/ports';
import { silentLog } from '#kernel/log';
import { type HumanPrompt, humanSpeech } from '#test/support/human-speech';
import { hearOnLine } from './line-hearing.ts';

let host: VadHost;
let vad: Vad;
let voice: FliteHost;
/** A sentence of the embedded voice at 8 kHz with a second of silence before and after. */
let line: Int16Array;
const SPEECH_FROM_MS = 1000;
const PATIENTLY = { interval: 1, timeout: 20_000 };
let speechToMs = 0;

beforeAll(async () => {
  const { vad: path, flite } = installedSources();
  host = await VadHost.open({ path, log: silentLog });
  vad = silero(host);
  voice = await FliteHost.open({ path: flite, log: silentLog });
  const words = 'good morning I would like to ask about my order'.split(' ');
  const order = { voice: 'rms', speed: 1, rateHz: 8000, words } as const;
  const spoken = await voice.speak(order, { urgent: true, signal: new AbortController().signal });
  line = new Int16Array(spoken!.samples.length + 16_000);
  line.set(spoken!.samples, 8000);
  speechToMs = SPEECH_FROM_MS + spoken!.samples.length / 8;
});
afterAll(() => Promise.all([host.close(), voice.close()]));

interface Listening {
  events: VadEvent[];
  push(from: number, to: number, atMs?: number): void;
  [Symbol.dispose](): void;
}

function listen(samples: Int16Array, rateHz: SampleRate = 8000): Listening {
  const events: VadEvent[] = [];
  const stream = vad.open(rateHz, (event) => events.push(event));
  return {
    events,
    push(from, to, atMs = (from * 1000) / rateHz) {
      stream.push({ samples: samples.slice(from, to), rateHz, atMs });
    },
    [Symbol.dispose]: () => stream[Symbol.dispose](),
  };
}

/** Pushes everything in 20 ms frames, never more than the detector has room for, and waits for all verdicts. */
async function pushAll(listening: Listening, samples: Int16Array, rateHz: SampleRate = 8000): Promise<void> {
  const size = (rateHz * 20) / 1000;
  for (let at = 0; at + size <= samples.length; at += size) {
    listening.push(at, at + size);
    const dueMs = (at * 1000) / rateHz - 200;
    if (dueMs > 0) await vi.waitUntil(() => listening.events.length >= Math.floor(dueMs / 32), PATIENTLY);
  }
  // Less the last: a resampler holds a little back.
  const all = Math.floor(((samples.length - size) * 1000) / rateHz / 32) - 1;
  await vi.waitUntil(() => listening.events.length >= all, PATIENTLY);
}

test.each([8000, 16_000, 24_000, 48_000] as const)(
  'finds where speech begins and ends at %i Hz',
  async (rateHz) => {
    const samples = resample(line, 8000, rateHz);
    using listening = listen(samples, rateHz);
    await pushAll(listening, samples, rateHz);
    const voiced = listening.events.filter((event) => event.probability >= 0.5);
    expect(voiced[0]!.atMs - SPEECH_FROM_MS).toBeGreaterThan(0);
    expect(voiced[0]!.atMs - SPEECH_FROM_MS).toBeLessThan(200);
    expect(Math.abs(voiced.at(-1)!.atMs - speechToMs)).toBeLessThan(250);
    expect(voiced.length * 32).toBeGreaterThan(0.7 * (speechToMs - SPEECH_FROM_MS));
    expect(listening.events.map((event) => event.atMs)).toEqual(
      listening.events.map((_, i) => expect.closeTo((i + 1) * 32, 3)),
    );
  },
);

const human = await humanSpeech();

test.skipIf('skip' in human)(
  'a soft first syllable is found at once, also after digital silence',
  async () => {
    const { prompts } = human as { prompts: HumanPrompt[] };
    const { samples8k } = prompts.find(({ name }) => name === 'enter-num-blacklist')!;
    const spoken = new Int16Array(48_000 + samples8k.length);
    spoken.set(samples8k, 48_000);
    const fromMs = 6_000 + samples8k.findIndex((sample) => Math.abs(sample) > 150) / 8;
    using listening = listen(spoken);
    await pushAll(listening, spoken);
    expect(listening.events.find(({ probability }) => probability >= 0.5)!.atMs - fromMs).toBeLessThan(200);
  },
);

test('a crowd of streams together hears exactly what one hears alone', async () => {
  using alone = listen(line);
  await pushAll(alone, line);
  const crowd = Array.from({ length: 40 }, () => listen(line));
  for (let at = 0; at + 160 <= line.length; at += 160) {
    for (const [n, one] of crowd.entries()) {
      // Every stream stands elsewhere in the recording, as calls do.
      const shifted = at - n * 320;
      if (shifted >= 0) one.push(shifted, shifted + 160);
    }
    await vi.waitUntil(() => crowd[0]!.events.length >= Math.floor((at - 1600) / 256), PATIENTLY);
  }
  const windows = Math.floor((line.length - 40 * 320) / 256);
  await vi.waitUntil(() => crowd.every((one) => one.events.length >= windows), PATIENTLY);
  for (const one of crowd) {
    expect(one.events.slice(0, windows)).toEqual(alone.events.slice(0, windows));
    one[Symbol.dispose]();
  }
});

test('a place that is given back is heard no more, and the next stream starts anew in it', async () => {
  using reference = listen(line);
  await pushAll(reference, line);
  const before = host.streams;
  const first = listen(line);
  for (let at = 8000; at < 16_000; at += 160) first.push(at, at + 160);
  await vi.waitUntil(() => first.events.length > 5, PATIENTLY);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  const heard = first.events.length;
  expect(host.streams).toBe(before);
  using second = listen(line);
  await pushAll(second, line);
  const windows = Math.floor(line.length / 256) - 2;
  expect(second.events.slice(0, windows)).toEqual(reference.events.slice(0, windows));
  expect(first.events).toHaveLength(heard);
});

test('window times follow the clock of the line when it jumps', async () => {
  using listening = listen(line);
  for (let at = 0; at < 3200; at += 160) listening.push(at, at + 160);
  for (let at = 3200; at < 6400; at += 160) listening.push(at, at + 160, at / 8 + 5000);
  await vi.waitUntil(() => listening.events.length === 25, PATIENTLY);
  const times = listening.events.map((event) => event.atMs);
  expect(times.slice(0, 12)).toEqual(Array.from({ length: 12 }, (_, i) => (i + 1) * 32));
  expect(times.slice(12)).toEqual(Array.from({ length: 13 }, (_, i) => (i + 13) * 32 + 5000));
});

test('a stream that is pushed faster than it is heard goes on with what is newest', async () => {
  using listening = listen(line);
  for (let round = 0; round < 10; round++) {
    for (let at = 0; at + 160 <= line.length; at += 160) {
      listening.push(at, at + 160, (round * line.length + at) / 8);
    }
  }
  const endMs = (10 * line.length) / 8;
  await vi.waitUntil(() => (listening.events.at(-1)?.atMs ?? 0) > endMs - 64, PATIENTLY);
  const times = listening.events.map((event) => event.atMs);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times.at(-1)).toBeLessThanOrEqual(endMs);
});

test('when all places are taken, another stream is refused', () => {
  const streams = Array.from({ length: SLOTS - host.streams }, () => vad.open(8000, () => {}));
  expect(() => vad.open(8000, () => {})).toThrow(
    expect.objectContaining({ name: 'ProviderError', kind: 'full' }),
  );
  for (const stream of streams) stream[Symbol.dispose]();
});

test('the detector, the speech gate and the recogniser together hear a sentence and its pause', async () => {
  const models = await prepareModels({ cacheDir: join(tmpdir(), 'patchbay-test-models'), log: silentLog });
  const pool = await SttPool.open({ models, workers: 1, log: silentLog });
  const heard = await hearOnLine(line.subarray(8000, line.length - 8000), { vad, pool, rateHz: 8000 });
  await pool.close();
  expect(heard.text.toLowerCase()).toContain('i would like to ask about my order');
  expect(heard.onsetsMs[0]).toBeGreaterThan(550);
  expect(heard.onsetsMs[0]).toBeLessThan(700);
  const lastMs = 600 + speechToMs - SPEECH_FROM_MS;
  expect(Math.abs(heard.pausesMs.at(-1)! - lastMs)).toBeLessThan(150);
  expect(heard.events.some((event) => event.type === 'interim')).toBe(true);
});
