import type { BrowserClient } from '#test/gateways/browser-rig';
import type { ScriptedCall } from '#test/gateways/scripted-launcher';

const RATE_HZ = 16_000;
const PACKET = 320;

/** A tone at the rate of the socket. */
export function tone(ms: number, hz = 440, level = 8000): Int16Array {
  return Int16Array.from(
    { length: (ms * RATE_HZ) / 1000 },
    (_, i) => level * Math.sin((2 * Math.PI * hz * i) / RATE_HZ),
  );
}

/** Samples that say where they are. */
export function ramp(ms: number): Int16Array {
  return Int16Array.from({ length: (ms * RATE_HZ) / 1000 }, (_, i) => (i % 30_000) + 1);
}

/** Samples as messages of pcm16. */
export function packetsOf(samples: Int16Array): Buffer[] {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const packets: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += PACKET * 2) packets.push(bytes.subarray(at, at + PACKET * 2));
  return packets;
}

/** What a line heard, in one piece. */
export function joined(frames: readonly { samples: Int16Array }[]): Int16Array {
  const all = new Int16Array(frames.reduce((sum, frame) => sum + frame.samples.length, 0));
  let at = 0;
  for (const { samples } of frames) {
    all.set(samples, at);
    at += samples.length;
  }
  return all;
}

/** Has the agent say something. */
export function play(call: ScriptedCall, samples: Int16Array): void {
  call.line.push({ samples, rateHz: RATE_HZ, atMs: 0 });
}

/** Plays like a browser's loudspeaker: reports what has come, packet by packet. Stops when told. */
export function reporting(client: BrowserClient, start = { ms: 0, n: 0, packets: 0 }): { stop(): void } {
  let reported = -1;
  const timer = setInterval(() => {
    const clear = client.messages.findLast((message) => message.type === 'clear');
    const n = clear ? Number(clear.n) : start.n;
    const ms = start.ms + (client.audio.length - start.packets) * 20;
    if (ms === reported) return;
    reported = ms;
    client.say({ type: 'played', ms, n });
  }, 10);
  return { stop: () => clearInterval(timer) };
}
