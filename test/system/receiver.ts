import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A webhook as it arrived. */
export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked into by the tests
  body: any;
  rawBody: string;
  /** Whether it was answered with 200. */
  isTaken: boolean;
}

/** Receives webhooks; a test says, and changes, how it answers. */
export interface Receiver {
  readonly origin: string;
  /** For CALLBACK_ALLOWLIST. */
  readonly host: string;
  readonly received: Received[];
  answer: (path: string) => 'take' | 'fail' | 'hang';
  /** What a request that is taken is answered with, by path; nothing for the others. */
  readonly replies: Map<string, object>;
  close(): Promise<void>;
}

export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    let rawBody = '';
    request.on('data', (part) => {
      rawBody += part;
    });
    request.on('end', () => {
      const how = receiver.answer(request.url!);
      const { headers, url } = request;
      received.push({ path: url!, headers, body: JSON.parse(rawBody), rawBody, isTaken: how === 'take' });
      const reply = how === 'take' ? receiver.replies.get(url!) : undefined;
      if (how !== 'hang') response.writeHead(how === 'take' ? 200 : 503).end(reply && JSON.stringify(reply));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const receiver: Receiver = {
    origin: `http://${host}`,
    host,
    received,
    answer: () => 'take',
    replies: new Map(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
