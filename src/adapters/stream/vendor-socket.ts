import { WebSocket } from 'ws';
import type { ProviderError } from '#engine/ports';
import { closeError, connectionError, statusError } from './provider-errors.ts';

export interface VendorSocketOptions {
  name: string;
  url: string;
  headers: Record<string, string>;
  /** A text or binary message. */
  message(body: Buffer, isBinary: boolean): void;
  /** The connection is over: null when we closed it, else why. Called once. */
  over(why: ProviderError | null): void;
  /** Longest wait for the handshake; 5 s when left out. */
  openMs?: number;
}

/** What may wait for the handshake; audio beyond it is dropped, oldest first. About 30 s of 16 kHz audio. */
const WAITING_MAX_BYTES = 1_000_000;

/** A client socket to a vendor: sends may begin before it is open, and its end is told once, as a ProviderError. */
export class VendorSocket {
  readonly #options: VendorSocketOptions;
  readonly #socket: WebSocket;
  #waiting: (string | Uint8Array)[] = [];
  #waitingBytes = 0;
  #over = false;

  constructor(options: VendorSocketOptions) {
    this.#options = options;
    this.#socket = new WebSocket(options.url, {
      headers: options.headers,
      handshakeTimeout: options.openMs ?? 5_000,
      perMessageDeflate: false,
      maxPayload: 16 * 1024 * 1024,
    });
    this.#socket.on('open', () => this.#flush());
    this.#socket.on('message', (body, isBinary) => options.message(body as Buffer, isBinary));
    this.#socket.on('unexpected-response', (request, response) => {
      this.#finish(
        statusError(options.name, response.statusCode ?? 500, response.headers['retry-after'] ?? null),
      );
      response.resume();
      request.destroy();
    });
    this.#socket.on('error', (error) => this.#finish(connectionError(options.name, error)));
    this.#socket.on('close', (code) => this.#finish(closeError(options.name, code)));
  }

  /** Sends now or as soon as the socket opens. Bytes are kept as they are: give a buffer of their own. */
  send(message: string | Uint8Array): void {
    if (this.#over) return;
    if (this.#socket.readyState === WebSocket.OPEN) {
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
    if (lastMessage !== undefined && this.#socket.readyState === WebSocket.OPEN)
      this.#socket.send(lastMessage);
    this.#finish(null);
  }

  #flush(): void {
    if (this.#over) return void this.#socket.close(1000);
    for (const message of this.#waiting) this.#socket.send(message);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  #finish(why: ProviderError | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#waiting = [];
    this.#options.over(why);
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(1000);
    else this.#socket.terminate();
    // A vendor that never answers our close must not keep the process or the connection.
    setTimeout(() => this.#socket.terminate(), 2_000).unref();
  }
}
