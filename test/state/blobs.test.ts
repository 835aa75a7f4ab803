import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DiskBlobs, diskBlobs } from '#adapters/blobs/disk';
import { openWavRecording, salvageWav } from '#adapters/blobs/wav-recording';
import { readWav, wavHeader } from '#audio/wav';
import { until } from '#test/support/until';

let root: string;
let folder: string;
let blobs: DiskBlobs;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'patchbay-blobs-'));
  folder = join(root, 'blobs');
  blobs = await diskBlobs(folder);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);
const text = async (found: Awaited<ReturnType<DiskBlobs['stream']>>) => {
  if (found === null) return null;
  const parts: Uint8Array[] = [];
  for await (const part of found.bytes) parts.push(part);
  return Buffer.concat(parts).toString();
};

describe('blobs on disk', () => {
  it('come back as they were put, with their type', async () => {
    await blobs.put('knowledge/ten_1/file.pdf', bytes('hello'), 'application/pdf');
    expect(await blobs.get('knowledge/ten_1/file.pdf')).toEqual(Buffer.from('hello'));
    const found = await blobs.stream('knowledge/ten_1/file.pdf');
    expect(found).toMatchObject({ sizeBytes: 5, contentType: 'application/pdf' });
    expect(await text(found)).toBe('hello');
    const again = await diskBlobs(folder);
    expect(await again.stream('knowledge/ten_1/file.pdf')).toMatchObject({ contentType: 'application/pdf' });
  });

  it('give a range of bytes, both ends included', async () => {
    await blobs.put('a', bytes('0123456789'), 'text/plain');
    const part = async (from: number, to?: number) =>
      text(await blobs.stream('a', to === undefined ? { from } : { from, to }));
    expect(await part(2, 4)).toBe('234');
    expect(await part(7)).toBe('789');
    expect(await part(8, 99)).toBe('89');
    expect(await part(0, 0)).toBe('0');
    expect(await part(10)).toBe('');
    expect((await blobs.stream('a', { from: 2, to: 4 }))?.sizeBytes).toBe(10);
  });

  it('are null where there is none, and gone once deleted', async () => {
    expect(await blobs.get('none')).toBeNull();
    expect(await blobs.stream('none/at/all')).toBeNull();
    await blobs.put('a/b', bytes('x'), 'text/plain');
    expect(await blobs.get('a')).toBeNull();
    expect(await blobs.get('a/b/c')).toBeNull();
    await blobs.delete('a/b');
    await blobs.delete('a/b');
    expect(await blobs.get('a/b')).toBeNull();
  });

  it.each([
    '../escape',
    'a/../../escape',
    '..',
    '.',
    '/etc/passwd',
    'a//b',
    'a/',
    '',
    '.types/a',
    'a/.drafts/b',
    'a\\b',
    'a\0b',
    'ü',
    'a b',
    'x'.repeat(600),
  ])('refuse the key %j everywhere', async (key) => {
    const refused = { code: 'invalid' };
    await writeFile(join(root, 'escape'), 'untouched');
    await expect(blobs.put(key, bytes('x'), 'text/plain')).rejects.toMatchObject(refused);
    await expect((async () => blobs.get(key))()).rejects.toMatchObject(refused);
    await expect(blobs.stream(key)).rejects.toMatchObject(refused);
    await expect(blobs.delete(key)).rejects.toMatchObject(refused);
    await expect((async () => blobs.openAppend(key, 'x').finish())()).rejects.toMatchObject(refused);
    expect(await readFile(join(root, 'escape'), 'utf8')).toBe('untouched');
  });

  it('show the old file, and no rest of the new one, when putting fails half-way', async () => {
    await blobs.put('a', bytes('old'), 'text/plain');
    const broken = async function* () {
      yield bytes('new');
      expect(Buffer.from((await blobs.get('a')) ?? '').toString()).toBe('old');
      throw new Error('upload cut off');
    };
    await expect(blobs.put('a', broken(), 'text/plain')).rejects.toMatchObject({ code: 'unavailable' });
    expect(Buffer.from((await blobs.get('a')) ?? '').toString()).toBe('old');
    expect(await readdir(join(folder, '.drafts'))).toEqual([]);
  });

  it('forget the drafts of a crash long ago, and only those', async () => {
    const draft = (name: string) => join(folder, '.drafts', name);
    await writeFile(draft('old'), 'x');
    await writeFile(draft('fresh'), 'x');
    await utimes(draft('old'), new Date(0), new Date(0));
    await diskBlobs(folder);
    expect(await readdir(join(folder, '.drafts'))).toEqual(['fresh']);
  });

  it('say that a file cannot have the name of a folder', async () => {
    await blobs.put('a/b', bytes('x'), 'text/plain');
    await expect(blobs.put('a', bytes('x'), 'text/plain')).rejects.toMatchObject({ code: 'conflict' });
    await expect(blobs.put('a/b/c', bytes('x'), 'text/plain')).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('recordings on disk', () => {
  const format = { rateHz: 8_000, channels: 2, encoding: 'pcm16' } as const;
  const tone = Uint8Array.from({ length: 64_000 }, (_, i) => i % 251);

  it('end as a WAV file of all that was written, in order', async () => {
    const recording = openWavRecording(blobs, 'recordings/call_1.wav', format);
    for (let second = 0; second < 30; second++) recording.write(tone);
    await recording.finish(30 * tone.length);
    await recording.finish(30 * tone.length);
    const file = (await blobs.get('recordings/call_1.wav')) as Uint8Array;
    const { rateHz, channels } = readWav(file);
    expect([rateHz, channels.length, channels[0]?.length]).toEqual([8_000, 2, (30 * tone.length) / 4]);
    expect(Buffer.compare(file.subarray(44 + 7 * 64_000, 44 + 8 * 64_000), tone)).toBe(0);
    expect(await blobs.stream('recordings/call_1.wav')).toMatchObject({ contentType: 'audio/wav' });
  });

  it('are a readable WAV while they grow, as after a crash', async () => {
    const recording = openWavRecording(blobs, 'recordings/call_2.wav', format);
    for (let second = 0; second < 30; second++) recording.write(tone);
    const heard = await until(async () => {
      const file = await blobs.get('recordings/call_2.wav');
      return file !== null && file.length >= 44 + 30 * tone.length && readWav(file).channels[0]?.length;
    });
    expect(heard).toBeGreaterThan((20 * tone.length) / 4);
    await recording.finish(30 * tone.length);
  });

  it('that a killed process left are made whole, at their own rate', async () => {
    const folderOf = join(folder, 'recordings');
    await mkdir(folderOf, { recursive: true });
    const samples = tone.subarray(0, 10_002);
    const header = wavHeader({ ...format, rateHz: 16_000 }, 0);
    await writeFile(join(folderOf, 'call_3.wav'), Buffer.concat([header, samples]));
    expect(await salvageWav(blobs, 'recordings/call_3.wav')).toBe(true);
    const file = (await blobs.get('recordings/call_3.wav')) as Uint8Array;
    const { rateHz, channels } = readWav(file);
    expect([rateHz, channels.length, channels[0]?.length]).toEqual([16_000, 2, 2_500]);
    expect(Buffer.compare(file.subarray(44), samples)).toBe(0);

    await writeFile(join(folderOf, 'call_4.wav'), header);
    await writeFile(join(folderOf, 'call_5.wav'), 'RIFF');
    for (const name of ['call_4', 'call_5', 'call_6'])
      expect(await salvageWav(blobs, `recordings/${name}.wav`)).toBe(false);
  });

  it('tell when the disk was full, without ending the call', async ({ skip }) => {
    const full = join(root, 'full');
    await mkdir(full);
    const mounted = spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', full]);
    if (mounted.status !== 0) skip('may not mount a small disk here');
    try {
      const recording = openWavRecording(await diskBlobs(full), 'call.wav', format);
      for (let second = 0; second < 30; second++) recording.write(tone);
      await expect(recording.finish(30 * tone.length)).rejects.toMatchObject({ code: 'unavailable' });
    } finally {
      spawnSync('/bin/umount', [full]);
    }
  });
});
