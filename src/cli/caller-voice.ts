import { FliteHost } from '#adapters/embedded/flite-host';
import { installedSources } from '#adapters/embedded/models';
import { flite } from '#adapters/tts/flite';
import { trimSilence } from '#audio/trim';
import { silentLog } from '#kernel/log';

/** The synthesized caller. */
export interface CallerVoice {
  /** Speech at 8000 Hz. */
  speak(text: string): Promise<Int16Array>;
  close(): Promise<void>;
}

/** Some voices are easier to understand over a telephone when they take their time. */
const SPEEDS: Readonly<Record<string, number>> = { slt: 0.85 };
/** Silence that is left around the words. */
const KEPT_MS = 40;
/** A turn of synthesized speech longer than this has gone wrong. */
const SPEAK_MS = 30_000;

/** Opens a voice of the embedded synthesizer, in a thread of its own. */
export async function openCallerVoice(voice: string): Promise<CallerVoice> {
  const path = installedSources().flite;
  const host = await FliteHost.open({ path, log: silentLog });
  const engine = flite(host);
  const options = { voice, speed: SPEEDS[voice] ?? 1, language: 'en-US', rateHz: 8000 } as const;
  return {
    async speak(text) {
      const chunks: Int16Array[] = [];
      for await (const chunk of engine.speak(once(text), options, AbortSignal.timeout(SPEAK_MS))) {
        chunks.push(chunk.samples);
      }
      return trimSilence(joined(chunks), { rateHz: 8000, keepMs: KEPT_MS });
    },
    close: () => host.close(),
  };
}

async function* once(text: string): AsyncIterable<string> {
  yield text;
}

function joined(pieces: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
