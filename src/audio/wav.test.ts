import { describe, expect, it } from 'vitest';
import { encodeMulaw } from '#audio/g711';
import { readWav, wavHeader, writeWav } from '#audio/wav';

const LEFT = Int16Array.from({ length: 100 }, (_, i) => i * 300 - 15_000);
const RIGHT = LEFT.map((sample) => -sample);

describe('WAV', () => {
  it('reads what it writes, mono and stereo', () => {
    expect(readWav(writeWav({ rateHz: 16000, channels: [LEFT] }))).toEqual({
      rateHz: 16000,
      channels: [LEFT],
    });
    expect(readWav(writeWav({ rateHz: 8000, channels: [LEFT, RIGHT] })).channels).toEqual([LEFT, RIGHT]);
  });

  it('writes the canonical 44-byte header', () => {
    const header = Buffer.from(wavHeader({ rateHz: 8000, channels: 2, encoding: 'pcm16' }, 6400));
    expect(header.toString('hex').match(/.{8}/g)).toEqual([
      '52494646',
      '24190000',
      '57415645',
      '666d7420',
      '10000000',
      '01000200',
      '401f0000',
      '007d0000',
      '04001000',
      '64617461',
      '00190000',
    ]);
  });

  it('reads μ-law, and skips chunks it does not know', () => {
    const bytes = new Uint8Array(LEFT.length);
    encodeMulaw(LEFT, bytes, 0);
    const header = wavHeader({ rateHz: 8000, channels: 1, encoding: 'mulaw' }, bytes.length);
    const extra = Buffer.from('LIST\x05\0\0\0hello\0', 'latin1');
    const file = Buffer.concat([header.subarray(0, 38), extra, header.subarray(38), bytes]);
    const [samples] = readWav(file).channels;
    for (let i = 0; i < LEFT.length; i++) expect(Math.abs(samples![i]! - LEFT[i]!)).toBeLessThan(500);
  });

  it('reads a recording whose header was never finished as far as it goes', () => {
    const file = writeWav({ rateHz: 8000, channels: [LEFT] });
    file.set(wavHeader({ rateHz: 8000, channels: 1, encoding: 'pcm16' }, 0xffff_fff0), 0);
    expect(readWav(file.subarray(0, 44 + 51)).channels[0]).toEqual(LEFT.subarray(0, 25));
  });

  it.each([
    ['an empty file', new Uint8Array(0), /not a WAV/],
    ['text', Buffer.from('RIFFoops, this is not a wave file at all'), /not a WAV/],
    ['a file without data', writeWav({ rateHz: 8000, channels: [LEFT] }).subarray(0, 36), /no data/],
    [
      'data before the format',
      Buffer.concat([Buffer.from('RIFF\0\0\0\0WAVEdata\x04\0\0\0abcd', 'latin1')]),
      /no format/,
    ],
    ['24-bit samples', withBits(24), /not supported/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readWav(bytes)).toThrow(message);
  });
});

function withBits(bits: number): Uint8Array {
  const file = writeWav({ rateHz: 8000, channels: [LEFT] });
  file[34] = bits;
  return file;
}
