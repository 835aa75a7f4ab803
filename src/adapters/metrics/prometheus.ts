import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { CallEvent, HangupReason } from '#engine/events';
import type { Meters } from '#runtime/meters';

/** Values that are read when somebody asks, instead of being counted. */
export interface Readings {
  callsLive(): number;
  journalDepth(): number;
  queueDepth(): Promise<number>;
  speechJobsQueued(): number;
  /** p99 of the pacer's lateness since the last reading, ms. */
  pacerLatenessMs(): number;
  openSockets(): number;
}

export interface PrometheusMeters extends Meters {
  /** The Prometheus text of everything. */
  metrics(): Promise<string>;
  readonly contentType: string;
}

const LATENCY_BUCKETS_MS = [25, 50, 100, 200, 300, 400, 500, 650, 800, 1_000, 1_500, 2_500, 5_000];

/** Counts calls and turns for Prometheus, with the process's own figures (memory, CPU, event-loop delay). */
export function prometheusMeters(readings: Readings): PrometheusMeters {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  addGauges(registry, readings);
  const registers = [registry];
  const started = new Counter({ name: 'patchbay_calls_started_total', help: 'Calls begun', registers });
  const ended = new Counter({
    name: 'patchbay_calls_ended_total',
    help: 'Calls ended, by reason',
    labelNames: ['reason'],
    registers,
  });
  const refused = new Counter({
    name: 'patchbay_calls_refused_total',
    help: 'Calls refused for want of room',
    registers,
  });
  const seconds = new Counter({
    name: 'patchbay_call_seconds_total',
    help: 'Seconds of ended calls',
    registers,
  });
  const count = eventCounters(registry);
  return {
    contentType: registry.contentType,
    metrics: () => registry.metrics(),
    callStarted: () => started.inc(),
    callEnded(reason: HangupReason, durationMs: number) {
      ended.inc({ reason });
      seconds.inc(durationMs / 1000);
    },
    callRefused: () => refused.inc(),
    event: count,
  };
}

function addGauges(registry: Registry, readings: Readings): void {
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  gauge('patchbay_calls_live', 'Calls live in this process', readings.callsLive);
  gauge('patchbay_sockets_open', 'Media sockets open', readings.openSockets);
  gauge('patchbay_journal_depth', 'Call events not stored yet', readings.journalDepth);
  gauge('patchbay_queue_depth', 'Jobs due and not done', readings.queueDepth);
  gauge(
    'patchbay_speech_jobs_queued',
    'Recognitions and syntheses waiting for a worker',
    readings.speechJobsQueued,
  );
  gauge('patchbay_pacer_lateness_p99_ms', 'Lateness of paced audio', readings.pacerLatenessMs);
}

function eventCounters(registry: Registry): (event: CallEvent) => void {
  const registers = [registry];
  const turns = new Counter({ name: 'patchbay_turns_total', help: "Callers' turns answered", registers });
  const interruptions = new Counter({ name: 'patchbay_interruptions_total', help: 'Barge-ins', registers });
  const voiceToVoice = new Histogram({
    name: 'patchbay_voice_to_voice_ms',
    help: 'End of caller speech to first audible reply',
    buckets: LATENCY_BUCKETS_MS,
    registers,
  });
  const stages = new Histogram({
    name: 'patchbay_turn_stage_ms',
    help: "A turn's latency by stage",
    labelNames: ['stage'],
    buckets: LATENCY_BUCKETS_MS,
    registers,
  });
  const degraded = new Counter({
    name: 'patchbay_degraded_total',
    help: 'Steps down from normal service, and back',
    labelNames: ['stage', 'provider', 'step'],
    registers,
  });
  const tools = new Counter({
    name: 'patchbay_tool_calls_total',
    help: 'Tools called, by outcome',
    labelNames: ['ok'],
    registers,
  });
  return (event) => {
    if (event.type === 'turn.latency') {
      turns.inc();
      voiceToVoice.observe(event.voiceToVoiceMs);
      for (const [stage, ms] of Object.entries(event.stages))
        stages.observe({ stage: stage.replace(/Ms$/, '') }, ms);
    } else if (event.type === 'agent.interrupted' && !event.resumed) interruptions.inc();
    else if (event.type === 'tool.returned') tools.inc({ ok: String(event.ok) });
    else if (event.type === 'degraded') {
      degraded.inc({ stage: event.stage, provider: event.provider ?? '', step: event.step });
    }
  };
}
