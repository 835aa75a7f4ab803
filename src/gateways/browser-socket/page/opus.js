const LINE_RATE_HZ = 16000;
const FRAME_US = 20000;
const BITRATE = 32000;

const ENCODER = {
  codec: 'opus',
  sampleRate: LINE_RATE_HZ,
  numberOfChannels: 1,
  bitrate: BITRATE,
  opus: { frameDuration: FRAME_US, application: 'voip', complexity: 5 },
};
const DECODER = { codec: 'opus', sampleRate: 48000, numberOfChannels: 1 };

/** Whether this browser can encode and decode Opus itself (WebCodecs). */
export async function opusPossible() {
  if (!('AudioEncoder' in globalThis) || !('AudioDecoder' in globalThis)) return false;
  try {
    const [encoder, decoder] = await Promise.all([
      AudioEncoder.isConfigSupported(ENCODER),
      AudioDecoder.isConfigSupported(DECODER),
    ]);
    return Boolean(encoder.supported && decoder.supported);
  } catch {
    return false;
  }
}

/** 20 ms frames of 16 kHz PCM in, Opus packets out. */
export class OpusEncoder {
  /**
   * @param {(packet: Uint8Array) => void} onPacket
   * @param {() => void} onFailure
   */
  constructor(onPacket, onFailure) {
    this.timestamp = 0;
    this.encoder = new AudioEncoder({
      output: (chunk) => {
        const packet = new Uint8Array(chunk.byteLength);
        chunk.copyTo(packet);
        onPacket(packet);
      },
      error: onFailure,
    });
    this.encoder.configure(ENCODER);
  }

  /** @param {Int16Array} pcm */
  push(pcm) {
    if (this.encoder.state !== 'configured') return;
    const data = new AudioData({
      format: 's16',
      sampleRate: LINE_RATE_HZ,
      numberOfFrames: pcm.length,
      numberOfChannels: 1,
      timestamp: this.timestamp,
      data: pcm,
    });
    this.timestamp += (pcm.length / LINE_RATE_HZ) * 1e6;
    this.encoder.encode(data);
    data.close();
  }

  close() {
    if (this.encoder.state !== 'closed') this.encoder.close();
  }
}

/** Opus packets in, floating-point samples and their rate out. */
export class OpusDecoder {
  /**
   * @param {(samples: Float32Array, rateHz: number) => void} onSamples
   * @param {() => void} onFailure
   */
  constructor(onSamples, onFailure) {
    this.timestamp = 0;
    this.decoder = new AudioDecoder({
      output: (data) => {
        const samples = new Float32Array(data.numberOfFrames);
        data.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
        onSamples(samples, data.sampleRate);
        data.close();
      },
      error: onFailure,
    });
    this.decoder.configure(DECODER);
  }

  /** @param {ArrayBuffer} packet */
  push(packet) {
    if (this.decoder.state !== 'configured') return;
    this.decoder.decode(new EncodedAudioChunk({ type: 'key', timestamp: this.timestamp, data: packet }));
    this.timestamp += FRAME_US;
  }

  /** Drops packets that were handed over but have not come out yet. */
  clear() {
    if (this.decoder.state !== 'configured') return;
    this.decoder.reset();
    this.decoder.configure(DECODER);
  }

  close() {
    if (this.decoder.state !== 'closed') this.decoder.close();
  }
}
