import { WebSocket } from 'ws';
import type { ProviderError } from '#engine/ports';
import { closeError, connectionError, statusError } from './provider-errors.ts';
import type { VendorReach } from './speech-access.ts';

/** An HTTP answer in place of a socket. */
export interface HandshakeAnswer {
  status: number;
  /** The header of that name. */
  date: string | undefined;
}

export interface VendorSocketOptions {
  name: string;
  url: string;
  headers: Record<string, string>;
  /** A text or binary message. */
  message(body: Buffer, isBinary: boolean): void;
  /** The connection is over: null when we closed it, else why, with the answer to the handshake if that was it. Called once. */
  over(why: ProviderError | null, answer?: HandshakeAnswer): void;
  /** Longest wait for the handshake; 5 s when left out. */
  openMs?: number;
  reach?: VendorReach;
}

/** What may wait for the handshake; audio beyond it is dropped, oldest first. About 30 s of 16 kHz audio. */
const WAITING_MAX_BYTES = 1_000_000;

/** A client socket to a vendor: sends may begin before it is open, and its end is told once, as a ProviderError. */
export class VendorSocket {
  readonly #options: VendorSocketOptions;
  /** Null where the address may not be reached. */
  readonly #socket: WebSocket | null;
  #waiting: (string | Uint8Array)[] = [];
  #waitingBytes = 0;
  #over = false;

  constructor(options: VendorSocketOptions) {
    this.#options = options;
    this.#socket = this.#connect(options);
  }

  #connect({ name, url, headers, openMs, reach, message }: VendorSocketOptions): WebSocket | null {
    let found: ReturnType<VendorReach['socket']> = {};
    try {
      if (reach) found = reach.socket(url);
    } catch (error) {
      process.nextTick(() => this.#finish(connectionError(name, error)));
      return null;
    }
    const socket = new WebSocket(url, {
      headers,
      handshakeTimeout: openMs ?? 5_000,
      perMessageDeflate: false,
      maxPayload: 16 * 1024 * 1024,
      ...found,
    });
    socket.on('open', () => this.#flush(socket));
    socket.on('message', (body, isBinary) => message(body as Buffer, isBinary));
    socket.on('unexpected-response', (request, response) => {
      const { statusCode: status = 500, headers } = response;
      this.#finish(statusError(name, status, headers['retry-after'] ?? null), { status, date: headers.date });
      response.resume();
      request.destroy();
    });
    socket.on('error', (error) => this.#finish(connectionError(name, error)));
    socket.on('close', (code) => this.#finish(closeError(name, code)));
    return socket;
  }

  /** Sends now or as soon as the socket opens. Bytes are kept as they are: give a buffer of their own. */
  send(message: string | Uint8Array): void {
    if (this.#over) return;
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(message);
      return;
    }
    this.#waiting.push(message);
    this.#waitingBytes += message.length;
    while (this.#waitingBytes > WAITING_MAX_BYTES) {
      const oldestAudio = this.#waiting.findIndex((waiting) => typeof waiting !== 'string');
      if (oldestAudio < 0) break;
      this.#waitingBytes -= this.#waiting.splice(oldestAudio, 1)[0]!.length;
    }
  }

  /** Closes without telling `over` of an error. A last message goes out first. */
  close(lastMessage?: string): void {
    if (this.#over) return;
    if (lastMessage !== undefined && this.#socket?.readyState === WebSocket.OPEN)
      this.#socket.send(lastMessage);
    this.#finish(null);
  }

  #flush(socket: WebSocket): void {
    if (this.#over) return void socket.close(1000);
    for (const message of this.#waiting) socket.send(message);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #finish(why: ProviderError | null, answer?: HandshakeAnswer): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting = [];
    this.#options.over(why, answer);
    const socket = this.#socket;
    if (!socket) return;
    if (socket.readyState === WebSocket.OPEN) socket.close(1000);
    else socket.terminate();
    // A vendor that never answers our close must not keep the process or the connection.
    setTimeout(() => socket.terminate(), 2_000).unref();
  }
}
