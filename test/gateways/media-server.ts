import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Pacer } from '#audio/pacer';
import { Phone, type PhoneOptions } from '#cli/phone';
import type { Transfers } from '#core/dialing/transfers';
import type { CarrierSignatures } from '#core/ports';
import type { CallControl, Transport } from '#engine/ports';
import { createTwilioMedia } from '#gateways/twilio-media/twilio-media';
import { createSocketHub, type SocketGateway, type SocketHub } from '#gateways/upgrade';
import { type Cancel, type Clock, systemClock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import type { Log } from '#kernel/log';
import type { Launcher, LiveCall } from '#runtime/launch';
import { memoryTransfers } from '#test/support/transfers';
import { until } from '#test/support/until';

/** The machine's clock, counting the timers that wait. */
export class CountingClock implements Clock {
  timers = 0;

  nowMs(): number {
    return systemClock.nowMs();
  }

  after(delayMs: number, run: () => void): Cancel {
    this.timers++;
    let isPending = true;
    const settle = () => {
      if (isPending) this.timers--;
      isPending = false;
    };
    const cancel = systemClock.after(delayMs, () => {
      settle();
      run();
    });
    return () => {
      settle();
      cancel();
    };
  }
}

/** A call as the launcher was handed it. */
export interface Launched {
  token: string;
  line: Transport;
  control: CallControl;
  carrierRef: string | null;
}

export type OnLaunch = (call: Launched) => void | Promise<void>;

/** Starts calls for the tokens it is given, each once; what a call does is the test's affair. */
export class FakeLauncher implements Launcher {
  readonly calls: Launched[] = [];
  readonly tokens = new Map<string, OnLaunch>();

  async start(
    token: string,
    line: Transport,
    facts: { control: CallControl; carrierRef: string | null },
  ): Promise<LiveCall> {
    const onLaunch = this.tokens.get(token);
    this.tokens.delete(token);
    if (!onLaunch) throw new DomainError('unauthenticated', 'The stream token is unknown or used.');
    const call = { token, line, ...facts };
    await onLaunch(call);
    this.calls.push(call);
    return {} as LiveCall;
  }
}

export interface MediaServer {
  http: Server;
  hub: SocketHub;
  launcher: FakeLauncher;
  clock: CountingClock;
  pacer: Pacer;
  transfers: Transfers;
  logged: { level: string; message: string }[];
  url: string;
  /** Phones of this server have a pacer of their own, as they are on another machine. */
  phones: Pacer;
  /** Makes a token and calls with it. */
  call(onLaunch?: OnLaunch, options?: Partial<PhoneOptions>): Promise<{ phone: Phone; launched: Launched }>;
  /** Closes everything; rejects when a timer or a socket is left. */
  close(): Promise<void>;
}

export interface MediaServerOptions {
  signatures?: CarrierSignatures;
  gateways?: SocketGateway[];
  maxSockets?: number;
}

const anySignature: CarrierSignatures = { verify: () => true };

/** A server with the Twilio gateway on a port of its own. */
export async function openMediaServer(options: MediaServerOptions = {}): Promise<MediaServer> {
  const clock = new CountingClock();
  const launcher = new FakeLauncher();
  const logged: MediaServer['logged'] = [];
  const log = collectingLog(logged);
  const pacer = new Pacer({ clock, onError: (err) => log.error({ err }, 'tick failed') });
  const phones = new Pacer({ clock: systemClock });
  const transfers = memoryTransfers();
  const http = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new Set<Socket>();
  http.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  const gateway = createTwilioMedia({
    launcher,
    pacer,
    clock,
    log,
    transfers,
    publicUrl: `http://127.0.0.1:${port}`,
    signatures: options.signatures ?? anySignature,
  });
  const hub = createSocketHub([gateway, ...(options.gateways ?? [])], {
    clock,
    log,
    maxSockets: options.maxSockets,
  });
  hub.attach(http);
  const url = `ws://127.0.0.1:${port}/media/twilio`;
  let calls = 0;
  return {
    http,
    hub,
    launcher,
    clock,
    pacer,
    transfers,
    logged,
    url,
    phones,
    async call(onLaunch = () => {}, phoneOptions = {}) {
      const token = `token-${++calls}`;
      const launched = new Promise<Launched>((resolve) => {
        launcher.tokens.set(token, async (call) => {
          await onLaunch(call);
          resolve(call);
        });
      });
      const parameters = { token };
      const phone = await Phone.open({ url, parameters, clock: systemClock, pacer: phones, ...phoneOptions });
      return { phone, launched: await launched };
    },
    async close() {
      await hub.close();
      await new Promise((resolve) => http.close(resolve));
      const left = () => ({
        sockets: sockets.size,
        timers: clock.timers,
        ticking: pacer.size,
        phones: phones.size,
      });
      const isClean = () => Object.values(left()).every((count) => count === 0);
      await until(isClean, 2000).catch(() =>
        Promise.reject(new Error(`left over: ${JSON.stringify(left())}`)),
      );
    },
  };
}

function collectingLog(into: MediaServer['logged']): Log {
  const at = (level: string) => (_fields: object, message: string) => void into.push({ level, message });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
