import { installedSources } from '#adapters/embedded/models';
import { VadHost } from '#adapters/embedded/vad-host';
import type { AudioFrame, SampleRate } from '#audio/frame';
import { ProviderError, type Vad, type VadEvent } from '#engine/ports';
import type { Log } from '#kernel/log';

const NAME = 'silero/v6';
const WINDOW_MS = 32;
/** A clock that is further off than this from counting samples has jumped. */
const JUMP_MS = 1;

/** From this much audio on, line time is `atMs` plus what was counted since. */
interface Anchor {
  fromMs: number;
  atMs: number;
}

/**
 * Silero VAD v6 for all calls of the process in the thread of `host`: telephone audio at its own 8 kHz, other rates at
 * 16 kHz. `open` throws a ProviderError `full` when the process listens to too many lines. Audio counts as one stream
 * whatever the line's clock does; a jump of the clock moves the times of later windows.
 */
export function silero(host: VadHost): Vad {
  return { name: NAME, open: (rateHz, on) => openStream(host, rateHz, on) };
}

function openStream(host: VadHost, rateHz: SampleRate, on: (event: VadEvent) => void) {
  const anchors: Anchor[] = [];
  let heardMs = 0;
  const slot = host.claim(rateHz, (window, probability) => {
    const endMs = (window + 1) * WINDOW_MS;
    while (anchors.length > 1 && anchors[1]!.fromMs < endMs) anchors.shift();
    const anchor = anchors[0]!;
    on({ atMs: anchor.atMs + endMs - anchor.fromMs, probability });
  });
  if (!slot) throw new ProviderError(NAME, 'full', 'the voice detector listens to as many lines as it can');
  return {
    push(frame: AudioFrame): void {
      const last = anchors.at(-1);
      const expectedMs = last ? last.atMs + heardMs - last.fromMs : Number.NaN;
      if (!(Math.abs(frame.atMs - expectedMs) <= JUMP_MS)) {
        anchors.push({ fromMs: heardMs, atMs: frame.atMs });
      }
      heardMs += (frame.samples.length * 1000) / rateHz;
      slot.write(frame.samples);
    },
    [Symbol.dispose]: () => slot.release(),
  };
}

/** Silero alone, in a thread of its own, for a process that hears by another recogniser. Rejects when it can't load. */
export async function openSilero(options: { log: Log }): Promise<{ vad: Vad; close(): Promise<void> }> {
  const host = await VadHost.open({ path: installedSources().vad, log: options.log });
  return { vad: silero(host), close: () => host.close() };
}
