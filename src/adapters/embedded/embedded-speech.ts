import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { moonshine } from '#adapters/stt/moonshine';
import { flite } from '#adapters/tts/flite';
import { silero } from '#adapters/vad/silero';
import type { SpeechToText, TextToSpeech, Vad } from '#engine/ports';
import type { Log } from '#kernel/log';
import { FliteHost } from './flite-host.ts';
import type { FLITE_VOICES } from './flite-voice.ts';
import { prepareModels } from './models.ts';
import { type SttLoad, SttPool } from './stt-pool.ts';
import { VadHost } from './vad-host.ts';

/** A voice of the embedded synthesizer, for lists. */
export interface EmbeddedVoice {
  id: string;
  name: string;
  language: string;
}

/** Hearing and speaking without any account: models out of the installed packages, in threads of this process. */
export interface EmbeddedSpeech {
  readonly stt: SpeechToText;
  readonly vad: Vad;
  readonly tts: TextToSpeech;
  readonly voices: readonly EmbeddedVoice[];
  load(): SttLoad;
  /** Whether one more call that is heard by the embedded recogniser fits. */
  admit(): boolean;
  /** Lets work under way finish and ends the threads. */
  close(): Promise<void>;
}

export interface EmbeddedSpeechOptions {
  /** Prepared models are kept in here. */
  cacheDir: string;
  log: Log;
  /** Told what is being waited for, for people. */
  progress?: (message: string) => void;
  /** Recognition threads; default one less than the machine's cores, at least one. */
  sttWorkers?: number;
}

const VOICE_NAMES: Record<keyof typeof FLITE_VOICES, string> = {
  rms: 'Robert (US English, male)',
  slt: 'Susan (US English, female)',
  awb: 'Alan (Scottish English, male)',
  kal16: 'Kevin (US English, male, robotic)',
};
/**
 * Calls that one recognition thread hears in good time: with 16 callers who speak two fifths of the time, 95 % of texts
 * were there 160 ms after they were asked for, with 24 after a second (measured on two cores of a shared machine).
 */
const STREAMS_PER_WORKER = 16;
/** Speech that waits longer than this for its text says that the threads have fallen behind. */
const LATE_MS = 1000;

/** Prepares and loads the models. Rejects when a package is missing or a model does not load. */
export async function openEmbeddedSpeech(options: EmbeddedSpeechOptions): Promise<EmbeddedSpeech> {
  const { log } = options;
  const models = await prepareModels(options);
  options.progress?.('loading the speech models');
  const workers = options.sttWorkers ?? Math.max(1, availableParallelism() - 1);
  const codeCacheDir = join(options.cacheDir, 'code');
  const opened = await Promise.allSettled([
    SttPool.open({ models, workers, log, codeCacheDir }),
    VadHost.open({ path: models.vad, log, codeCacheDir }),
    FliteHost.open({ path: models.flite, log, codeCacheDir }),
  ]);
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed) {
    await Promise.all(opened.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
    throw failed.reason;
  }
  const [pool, vad, voice] = opened.map((one) => (one as PromiseFulfilledResult<unknown>).value) as [
    SttPool,
    VadHost,
    FliteHost,
  ];
  return {
    stt: moonshine({ pool }),
    vad: silero(vad),
    tts: flite(voice),
    voices: Object.entries(VOICE_NAMES).map(([id, name]) => ({ id, name, language: 'en' })),
    load: () => pool.load(),
    admit: () => {
      const { activeStreams, oldestQueuedMs } = pool.load();
      return activeStreams < pool.workers * STREAMS_PER_WORKER && oldestQueuedMs < LATE_MS;
    },
    close: async () => {
      await Promise.all([pool.close(), vad.close(), voice.close()]);
    },
  };
}
