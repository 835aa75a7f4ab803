import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decodeMulaw, encodeMulaw } from '#audio/g711';

/** A real person's words as a phone line carries them: 300 to 3400 Hz, through μ-law, 8 kHz. */
export interface HumanPrompt {
  name: string;
  /** What is said, with punctuation. */
  text: string;
  samples8k: Int16Array;
}

export type HumanSpeech = { prompts: HumanPrompt[] } | { skip: string };

const SOUNDS = '/usr/share/asterisk/sounds/en_US_f_Allison';
const WORDS = '/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz';

/**
 * Debian's prompts of the Asterisk PBX, spoken by one professional (CC-BY-SA; packages asterisk-core-sounds-en and
 * asterisk-core-sounds-en-g722, decoded by ffmpeg), with their words. Without the packages or ffmpeg: why not.
 * Prompts that are tones, or whose written words are known not to be what is said, are left out.
 */
export async function humanSpeech(): Promise<HumanSpeech> {
  if (!existsSync(SOUNDS) || !existsSync(WORDS)) {
    return {
      skip: 'the Debian packages asterisk-core-sounds-en and asterisk-core-sounds-en-g722 are not installed',
    };
  }
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' });
  } catch {
    return { skip: 'ffmpeg, which decodes the recorded prompts, is not installed' };
  }
  const listed = promptsListed(gunzipSync(await readFile(WORDS)).toString('latin1'));
  const recordings: Buffer[] = [];
  for (const { name } of listed) recordings.push(await readFile(join(SOUNDS, `${name}.g722`)));
  // G.722 has no header and a byte for each 8 kHz sample, so one run of the decoder does for all.
  const audio = await phoneBand(Buffer.concat(recordings));
  let at = 0;
  const prompts = listed.map((prompt, i) => {
    const samples8k = overLine(audio.subarray(at, at + recordings[i]!.length));
    at += recordings[i]!.length;
    return { ...prompt, samples8k };
  });
  return { prompts };
}

function promptsListed(list: string): { name: string; text: string }[] {
  const found: { name: string; text: string }[] = [];
  for (const line of list.split('\n')) {
    const match = /^([\w/-]+):\s*(.+)$/.exec(line);
    if (!match || /^[[(<]|note:|simple tone/.test(match[2]!)) continue;
    const [, name, words] = match as unknown as [string, string, string];
    if (!existsSync(join(SOUNDS, `${name}.g722`))) continue;
    found.push({
      name,
      text: words
        .replace(/\[.\]/g, '')
        .replace(/#/g, 'pound')
        .replace(/\*/g, 'star')
        .replace(/^[. ]+/, '')
        .trim(),
    });
  }
  return found;
}

function phoneBand(g722: Buffer): Promise<Int16Array> {
  const input = ['-f', 'g722', '-i', 'pipe:0'];
  const filter = ['-af', 'highpass=f=300,lowpass=f=3400'];
  const output = ['-f', 's16le', '-ac', '1', '-ar', '8000', 'pipe:1'];
  return new Promise((resolve, reject) => {
    const ffmpeg = spawn('ffmpeg', ['-v', 'error', ...input, ...filter, ...output]);
    const parts: Buffer[] = [];
    ffmpeg.stdout.on('data', (part: Buffer) => parts.push(part));
    ffmpeg.once('error', reject);
    ffmpeg.once('close', (code) => {
      const bytes = Uint8Array.from(Buffer.concat(parts));
      if (code === 0) resolve(new Int16Array(bytes.buffer, 0, bytes.length >> 1));
      else reject(new Error(`ffmpeg ended with ${code}`));
    });
    ffmpeg.stdin.on('error', reject);
    ffmpeg.stdin.end(g722);
  });
}

function overLine(samples: Int16Array): Int16Array {
  const bytes = new Uint8Array(samples.length);
  encodeMulaw(samples, bytes, 0);
  const heard = new Int16Array(samples.length);
  decodeMulaw(bytes, 0, heard);
  return heard;
}
