import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** One entry of `DIALECT_HOSTS`. `port` null answers to the name on any port. */
export interface DialectHost {
  readonly dialect: string;
  readonly host: string;
  readonly port: number | null;
}

/** Paths that mean the same on every Host: they are ours, and generated URLs point at them. */
const SHARED = ['/media', '/sandbox', '/checkout', '/webhooks', '/admin', '/healthz', '/readyz', '/metrics'];

/**
 * Serves dialects at the root of their Host as well: `/api/health` asked of a dialect's Host becomes
 * `/voicex/api/health`. Paths that begin with a prefix of ours stay as they are, so that generated URLs work there too.
 */
export function rewriteByHost(
  hosts: readonly DialectHost[],
  prefixes: Readonly<Record<string, string>>,
): (request: IncomingMessage) => string {
  const own = [...SHARED, ...Object.values(prefixes)];
  return (request) => {
    const url = request.url ?? '/';
    const prefix = prefixes[dialectOf(hosts, request.headers.host ?? '') ?? ''];
    if (prefix === undefined || own.some((path) => startsWithPath(url, path))) return url;
    return prefix + url;
  };
}

function dialectOf(hosts: readonly DialectHost[], header: string): string | undefined {
  const match = /^(.*?)(?::(\d+))?$/.exec(header.toLowerCase());
  const name = match?.[1];
  const port = match?.[2] === undefined ? null : Number(match[2]);
  const named = hosts.filter((entry) => entry.host.toLowerCase() === name);
  return (
    named.find((entry) => entry.port !== null && entry.port === port) ??
    named.find((entry) => entry.port === null)
  )?.dialect;
}

function startsWithPath(url: string, path: string): boolean {
  const after = url[path.length];
  return url.startsWith(path) && (after === undefined || after === '/' || after === '?');
}

/** Ports named in `DIALECT_HOSTS` that the main listener does not cover. */
export function extraPorts(hosts: readonly DialectHost[], mainPort: number): number[] {
  const named = hosts.flatMap((entry) =>
    entry.port === null || entry.port === mainPort ? [] : [entry.port],
  );
  return [...new Set(named)];
}

/**
 * Listens on further ports of the same host for the same app, sockets included; closing the app closes them. Call it
 * when the app is ready. Rejects when a port is taken, having closed those it had opened.
 */
export async function listenAlso(
  app: FastifyInstance,
  ports: readonly number[],
  host: string,
): Promise<Server[]> {
  const servers = ports.map(() => createServer((request, response) => app.routing(request, response)));
  const close = () => Promise.all(servers.map(closeServer));
  for (const server of servers) {
    server.on('upgrade', (request, socket, head) => app.server.emit('upgrade', request, socket, head));
  }
  app.server.once('close', () => void close());
  try {
    await Promise.all(servers.map((server, i) => listen(server, ports[i]!, host)));
  } catch (error) {
    await close();
    throw error;
  }
  return servers;
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
