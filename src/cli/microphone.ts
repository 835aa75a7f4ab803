import { Resampler } from '#audio/resample';
import type { Phone } from '#cli/phone';

/**
 * Speaks raw PCM (16-bit little-endian, one channel) from a stream into a call until either ends. A stream that comes
 * faster than real time is read no faster than it is spoken.
 */
export async function speakFrom(
  stream: AsyncIterable<Buffer>,
  options: { phone: Phone; rateHz: 8000 | 16000 },
): Promise<void> {
  const resampler = new Resampler(options.rateHz, 8000);
  let odd = Buffer.alloc(0);
  let spoken: Promise<void> = Promise.resolve();
  for await (const chunk of stream) {
    const bytes = Buffer.concat([odd, chunk]);
    const samples = new Int16Array(bytes.length >> 1);
    for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(2 * i);
    odd = bytes.subarray(samples.length * 2);
    await spoken;
    spoken = options.phone.say(resampler.push(samples).slice());
  }
  await spoken;
}
