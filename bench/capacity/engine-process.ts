import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import type { WebSocket } from 'ws';
import { openSilero } from '#adapters/vad/silero';
import { Pacer } from '#audio/pacer';
import type { CallPlan } from '#engine/call-plan';
import type { CallEvent } from '#engine/events';
import type { Voices } from '#engine/ports';
import { startCall } from '#engine/session';
import { createTwilioMedia } from '#gateways/twilio-media/twilio-media';
import { createSocketHub, type SocketGateway } from '#gateways/upgrade';
import { systemClock } from '#kernel/clock';
import { newId } from '#kernel/ids';
import { silentLog } from '#kernel/log';
import type { Launcher } from '#runtime/launch';
import { phrasesFor } from '#runtime/phrases';
import { memoryTransfers } from '#test/support/transfers';
import * as script from './script.ts';
import { scriptedModel, scriptedRecognition, scriptedSpeech } from './scripted-voices.ts';

/**
 * The engine's side of the capacity benchmark: the real gateway, the real engine and the real VAD in one process;
 * recognition, model and voice follow the script. Meant to be pinned to one core.
 */

const { values } = parseArgs({ options: { order: { type: 'string' }, trace: { type: 'boolean' } } });
const order = JSON.parse(values.order!) as script.RunOrder;

/** Lateness of the frames' handling after their due times, in steps of 0.25 ms up to 2 s. */
const lateness = new Uint32Array(8_000);
const MEDIA = Buffer.from('{"event":"media"');
let latenessMaxMs = 0;
let isMeasuring = false;
let callsStarted = 0;

function noteLateness(ms: number): void {
  if (!isMeasuring) return;
  lateness[Math.min(lateness.length - 1, Math.max(0, Math.floor(ms * 4)))]!++;
  latenessMaxMs = Math.max(latenessMaxMs, ms);
}

function percentile(share: number): number {
  const total = lateness.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (let i = 0; i < lateness.length; i++) {
    seen += lateness[i]!;
    if (seen >= share * total) return (i + 1) / 4;
  }
  return 0;
}

function planOf(): CallPlan {
  const { announcement: _, ...phrases } = phrasesFor('en');
  return Object.freeze({
    callId: newId('call'),
    tenantId: newId('ten'),
    assistantId: newId('asst'),
    direction: 'inbound',
    type: 'phone',
    from: '+15550100',
    to: '+15550101',
    language: 'en-US',
    timezone: 'UTC',
    systemPrompt: 'You follow the script.',
    opening: { mode: 'caller' },
    voicemailMessage: null,
    announcement: null,
    temperature: undefined,
    maxTokens: undefined,
    speed: 1,
    hints: [],
    thresholds: {
      endpointingMs: script.ENDPOINT_MS,
      silenceTimeoutMs: script.ENDPOINT_MS,
      interruptionSensitivity: 'medium',
      maxCallDurationMs: 3_600_000,
      idleMs: 60_000,
    },
    tools: [],
    phrases,
    transferOnFailureTo: null,
    record: false,
  } satisfies CallPlan);
}

/**
 * Frames are due 20 ms apart. A frame's lateness is counted from the promptest of its call, which needs no common
 * clock with the phones and lets a backlog show as it is.
 */
function watchLateness(socket: WebSocket): void {
  let messages = 0;
  let promptestMs = Number.POSITIVE_INFINITY;
  socket.on('message', (body) => {
    const bytes = body as Buffer;
    if (!bytes.subarray(0, 16).equals(MEDIA)) return;
    const offsetMs = systemClock.nowMs() - messages++ * 20;
    promptestMs = Math.min(promptestMs, offsetMs);
    noteLateness(offsetMs - promptestMs);
  });
}

/** With `--trace` all events are printed. */
const tell = (event: CallEvent) => {
  if (values.trace) console.error(JSON.stringify(event));
};

const vad = await openSilero({ log: silentLog });
const voices: Voices = {
  vad: vad.vad,
  stt: [scriptedRecognition(systemClock)],
  llm: [scriptedModel(systemClock)],
  tts: [{ engine: scriptedSpeech(systemClock), voice: 'tone' }],
  turns: { endOfTurn: async () => 1 },
};
const launcher: Launcher = {
  async start(_token, line, facts) {
    const plan = planOf();
    callsStarted++;
    const session = startCall(plan, { line, voices, control: facts.control, clock: systemClock, emit: tell });
    return { callId: plan.callId, assistantName: 'script', session, watch: () => () => {} };
  },
};
const server = createServer();
const pacer = new Pacer({ clock: systemClock });
const gateway = createTwilioMedia({
  launcher,
  pacer,
  clock: systemClock,
  log: silentLog,
  transfers: memoryTransfers(),
  publicUrl: 'http://127.0.0.1',
  signatures: { verify: () => true },
});
const watched: SocketGateway = {
  ...gateway,
  accept(socket, request) {
    watchLateness(socket);
    return gateway.accept(socket, request);
  },
};
const hub = createSocketHub([watched], { clock: systemClock, log: silentLog });
hub.attach(server);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const idleRssMb = process.memoryUsage.rss() / 1e6;
const loopDelay = monitorEventLoopDelay({ resolution: 5 });

function figures(cpu: NodeJS.CpuUsage, wallMs: number): script.EngineFigures {
  const cpuMs = (cpu.user + cpu.system) / 1000;
  return {
    cpuMsPerCallSecond: cpuMs / (wallMs / 1000) / order.calls,
    cpuPercent: (100 * cpuMs) / wallMs,
    latenessP99Ms: percentile(0.99),
    latenessMaxMs,
    loopDelayP99Ms: loopDelay.percentile(99) / 1e6 - 5,
    rssMb: process.memoryUsage.rss() / 1e6,
    idleRssMb,
    callsStarted,
  };
}

let cpuAtStart = process.cpuUsage();
let startedMs = 0;
process.on('message', (word) => {
  if (word === 'measure') {
    isMeasuring = true;
    loopDelay.enable();
    cpuAtStart = process.cpuUsage();
    startedMs = performance.now();
  } else if (word === 'report') {
    isMeasuring = false;
    process.send!(figures(process.cpuUsage(cpuAtStart), performance.now() - startedMs));
  } else if (word === 'leave') void vad.close().finally(() => process.exit(0));
});
process.send!({ port: (server.address() as AddressInfo).port });
