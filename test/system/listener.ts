import { prepareModels } from '#adapters/embedded/models';
import { SttPool } from '#adapters/embedded/stt-pool';
import { VadHost } from '#adapters/embedded/vad-host';
import { silero } from '#adapters/vad/silero';
import { silentLog } from '#kernel/log';
import { hearOnLine } from '#test/speech/line-hearing';
import { SPEECH_CACHE } from '#test/support/server';

/** Writes down what is said in audio of a call, one after the other, with the embedded recogniser. */
export interface Listener {
  hear(samples: Int16Array, rateHz: 8000 | 16000): Promise<string>;
  close(): Promise<void>;
}

export async function openListener(): Promise<Listener> {
  const models = await prepareModels({ cacheDir: SPEECH_CACHE, log: silentLog });
  const pool = await SttPool.open({ models, workers: 1, log: silentLog });
  const host = await VadHost.open({ path: models.vad, log: silentLog });
  const vad = silero(host);
  return {
    async hear(samples, rateHz) {
      const { text } = await hearOnLine(samples, { vad, pool, rateHz });
      return text;
    },
    async close() {
      await Promise.all([pool.close(), host.close()]);
    },
  };
}

/** A text's words, whatever their case and punctuation. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z0-9']+/g) ?? [];
