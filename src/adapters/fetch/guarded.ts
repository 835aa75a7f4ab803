import type { Dispatcher } from 'undici';
import type { OutboundHttp, OutboundRequest, OutboundResponse } from '#core/ports';
import { DomainError } from '#kernel/errors';
import { type Door, ForbiddenAddress, openDoor, type Resolve, systemResolve } from './guarded/door.ts';
import { type VendorGuard, vendorGuard } from './guarded/vendor-guard.ts';

export type { Resolve };

export interface GuardOptions {
  /** `host:port` pairs that may be anything, plain HTTP included. */
  allow: readonly string[];
  /** The system's resolver by default. */
  resolve?: Resolve;
  maxRedirects?: number;
}

/** The guard, and the end of its connections. */
export interface GuardedHttp extends OutboundHttp {
  /** The same for vendors whose SDKs and sockets make their own connections. */
  readonly vendors: VendorGuard;
  close(): Promise<void>;
}

const MAX_REDIRECTS = 3;
/** What may follow a redirect to another origin: nothing that could be a credential or a signature. */
const SAFE_ABROAD = new Set(['accept', 'accept-language', 'content-type', 'user-agent']);
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * HTTP to addresses that tenants name: https only and public addresses only. The address is judged when the socket
 * connects, after DNS, and once more on the connected socket, so a name that resolves differently the second time
 * gains nothing; each redirect (3 at most) is judged anew. Exempt `host:port` pairs go through unjudged.
 */
export function guardedHttp(options: GuardOptions): GuardedHttp {
  const door = openDoor({ allow: options.allow, resolve: options.resolve ?? systemResolve });
  const limited = { ...door, maxRedirects: options.maxRedirects ?? MAX_REDIRECTS };
  return {
    checkUrl: (url, field) => void door.check(url, field),
    fetch: (request, signal) => exchange(limited, request, signal),
    vendors: vendorGuard(door),
    close: () => door.close(),
  };
}

type LimitedDoor = Door & { maxRedirects: number };

async function exchange(
  door: LimitedDoor,
  request: OutboundRequest,
  signal: AbortSignal,
): Promise<OutboundResponse> {
  const deadline = AbortSignal.timeout(request.timeoutMs);
  const either = AbortSignal.any([signal, deadline]);
  let hop: OutboundRequest = request;
  let url = door.check(request.url, undefined);
  try {
    for (let redirects = 0; ; redirects++) {
      either.throwIfAborted();
      const answer = await send(door, { ...hop, url: url.href }, either);
      const isFollowed = hop.mustRepeat ? repeats(answer.statusCode) : REDIRECTS.has(answer.statusCode);
      const next = isFollowed ? answer.headers.location : undefined;
      if (typeof next !== 'string') return await read(answer, hop.maxResponseBytes);
      await answer.body.dump();
      if (redirects >= door.maxRedirects) throw upstream('The address redirects too often.');
      const target = door.check(URL.parse(next, url.href)?.href ?? '', undefined);
      hop = follow(hop, answer.statusCode, target.origin === url.origin);
      url = target;
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (deadline.aborted) throw upstream('The address did not answer in time.');
    throw toDomain(error);
  }
}

async function send(
  door: Door,
  request: OutboundRequest,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  const url = new URL(request.url);
  const answer = door.agent(url).request({
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: request.method,
    // Compressed answers would have to be limited twice: as they come and as they unfold.
    headers: { 'user-agent': 'patchbay', ...lowerCased(request.headers), 'accept-encoding': 'identity' },
    body: request.body,
    signal,
  });
  return unlessAborted(answer, signal);
}

/** undici heeds an abort once it is connected: a name or an address that never answers would be waited for. */
async function unlessAborted<T>(pending: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  pending.catch(() => {});
  try {
    return await Promise.race([pending, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

const repeats = (status: number): boolean => status === 307 || status === 308;

/** The request after a redirect: 307 and 308 repeat it, the others ask with GET; credentials stay with their origin. */
function follow(request: OutboundRequest, status: number, sameOrigin: boolean): OutboundRequest {
  const repeat = repeats(status) || request.method === 'GET';
  const headers = Object.entries(lowerCased(request.headers)).filter(
    ([name]) => (sameOrigin || SAFE_ABROAD.has(name)) && (repeat || !name.startsWith('content-')),
  );
  return {
    ...request,
    method: repeat ? request.method : 'GET',
    body: repeat ? request.body : null,
    headers: Object.fromEntries(headers),
  };
}

async function read(answer: Dispatcher.ResponseData, maxBytes: number): Promise<OutboundResponse> {
  const announced = Number(answer.headers['content-length'] ?? 0);
  const parts: Buffer[] = [];
  let size = 0;
  if (announced <= maxBytes) {
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > maxBytes) break;
      parts.push(part);
    }
  }
  if (announced > maxBytes || size > maxBytes) {
    answer.body.on('error', () => {});
    answer.body.destroy();
    throw upstream('The answer is too long.');
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return { status: answer.statusCode, headers, body: decode(Buffer.concat(parts), headers['content-type']) };
}

function decode(bytes: Buffer, contentType: string | undefined): string {
  const charset = /charset=["']?([\w-]+)/i.exec(contentType ?? '')?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

const upstream = (words: string): DomainError => new DomainError('upstream', words);

function toDomain(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof ForbiddenAddress) return new DomainError('invalid', 'The address must be public.');
  const internal = error instanceof Error ? `${error.name}: ${error.message}` : 'no answer';
  return new DomainError('upstream', 'The address did not answer.', { internal, cause: error });
}
