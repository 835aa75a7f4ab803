import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

/** A request as a tenant's backend got it. */
export interface Asked {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Reply = (response: ServerResponse, asked: Asked) => void;

/** A tenant's own backend; a test says how it answers. */
export interface Backend {
  readonly origin: string;
  /** For the allow list. */
  readonly host: string;
  readonly asked: Asked[];
  /** Replies for the next requests, in order. */
  replies: Reply[];
  /** What is replied once these are used up: 204 unless a test says otherwise. */
  otherwise: (asked: Asked) => Reply;
  close(): Promise<void>;
}

export const says =
  (status: number, body: string | object = '', headers: Record<string, string> = {}): Reply =>
  (response) =>
    void response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));

export const hangsUp: Reply = (response) => void response.socket?.destroy();
export const saysNothing: Reply = () => {};

export async function openBackend(): Promise<Backend> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      const { url: path = '', method = '', headers } = request;
      const asked = { path, method, headers, body };
      backend.asked.push(asked);
      (backend.replies.shift() ?? backend.otherwise(asked))(response, asked);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const backend: Backend = {
    origin: `http://${host}`,
    host,
    asked: [],
    replies: [],
    otherwise: () => says(204),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return backend;
}

/** The check against one of the JSON Schemas that are published in the documentation. */
export async function documented(name: string): Promise<ValidateFunction> {
  const text = await readFile(join(import.meta.dirname, `../../docs/schemas/${name}.json`), 'utf8');
  return addFormats.default(new Ajv({ allErrors: true, allowUnionTypes: true })).compile(JSON.parse(text));
}
