import { mkdir, mkdtemp, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FliteHost } from '#adapters/embedded/flite-host';
import { installedSources, prepareModels } from '#adapters/embedded/models';
import { MoonshineModel } from '#adapters/embedded/moonshine-model';
import { type Log, silentLog } from '#kernel/log';

let cacheDir: string;
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'patchbay-models-'));
});
afterEach(() => rm(cacheDir, { recursive: true, force: true }));

function listeningLog(): { log: Log; warnings: string[] } {
  const warnings: string[] = [];
  return { warnings, log: { ...silentLog, warn: (_fields, message) => warnings.push(message) } };
}

/** A sentence at 16 kHz, -1 to 1. */
async function sentence(): Promise<Float32Array> {
  const host = await FliteHost.open({ path: installedSources().flite, log: silentLog });
  const words = 'please leave your name and number after the tone'.split(' ');
  const order = { voice: 'rms', speed: 1, rateHz: 16_000, words } as const;
  const spoken = await host.speak(order, { urgent: true, signal: new AbortController().signal });
  await host.close();
  return Float32Array.from(spoken!.samples, (sample) => sample / 32768);
}

test('models are prepared once and found again', async () => {
  const steps: string[] = [];
  const options = { cacheDir, log: silentLog, progress: (message: string) => steps.push(message) };
  const first = await prepareModels(options);
  expect(first.decoder.kind).toBe('split');
  expect(steps).toHaveLength(1);
  expect(await prepareModels(options)).toEqual(first);
  expect(steps).toHaveLength(1);
  expect(await readdir(join(cacheDir, 'speech'))).toHaveLength(1);
});

test('processes that start together share one folder, and old leavings go', async () => {
  const leaving = join(cacheDir, 'speech', 'abc.123-dead');
  await mkdir(leaving, { recursive: true });
  await utimes(leaving, 1, 1);
  const [first, second] = await Promise.all([
    prepareModels({ cacheDir, log: silentLog }),
    prepareModels({ cacheDir, log: silentLog }),
  ]);
  expect(second).toEqual(first);
  expect(await readdir(join(cacheDir, 'speech'))).toHaveLength(1);
});

test('a damaged folder is made anew', async () => {
  const { decoder } = await prepareModels({ cacheDir, log: silentLog });
  if (decoder.kind !== 'split') throw new Error('not patched');
  await truncate(decoder.next, 1000);
  const again = await prepareModels({ cacheDir, log: silentLog });
  const model = await MoonshineModel.load(again);
  await model.close();
  expect(await readdir(join(cacheDir, 'speech'))).toHaveLength(1);
});

test('a folder that cannot be written costs the cache, not the speech', async () => {
  const { log, warnings } = listeningLog();
  const file = join(cacheDir, 'file');
  await writeFile(file, '');
  const models = await prepareModels({ cacheDir: file, log });
  expect(models.decoder.kind).toBe('split');
  expect(warnings).toHaveLength(1);
  await rm(join(models.tokens, '../..'), { recursive: true });
});

test('a decoder that cannot be patched is used as it is, with the same words', async () => {
  const { log, warnings } = listeningLog();
  const sources = installedSources();
  // The encoder is a model too, but not one that the patch knows.
  const odd = await prepareModels({ cacheDir, log, sources: { ...sources, decoder: sources.encoder } });
  expect(odd.decoder).toEqual({ kind: 'merged', path: sources.encoder });
  expect(warnings).toHaveLength(1);

  const patched = await prepareModels({ cacheDir, log });
  const audio = await sentence();
  const heard: string[] = [];
  const confidences: number[] = [];
  for (const models of [patched, { ...odd, decoder: { kind: 'merged', path: sources.decoder } as const }]) {
    const model = await MoonshineModel.load(models);
    const reading = await model.hear(audio);
    const checked = await model.hear(audio, { draft: [...reading.tokens.slice(0, 4), 9999, 4] });
    expect(checked.text).toBe(reading.text);
    heard.push(reading.text);
    confidences.push(reading.confidence);
    await model.close();
  }
  expect(heard[0]!.toLowerCase()).toContain('leave your name and number after the tone');
  expect(heard[1]).toBe(heard[0]);
  expect(confidences[1]).toBeCloseTo(confidences[0]!, 1);
});

test('a reading that nobody wants any more stops', async () => {
  const model = await MoonshineModel.load(await prepareModels({ cacheDir, log: silentLog }));
  const audio = await sentence();
  const whole = await model.hear(audio);
  let asked = 0;
  const part = await model.hear(audio, { isStale: () => ++asked > 3 });
  expect(part.stopped).toBe(true);
  expect(part.tokens.length).toBeLessThan(whole.tokens.length);
  expect(whole.tokens.slice(0, part.tokens.length)).toEqual(part.tokens);
  await model.close();
});
