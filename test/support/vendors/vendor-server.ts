import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

/** How a vendor behaves for the next requests. */
export type VendorMode = 'ok' | 'refused' | 'rate_limited' | 'stalled' | 'closed' | 'down';

export const VENDOR_KEY = 'sk-test-key-that-must-not-leak';

export interface VendorRequest {
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** One vendor's side of its documented protocol. Handlers run in mode `ok`, `stalled` and `closed`. */
export interface VendorHandlers {
  /** The credential as it arrived, for the refusal of a wrong key. */
  key(headers: IncomingMessage['headers']): string | undefined;
  http?(request: VendorRequest, response: ServerResponse, mode: VendorMode): Promise<void> | void;
  socket?(socket: WebSocket, request: VendorRequest, mode: () => VendorMode): void;
  /** Whether a socket's handshake is refused with 403, and at what time by the vendor's clock. */
  forbids?(request: VendorRequest): Date | null;
}

/** A local server that speaks a vendor's protocol, with its errors on demand. */
export interface VendorServer extends AsyncDisposable {
  readonly baseUrl: string;
  mode: VendorMode;
  readonly requests: VendorRequest[];
  /** Sockets open now, so that a test can see that a client let go. */
  readonly openSockets: number;
}

export async function startVendor(handlers: VendorHandlers): Promise<VendorServer> {
  const requests: VendorRequest[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  const vendor = { mode: 'ok' as VendorMode };
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen = seenRequest(request, await bodyOf(request));
    requests.push(seen);
    const status = refusal(vendor.mode, handlers.key(request.headers));
    if (status === null) return void (await handlers.http?.(seen, response, vendor.mode));
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '7' });
    response.end(
      JSON.stringify({ error: { message: `no: ${request.headers.authorization ?? VENDOR_KEY}` } }),
    );
  }

  server.on('upgrade', (request: IncomingMessage, raw: Duplex, head: Buffer) => {
    const seen = seenRequest(request, Buffer.alloc(0));
    requests.push(seen);
    const status = refusal(vendor.mode, handlers.key(request.headers));
    if (status !== null) {
      raw.end(`HTTP/1.1 ${status} No\r\nretry-after: 7\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
      return;
    }
    const date = handlers.forbids?.(seen) ?? null;
    if (date !== null) {
      raw.end(`HTTP/1.1 403 No\r\ndate: ${date.toUTCString()}\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, raw, head, (socket) => handlers.socket?.(socket, seen, () => vendor.mode));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get mode() {
      return vendor.mode;
    },
    set mode(mode) {
      vendor.mode = mode;
    },
    requests,
    get openSockets() {
      return sockets.clients.size;
    },
    [Symbol.asyncDispose]: () => stop(server, sockets),
  };
}

function refusal(mode: VendorMode, key: string | undefined): number | null {
  if (mode === 'rate_limited') return 429;
  if (mode === 'down') return 503;
  return mode === 'refused' || key !== VENDOR_KEY ? 401 : null;
}

function seenRequest(request: IncomingMessage, body: Buffer): VendorRequest {
  const url = new URL(request.url ?? '/', 'http://vendor');
  return { path: url.pathname, query: url.searchParams, headers: request.headers, body };
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function stop(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) socket.terminate();
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/** A 440 Hz tone: 60 ms for every word, so that tests can tell how much was spoken. */
export function toneFor(text: string, rateHz: number): Int16Array {
  const words = text.trim().split(/\s+/).length;
  const samples = new Int16Array(Math.round(words * 0.06 * rateHz));
  for (let i = 0; i < samples.length; i++)
    samples[i] = Math.round(8_000 * Math.sin((2 * Math.PI * 440 * i) / rateHz));
  return samples;
}
