import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { Pacer } from '#audio/pacer';
import { type BrowserGateway, createBrowserGateway } from '#gateways/browser-socket/browser-gateway';
import { createSocketHub, type SocketHub } from '#gateways/upgrade';
import type { Clock } from '#kernel/clock';
import { silentLog } from '#kernel/log';
import { CountingClock } from '#test/gateways/media-server';
import { ScriptedLauncher } from '#test/gateways/scripted-launcher';
import { until } from '#test/support/until';

type Message = { type: string } & Record<string, unknown>;

/** A browser of the socket's protocol, without the browser. */
export class BrowserClient {
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  readonly audio: Buffer[] = [];
  closed: { code: number; reason: string } | null = null;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.audio.push(data);
      else this.messages.push(JSON.parse(data.toString()));
    });
    this.socket.on('error', () => {});
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
  }

  async opened(): Promise<this> {
    if (this.socket.readyState !== WebSocket.OPEN) await once(this.socket, 'open');
    return this;
  }

  say(message: object | string | Buffer): void {
    const isRaw = typeof message === 'string' || Buffer.isBuffer(message);
    this.socket.send(isRaw ? message : JSON.stringify(message));
  }

  /** The newest message of a type; waits for the first. */
  async got(type: string): Promise<Message> {
    await until(() => this.messages.some((message) => message.type === type));
    return this.messages.findLast((message) => message.type === type)!;
  }

  async isClosed(): Promise<{ code: number; reason: string }> {
    await until(() => this.closed !== null);
    return this.closed!;
  }

  /** The agent's audio so far, as samples; for sockets of pcm16. */
  get samples(): Int16Array {
    const bytes = Uint8Array.from(Buffer.concat(this.audio));
    return new Int16Array(bytes.buffer);
  }
}

export interface BrowserRig {
  url: string;
  launcher: ScriptedLauncher;
  gateway: BrowserGateway;
  hub: SocketHub;
  /** Opens a socket that has said nothing yet. */
  connect(): Promise<BrowserClient>;
  /** Starts a call with a fresh token and waits until it is ready. */
  call(options?: { codec?: string }): Promise<BrowserClient>;
  /** Closes everything; rejects when a call, a timer, a socket or a line is left. */
  close(): Promise<void>;
}

/** A server with the browser's gateway on a port of its own. */
export async function openBrowserRig(
  options: { holdMs?: number; clock?: Clock & { readonly timers: number } } = {},
): Promise<BrowserRig> {
  const clock = options.clock ?? new CountingClock();
  const launcher = new ScriptedLauncher();
  const pacer = new Pacer({ clock });
  const gateway = createBrowserGateway({ launcher, pacer, clock, log: silentLog, holdMs: options.holdMs });
  const hub = createSocketHub([gateway], { clock, log: silentLog });
  const http = createServer();
  hub.attach(http);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/media/browser`;
  return {
    url,
    launcher,
    gateway,
    hub,
    connect: () => new BrowserClient(url).opened(),
    async call({ codec = 'pcm16' } = {}) {
      const client = await new BrowserClient(url).opened();
      client.say({ type: 'start', token: launcher.issue(), codec, rateHz: 16000 });
      await client.got('ready');
      return client;
    },
    async close() {
      await hub.close();
      gateway.close();
      await new Promise((resolve) => http.close(resolve));
      await until(() => launcher.calls.every((call) => call.isStuck || call.watchers === 0), 2_000);
      const left = { calls: gateway.calls, sockets: hub.size, lines: pacer.size, timers: clock.timers };
      if (Object.values(left).some((count) => count > 0))
        throw new Error(`left over: ${JSON.stringify(left)}`);
    },
  };
}
