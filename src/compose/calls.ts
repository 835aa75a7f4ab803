import type { DiskBlobs } from '#adapters/blobs/disk';
import { openWavRecording, salvageWav } from '#adapters/blobs/wav-recording';
import type { Database } from '#adapters/db/open';
import { type Queue, startQueue } from '#adapters/db/queue';
import type { EmbeddedSpeech } from '#adapters/embedded/embedded-speech';
import type { GuardedHttp } from '#adapters/fetch/guarded';
import { type PrometheusMeters, prometheusMeters } from '#adapters/metrics/prometheus';
import { Pacer } from '#audio/pacer';
import type { Calendars } from '#core/ports';
import type { Services } from '#core/services';
import { startCall } from '#engine/session';
import { jobHandlers } from '#jobs/index';
import { systemClock } from '#kernel/clock';
import type { Log } from '#kernel/log';
import { openJournal } from '#runtime/journal';
import { createLauncher } from '#runtime/launcher';
import type { Registry } from '#runtime/registry';
import { toolsFor } from '#runtime/tools/toolbox';
import { type Keys, signingSecretOf } from './keys.ts';
import type { PaymentsPort } from './payments.ts';
import { voiceFactories } from './voice-factories.ts';

const CALLS_PER_PROCESS_MAX = 1_000;

export type Calls = Awaited<ReturnType<typeof openCalls>>;

interface CallParts {
  log: Log;
  /** Closers of what was opened, in order. */
  opened: (() => Promise<unknown>)[];
  services: Services;
  registry: Registry;
  payments: PaymentsPort;
  calendars: Calendars;
  speech: EmbeddedSpeech;
  http: GuardedHttp;
  database: Database;
  keys: Keys;
  blobs: DiskBlobs;
}

/** Everything a live call runs on, and the jobs after it. */
export async function openCalls(parts: CallParts) {
  const { log, services, registry, speech, http, database, keys, blobs, opened } = parts;
  const clock = systemClock;
  const voices = voiceFactories({ speech, guard: http.vendors, log });
  const queue = await startQueue({
    pool: database.pool,
    handlers: jobHandlers({ services, llm: voices.llm, paymentSandbox: parts.payments.sandbox }),
    concurrency: 4,
    log,
  });
  opened.push(() => queue.stop());
  const journal = openJournal({
    append: (entries) => services.lifecycle.append(entries),
    clock,
    log,
  });
  const pacer = new Pacer({ clock, onError: (error) => log.error({ err: error }, 'a line failed') });
  const sockets = { size: 0 };
  const meters = metersOf({ registry, queue, speech, pacer, sockets, journalDepth: () => journal.depth });
  const launcher = createLauncher({
    admission: services.admission,
    lifecycle: services.lifecycle,
    journal,
    registry,
    voices,
    startCall,
    tools: (order) =>
      toolsFor(order, {
        http,
        calendars: parts.calendars,
        signingSecret: async (tenantId) => signingSecretOf(keys, tenantId),
        // A message is in the call's own log, as the tool's arguments: that is where its tenant reads it.
        deliverMessage: async () => {},
        clock,
        log,
      }),
    openRecording: (callId, rateHz) => recordingOf(blobs, callId, rateHz),
    hasRoom: () => registry.size < CALLS_PER_PROCESS_MAX && speech.admit(),
    meters,
    nodeId: keys.nodeId,
    clock,
    log,
  });
  return { launcher, registry, journal, queue, pacer, blobs, meters, sockets };
}

const recordingKey = (callId: string) => `recordings/${callId}.wav`;

/** The key of the recording that a killed process left behind, once it is a whole file; null where there is none. */
export async function salvageRecording(
  callId: string,
  { blobs, log }: { blobs: DiskBlobs; log: Log },
): Promise<string | null> {
  const key = recordingKey(callId);
  try {
    return (await salvageWav(blobs, key)) ? key : null;
  } catch (error) {
    log.error({ err: error, callId }, 'recording lost');
    return null;
  }
}

function recordingOf(blobs: DiskBlobs, callId: string, rateHz: number) {
  const key = recordingKey(callId);
  return { key, sink: openWavRecording(blobs, key, { encoding: 'pcm16', rateHz, channels: 2 }) };
}

function metersOf(read: {
  registry: Registry;
  queue: Queue;
  speech: EmbeddedSpeech;
  pacer: Pacer;
  sockets: { size: number };
  journalDepth(): number;
}): PrometheusMeters {
  return prometheusMeters({
    callsLive: () => read.registry.size,
    journalDepth: read.journalDepth,
    queueDepth: async () => (await read.queue.figures()).ready,
    speechJobsQueued: () => read.speech.load().queuedJobs,
    pacerLatenessMs: () => read.pacer.lateness().p99Ms,
    openSockets: () => read.sockets.size,
  });
}
