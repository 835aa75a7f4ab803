import { pcm16 } from '#audio/codec';
import { decodeAlaw, decodeMulaw } from '#audio/g711';
import { interleave } from '#audio/mix';

/** A decoded WAV file: one array a channel, all of one length. */
export interface Wav {
  rateHz: number;
  channels: Int16Array[];
}

export interface WavFormat {
  rateHz: number;
  channels: 1 | 2;
  encoding: 'pcm16' | 'mulaw';
}

const PCM = 1;
const ALAW = 6;
const MULAW = 7;
const EXTENSIBLE = 0xfffe;

/**
 * Reads a RIFF WAVE file of 16-bit PCM, μ-law or A-law with one or two channels. A data chunk that claims more than
 * the file holds (a recording that was cut off) is read as far as it goes. Throws Error for anything else.
 */
export function readWav(bytes: Uint8Array): Wav {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || tag(view, 0) !== 'RIFF' || tag(view, 8) !== 'WAVE')
    throw new Error('not a WAV file');
  let format: { code: number; channels: number; rateHz: number; bits: number } | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const name = tag(view, at);
    const from = at + 8;
    const to = Math.min(bytes.length, from + view.getUint32(at + 4, true));
    if (name === 'fmt ' && to - from >= 16) format = readFormat(view, from, to);
    if (name === 'data') {
      if (!format) throw new Error('WAV file has no format before its data');
      return { rateHz: format.rateHz, channels: readChannels(bytes.subarray(from, to), format) };
    }
    at = to + (to & 1);
  }
  throw new Error('WAV file has no data');
}

/**
 * The header of a WAV file with `dataBytes` of samples: 44 bytes for PCM, 58 for μ-law, whatever `dataBytes`. A file
 * that is still growing is begun with 0 and gets its final header written over the first one.
 */
export function wavHeader(format: WavFormat, dataBytes: number): Uint8Array {
  const isPcm = format.encoding === 'pcm16';
  const bytesPerSample = isPcm ? 2 : 1;
  const frameBytes = bytesPerSample * format.channels;
  const header = new Uint8Array(isPcm ? 44 : 58);
  const view = new DataView(header.buffer);
  putTag(header, 0, 'RIFF');
  view.setUint32(4, header.length - 8 + dataBytes + (dataBytes & 1), true);
  putTag(header, 8, 'WAVEfmt ');
  view.setUint32(16, isPcm ? 16 : 18, true);
  view.setUint16(20, isPcm ? PCM : MULAW, true);
  view.setUint16(22, format.channels, true);
  view.setUint32(24, format.rateHz, true);
  view.setUint32(28, format.rateHz * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, bytesPerSample * 8, true);
  if (!isPcm) {
    putTag(header, 38, 'fact');
    view.setUint32(42, 4, true);
    view.setUint32(46, dataBytes / frameBytes, true);
  }
  putTag(header, header.length - 8, 'data');
  view.setUint32(header.length - 4, dataBytes, true);
  return header;
}

/** A whole mono or stereo WAV file of 16-bit PCM. Channels must be of one length. */
export function writeWav(wav: Wav): Uint8Array {
  const [left, right] = wav.channels;
  if (!left || wav.channels.length > 2) throw new Error('a WAV file has one or two channels');
  const interleaved = right ? interleave(left, right) : left;
  const dataBytes = interleaved.length * 2;
  const header = wavHeader({ rateHz: wav.rateHz, channels: right ? 2 : 1, encoding: 'pcm16' }, dataBytes);
  const file = new Uint8Array(header.length + dataBytes);
  file.set(header);
  pcm16.encode(interleaved, file, header.length);
  return file;
}

function readFormat(view: DataView, from: number, to: number) {
  const code = view.getUint16(from, true);
  return {
    code: code === EXTENSIBLE && to - from >= 26 ? view.getUint16(from + 24, true) : code,
    channels: view.getUint16(from + 2, true),
    rateHz: view.getUint32(from + 4, true),
    bits: view.getUint16(from + 14, true),
  };
}

function readChannels(
  data: Uint8Array,
  format: { code: number; channels: number; bits: number },
): Int16Array[] {
  const { code, channels, bits } = format;
  if (channels < 1 || channels > 2) throw new Error(`WAV file has ${channels} channels`);
  const decode =
    code === PCM && bits === 16
      ? pcm16.decode
      : code === MULAW && bits === 8
        ? decodeMulaw
        : code === ALAW && bits === 8
          ? decodeAlaw
          : undefined;
  if (!decode) throw new Error(`WAV encoding ${code} with ${bits} bits is not supported`);
  const frames = Math.floor(data.length / (channels * (bits / 8)));
  const all = new Int16Array(frames * channels);
  decode(data, 0, all);
  if (channels === 1) return [all];
  return [0, 1].map((channel) => all.filter((_, i) => i % 2 === channel));
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(
    view.getUint8(at),
    view.getUint8(at + 1),
    view.getUint8(at + 2),
    view.getUint8(at + 3),
  );
}

function putTag(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}
