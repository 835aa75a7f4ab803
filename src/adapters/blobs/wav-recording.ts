import { readWav, type WavFormat, wavHeader } from '#audio/wav';
import type { DiskBlobs } from './disk.ts';

/** Takes samples as they come and ends as a WAV file. */
interface WavRecording {
  write(bytes: Uint8Array): void;
  finish(audioBytes: number): Promise<void>;
}

/** How much may be missing at the end of a recording whose process was killed. */
const HEADER_EVERY_BYTES = 512_000;
const PCM_HEADER_BYTES = 44;

/**
 * Records into the blob `key`. The file is a whole WAV at any time, but for the latest half megabyte: its header is
 * brought up to date as it grows, so a crash costs seconds and not the recording.
 */
export function openWavRecording(blobs: DiskBlobs, key: string, format: WavFormat): WavRecording {
  const file = blobs.openAppend(key, 'audio/wav');
  let audioBytes = 0;
  let toldBytes = 0;
  file.write(wavHeader(format, 0));
  return {
    write(bytes) {
      file.write(bytes);
      audioBytes += bytes.length;
      if (audioBytes - toldBytes < HEADER_EVERY_BYTES) return;
      toldBytes = audioBytes;
      file.patch(0, wavHeader(format, audioBytes));
    },
    finish(finalBytes) {
      file.patch(0, wavHeader(format, finalBytes));
      return file.finish();
    },
  };
}

/**
 * Makes the file that a killed process was recording into a whole WAV: its header gets the length of what is there.
 * False where there is no file, or no audio in it; then nothing is changed.
 */
export async function salvageWav(blobs: DiskBlobs, key: string): Promise<boolean> {
  const found = await blobs.stream(key, { from: 0, to: PCM_HEADER_BYTES - 1 });
  if (found === null || found.sizeBytes <= PCM_HEADER_BYTES) return false;
  const begin: Uint8Array[] = [];
  for await (const bytes of found.bytes) begin.push(bytes);
  const { rateHz, channels } = readWav(Buffer.concat(begin));
  const frameBytes = 2 * channels.length;
  const audioBytes = Math.floor((found.sizeBytes - PCM_HEADER_BYTES) / frameBytes) * frameBytes;
  const format = { encoding: 'pcm16', rateHz, channels: channels.length === 1 ? 1 : 2 } as const;
  await blobs.patch(key, 0, wavHeader(format, audioBytes));
  return audioBytes > 0;
}
