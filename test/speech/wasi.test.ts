import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { installedSources } from '#adapters/embedded/models';
import { compileWasm, WasiRun, type WasmModule } from '#adapters/embedded/wasi';

let flite: WasmModule;
beforeAll(async () => {
  flite = await compileWasm(await readFile(installedSources().flite));
});

test('arguments go in, printed text comes out', () => {
  const outcome = new WasiRun(flite).run(['flite', '--version']);
  expect(outcome.printed).toContain('flite-2.');
  expect(outcome.files.size).toBe(0);
});

test('files are written, sought in and kept in memory', () => {
  const words = 'a line with "quotes", spaces and ünicode';
  const outcome = new WasiRun(flite).run(['flite', '-voice', 'kal16', '-t', words, '-o', 'out.wav']);
  expect(outcome.code).toBe(0);
  const wave = outcome.files.get('out.wav')!;
  expect(new TextDecoder().decode(wave.subarray(0, 4))).toBe('RIFF');
  // flite writes the header first and its sizes last, by seeking back.
  const view = new DataView(wave.buffer, wave.byteOffset);
  expect(view.getUint32(40, true)).toBe(wave.length - 44);
  expect(wave.length).toBeGreaterThan(32_000);
});

test('runs share nothing', () => {
  const speak = (text: string) =>
    new WasiRun(flite).run(['flite', '-voice', 'kal16', '-t', text, '-o', 'out.wav']).files.get('out.wav')!;
  const alone = speak('the same words');
  speak('something else in between');
  expect(speak('the same words')).toEqual(alone);
});

test('a file that is not there is an error of the program, a trap is an exception', () => {
  const outcome = new WasiRun(flite).run(['flite', '-f', 'not-there.txt', '-o', 'out.wav']);
  expect(outcome.printed).toContain('failed to open file');
  expect(outcome.files.size).toBe(0);
  const broken = ['flite', '-voice', 'kal16', '-pr', 'Syllable', '-t', 'hello there', '-o', 'out.wav'];
  expect(() => new WasiRun(flite).run(broken)).toThrow();
});

test('what is not a program is refused', async () => {
  await expect(compileWasm(new Uint8Array([1, 2, 3, 4]))).rejects.toThrow();
});
