import type { Socket } from 'node:net';
import Fastify from 'fastify';
import { Pacer } from '#audio/pacer';
import type { TurnStages } from '#engine/events';
import { createBrowserGateway } from '#gateways/browser-socket/browser-gateway';
import { type TalkTicket, talkPage } from '#gateways/browser-socket/talk-page';
import { createSocketHub, type SocketHub } from '#gateways/upgrade';
import { systemClock } from '#kernel/clock';
import type { TurnId } from '#kernel/ids';
import { silentLog } from '#kernel/log';
import { type ScriptedCall, ScriptedLauncher } from '#test/gateways/scripted-launcher';

const RATE_HZ = 16_000;

export interface TalkServer {
  url: string;
  port: number;
  launcher: ScriptedLauncher;
  hub: SocketHub;
  /** What a visitor who asks for a call gets; tests replace it. */
  startTalk: (request: { agentId: string | null }) => Promise<TalkTicket>;
  isConcierge: boolean;
  /** Cuts every connection, as a network does. */
  cutConnections(): void;
  /** While true new connections are cut at once. */
  isDown: boolean;
  close(): Promise<void>;
}

/** The talk page and its socket with a scripted assistant, on a port of its own. */
export async function openTalkServer(
  options: { sessionsPerMinute?: number | null } = {},
): Promise<TalkServer> {
  const app = Fastify();
  const launcher = new ScriptedLauncher();
  launcher.assistantName = 'Rosa from Green Valley Dental';
  const clock = systemClock;
  const gateway = createBrowserGateway({ launcher, pacer: new Pacer({ clock }), clock, log: silentLog });
  const hub = createSocketHub([gateway], { clock, log: silentLog });
  const sockets = new Set<Socket>();
  hub.attach(app.server);
  app.server.on('upgrade', (_request, socket) => {
    if (server.isDown) socket.destroy();
    sockets.add(socket as Socket);
    socket.once('close', () => sockets.delete(socket as Socket));
  });
  // The port is needed for the page's headers, so it is found before the page is added.
  const port = await freePort();
  const assistant = () => ({ name: launcher.assistantName, isConcierge: server.isConcierge });
  const server: TalkServer = {
    url: `http://127.0.0.1:${port}/talk`,
    port,
    launcher,
    hub,
    startTalk: async () => ({ token: launcher.issue(), assistant: assistant() }),
    isConcierge: true,
    isDown: false,
    cutConnections() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      await hub.close();
      gateway.close();
      app.server.closeAllConnections();
      await app.close();
    },
  };
  await app.register(
    talkPage({
      describeTalk: async () => assistant(),
      startTalk: (request) => server.startTalk(request),
      publicUrl: `http://127.0.0.1:${port}`,
      log: silentLog,
      sessionsPerMinute: null,
      ...options,
    }),
  );
  await app.listen({ port, host: '127.0.0.1' });
  return server;
}

async function freePort(): Promise<number> {
  const probe = Fastify();
  const address = await probe.listen({ port: 0, host: '127.0.0.1' });
  await probe.close();
  return Number(new URL(address).port);
}

/** Stands in for the agent's voice: vowels of a steady pitch. */
export function hum(ms: number): Int16Array {
  return Int16Array.from({ length: (ms * RATE_HZ) / 1000 }, (_, i) => {
    const t = i / RATE_HZ;
    const swell = 0.6 + 0.4 * Math.sin(2 * Math.PI * 3 * t);
    return swell * (5000 * Math.sin(2 * Math.PI * 180 * t) + 2500 * Math.sin(2 * Math.PI * 540 * t));
  });
}

export interface Exchange {
  turnId: TurnId;
  heard: string;
  said: string;
  speakMs?: number;
  stages?: TurnStages;
  interrupted?: boolean;
}

const STAGES: TurnStages = {
  endpointMs: 310,
  sttMs: 40,
  llmFirstTokenMs: 260,
  ttsFirstByteMs: 120,
  playMs: 60,
};

/** One turn as an engine reports it. The agent's words are said once they have been played. */
export async function exchange(call: ScriptedCall, turn: Exchange): Promise<void> {
  const { turnId, stages = STAGES } = turn;
  call.emit({ type: 'turn.ended', text: turn.heard, fromMs: 0, toMs: 1000 }, turnId);
  await speak(call, turn.said, { ...turn, stages });
}

export async function speak(
  call: ScriptedCall,
  text: string,
  options: { turnId?: TurnId; speakMs?: number; stages?: TurnStages; interrupted?: boolean } = {},
): Promise<void> {
  const { turnId, speakMs = 300, stages, interrupted = false } = options;
  const purpose = turnId ? 'reply' : 'opening';
  call.emit({ type: 'agent.speaking', purpose }, turnId);
  if (turnId && stages) {
    const voiceToVoiceMs = Object.values(stages).reduce((sum, ms) => sum + ms, 0);
    call.emit({ type: 'turn.latency', voiceToVoiceMs, stages }, turnId);
  }
  call.line.push({ samples: hum(speakMs), rateHz: RATE_HZ, atMs: 0 });
  await call.line.drained(new AbortController().signal);
  call.emit(
    { type: 'agent.said', purpose, text, fromMs: 0, toMs: speakMs, interrupted, unheardChars: 0 },
    turnId,
  );
}
