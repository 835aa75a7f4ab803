import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Cancel, Clock } from '#kernel/clock';
import type { Log } from '#kernel/log';

/** What a gateway runs on one socket. */
export interface SocketSession {
  /** The server is going down: end the call with `drained`. The socket is closed with 1001 right afterwards. */
  shutDown(): void;
}

/** A kind of socket that the server offers. */
export interface SocketGateway {
  /** The exact path of its URL, such as `/media/twilio`; with `/*` at its end, any one segment more. */
  readonly path: string;
  /** Runs before the handshake. Answers an HTTP status to refuse with, or null to go on. Rejecting means 500. */
  admit?(request: IncomingMessage): number | null | Promise<number | null>;
  /** A socket has opened. Must not throw; errors of the socket itself are already handled. */
  accept(socket: WebSocket, request: IncomingMessage): SocketSession;
}

export interface SocketHubDeps {
  clock: Clock;
  log: Log;
  /** More open sockets than this are refused with 503. */
  maxSockets?: number;
}

/** All WebSockets of the process. */
export interface SocketHub {
  /** Serves the gateways on one more HTTP server. */
  attach(server: Server): void;
  /** Open sockets at present. */
  readonly size: number;
  /** Ends every session, closes every socket with 1001 and takes no more. Resolves when all are gone; idempotent. */
  close(): Promise<void>;
}

/** No message of ours or of a carrier's comes near this; longer ones close the socket with 1009. */
export const MAX_MESSAGE_BYTES = 64 * 1024;
const MAX_SOCKETS = 5_000;
/** A peer that has sent no byte, not even a pong, for two rounds is gone. */
const PULSE_MS = 20_000;
/** How long a peer may take to answer our close. */
const CLOSE_GRACE_MS = 1_000;

interface Open {
  socket: WebSocket;
  raw: Duplex;
  session: SocketSession | undefined;
  bytesRead: number;
  quietRounds: number;
}

/** Builds the one upgrade handler: it dispatches by path, and answers 404 to a path nobody serves. */
export function createSocketHub(gateways: readonly SocketGateway[], deps: SocketHubDeps): SocketHub {
  return new Hub(gateways, deps);
}

/**
 * Closes a socket with a code and a reason (cut to the 123 bytes the protocol has room for), hears no more of its
 * messages, and cuts it off when the peer doesn't answer within a second.
 */
export function closeSocket(socket: WebSocket, how: { code: number; reason: string; clock: Clock }): void {
  socket.removeAllListeners('message');
  if (socket.readyState !== socket.OPEN) return;
  socket.close(how.code, fitReason(how.reason));
  const cancel = how.clock.after(CLOSE_GRACE_MS, () => socket.terminate());
  socket.once('close', cancel);
}

class Hub implements SocketHub {
  readonly #gateways: ReadonlyMap<string, SocketGateway>;
  readonly #deps: SocketHubDeps;
  readonly #maxSockets: number;
  readonly #open = new Set<Open>();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    clientTracking: false,
  });
  #cancelPulse: Cancel | undefined;
  #closed: Promise<void> | undefined;
  #emptied: (() => void) | undefined;

  constructor(gateways: readonly SocketGateway[], deps: SocketHubDeps) {
    this.#gateways = new Map(gateways.map((gateway) => [gateway.path, gateway]));
    this.#deps = deps;
    this.#maxSockets = deps.maxSockets ?? MAX_SOCKETS;
  }

  get size(): number {
    return this.#open.size;
  }

  attach(server: Server): void {
    const onUpgrade = (request: IncomingMessage, raw: Duplex, head: Buffer) => {
      raw.on('error', () => raw.destroy());
      this.#upgrade(request, raw, head).catch((thrown) => {
        this.#deps.log.error({ err: thrown }, 'socket handshake failed');
        refuse(raw, 500);
      });
    };
    server.on('upgrade', onUpgrade);
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    if (this.#open.size === 0) return;
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    for (const open of this.#open) {
      open.session?.shutDown();
      closeSocket(open.socket, { code: 1001, reason: 'server going away', clock: this.#deps.clock });
    }
    // Some sockets may have been closing already, and their peers may never answer.
    const cancel = this.#deps.clock.after(CLOSE_GRACE_MS, () => {
      for (const open of this.#open) open.socket.terminate();
    });
    await emptied;
    cancel();
  }

  async #upgrade(request: IncomingMessage, raw: Duplex, head: Buffer): Promise<void> {
    const path = pathOf(request);
    const gateway = this.#gateways.get(path) ?? this.#gateways.get(path.replace(/\/[^/]+$/, '/*'));
    if (!gateway) return refuse(raw, 404);
    if (this.#closed || this.#open.size >= this.#maxSockets) return refuse(raw, 503);
    const status = gateway.admit ? await gateway.admit(request) : null;
    if (status !== null) return refuse(raw, status);
    if (this.#closed) return refuse(raw, 503);
    this.#sockets.handleUpgrade(request, raw, head, (socket) =>
      this.#accept(gateway, { socket, raw, request }),
    );
  }

  #accept(gateway: SocketGateway, on: { socket: WebSocket; raw: Duplex; request: IncomingMessage }): void {
    const { socket, raw, request } = on;
    const open: Open = { socket, raw, session: undefined, bytesRead: 0, quietRounds: 0 };
    this.#open.add(open);
    socket.on('error', (error) => this.#deps.log.debug({ err: error, path: gateway.path }, 'socket error'));
    socket.once('close', () => this.#forget(open));
    open.session = gateway.accept(socket, request);
    this.#cancelPulse ??= this.#deps.clock.after(PULSE_MS, this.#pulse);
  }

  #forget(open: Open): void {
    this.#open.delete(open);
    if (this.#open.size > 0) return;
    this.#cancelPulse?.();
    this.#cancelPulse = undefined;
    this.#emptied?.();
  }

  readonly #pulse = (): void => {
    for (const open of this.#open) {
      const bytesRead = (open.raw as Socket).bytesRead;
      open.quietRounds = bytesRead === open.bytesRead ? open.quietRounds + 1 : 0;
      open.bytesRead = bytesRead;
      if (open.quietRounds >= 2) open.socket.terminate();
      else if (open.socket.readyState === open.socket.OPEN) open.socket.ping();
    }
    this.#cancelPulse = this.#deps.clock.after(PULSE_MS, this.#pulse);
  };
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '';
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}

const REFUSALS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

function refuse(raw: Duplex, status: number): void {
  if (raw.destroyed) return;
  raw.end(
    `HTTP/1.1 ${status} ${REFUSALS[status] ?? 'Refused'}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
  );
}

function fitReason(reason: string): string {
  let text = reason;
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1);
  return text;
}
