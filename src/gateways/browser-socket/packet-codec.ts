import type { OpusDecoderHandle, OpusEncoderHandle } from 'libopus-wasm';
import { pcm16 } from '#audio/codec';
import type { PacketFormat } from './messages.ts';

/** The rate of all audio on a browser's socket. */
export const BROWSER_RATE_HZ = 16_000;
/** Samples in one packet: 20 ms. */
export const PACKET_SAMPLES = 320;

/** Turns samples into packets of one format and back. One for each socket: Opus remembers what went before. */
export interface PacketCodec {
  readonly format: PacketFormat;
  /** One packet, owned by the caller, of exactly PACKET_SAMPLES samples (16-bit little-endian). */
  encode(pcm: Buffer): Uint8Array;
  /** The samples of a packet, borrowed until the next call; null where it holds no audio of this format. */
  decode(packet: Buffer): Int16Array | null;
  close(): void;
}

/** Opens a codec. Opus is loaded when it is first asked for. */
export async function openPacketCodec(format: PacketFormat): Promise<PacketCodec> {
  return format === 'opus' ? openOpus() : new PcmCodec();
}

class PcmCodec implements PacketCodec {
  readonly format = 'pcm16';
  #samples = new Int16Array(PACKET_SAMPLES);

  encode(pcm: Buffer): Uint8Array {
    return pcm;
  }

  decode(packet: Buffer): Int16Array | null {
    if (packet.length === 0 || packet.length % 2 !== 0) return null;
    const count = packet.length / 2;
    if (count !== this.#samples.length) this.#samples = new Int16Array(count);
    pcm16.decode(packet, 0, this.#samples);
    return this.#samples;
  }

  close(): void {}
}

/** Speech is transparent well below this. */
const OPUS_BITRATE = 32_000;
/** Half of the most: speech gains nothing audible above it, and it costs a third less. */
const OPUS_COMPLEXITY = 5;

async function openOpus(): Promise<PacketCodec> {
  const { Application, createDecoder, createEncoder } = await import('libopus-wasm');
  const format = { sampleRate: BROWSER_RATE_HZ, channels: 1 } as const;
  const encoder = await createEncoder({
    ...format,
    application: Application.Voip,
    bitrate: OPUS_BITRATE,
    complexity: OPUS_COMPLEXITY,
    frameSize: PACKET_SAMPLES,
  });
  const decoder = await createDecoder(format);
  return new OpusCodec(encoder, decoder);
}

class OpusCodec implements PacketCodec {
  readonly format = 'opus';
  readonly #encoder: OpusEncoderHandle;
  readonly #decoder: OpusDecoderHandle;
  #isOpen = true;

  constructor(encoder: OpusEncoderHandle, decoder: OpusDecoderHandle) {
    this.#encoder = encoder;
    this.#decoder = decoder;
  }

  encode(pcm: Buffer): Uint8Array {
    return this.#encoder.encode(pcm);
  }

  decode(packet: Buffer): Int16Array | null {
    if (packet.length === 0) return null;
    try {
      return this.#decoder.decode(packet);
    } catch {
      return null;
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#encoder.free();
    this.#decoder.free();
  }
}
