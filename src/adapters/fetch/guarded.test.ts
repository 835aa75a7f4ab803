import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createRawServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { OutboundRequest } from '#core/ports';
import { isPublicAddress } from './guarded/public-address.ts';
import { type GuardedHttp, guardedHttp, type Resolve } from './guarded.ts';

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;

let handler: Handler;
let server: Server;
let port: number;
let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
const opened: GuardedHttp[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      seen.push({ method: request.method!, url: request.url!, headers: request.headers, body });
      handler(request, body, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});

afterEach(async () => {
  seen = [];
  await Promise.all(opened.splice(0).map((http) => http.close()));
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function guard(options: { allow?: string[]; resolve?: Resolve } = {}): GuardedHttp {
  const http = guardedHttp({ allow: options.allow ?? [`127.0.0.1:${port}`], ...options });
  opened.push(http);
  return http;
}

const at = (path: string) => `http://127.0.0.1:${port}${path}`;

function request(url: string, more: Partial<OutboundRequest> = {}): OutboundRequest {
  return { url, method: 'GET', headers: {}, body: null, timeoutMs: 5_000, maxResponseBytes: 10_000, ...more };
}

const never = new AbortController().signal;

describe('addresses', () => {
  test.each(['8.8.8.8', '1.1.1.1', '93.184.215.14', '2606:4700:4700::1111', '2a00:1450:4001:82a::200e'])(
    '%s is public',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  test.each([
    '127.0.0.1',
    '127.8.9.1',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.100.100.200',
    '192.0.0.192',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.7',
    '203.0.113.9',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '168.63.129.16',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::7f00:1',
    '::8.8.8.8',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    'fec0::1',
    'ff02::1',
    '2001:db8::1',
    '100::1',
    '5f00::1',
    '4000::1',
    '[::1]',
    'example.com',
    '',
  ])('%j is not public', (address) => expect(isPublicAddress(address)).toBe(false));
});

describe('checkUrl', () => {
  test.each([
    'http://example.com/',
    'ftp://example.com/',
    'not a url',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://localhost/',
    'https://localhost./',
    'https://db.internal/',
    'https://printer.local/',
    'https://user:pass@example.com/',
    'https://10.0.0.8:8443/x',
    'javascript:alert(1)',
    'file:///etc/passwd',
    '',
  ])('refuses %j and names the field', (url) => {
    expect(() => guard().checkUrl(url, 'webhook_url')).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'webhook_url' }),
    );
  });

  test('takes public https, and exempt pairs of any kind', () => {
    const http = guard({ allow: ['127.0.0.1:4000', 'LOCALHOST:80', ' [::1]:9 '] });
    for (const url of [
      'https://example.com/hook?a=1',
      'https://8.8.8.8/',
      'https://example.com:8443/',
      'http://127.0.0.1:4000/x',
      'http://localhost/',
      'http://[::1]:9/',
    ]) {
      expect(() => http.checkUrl(url, 'url')).not.toThrow();
    }
    expect(() => http.checkUrl('http://127.0.0.1:4001/', 'url')).toThrow();
  });
});

describe('a name is judged when the socket connects', () => {
  /** Counts connections that reach the loopback, whatever is said on them. */
  async function trap() {
    let connections = 0;
    const raw = createRawServer((socket) => {
      connections++;
      socket.destroy();
    });
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    return {
      port: (raw.address() as AddressInfo).port,
      connections: () => connections,
      [Symbol.asyncDispose]: () => new Promise<void>((resolve) => raw.close(() => resolve())),
    };
  }

  test('a rebinding name, public when it was checked and private when it connects, reaches nothing', async () => {
    await using inner = await trap();
    const asked: string[] = [];
    const http = guard({
      allow: [],
      resolve: async (hostname) => {
        asked.push(hostname);
        return [{ address: '127.0.0.1', family: 4 }];
      },
    });
    const url = `https://rebind.example:${inner.port}/`;
    http.checkUrl(url, 'url');
    expect(asked).toEqual([]);
    await expect(http.fetch(request(url), never)).rejects.toMatchObject({ code: 'invalid' });
    expect(asked.length).toBeGreaterThan(0);
    expect(inner.connections()).toBe(0);
  });

  test('private addresses are dropped in every disguise', async () => {
    await using inner = await trap();
    for (const [address, family] of [
      ['::ffff:127.0.0.1', 6],
      ['64:ff9b::7f00:1', 6],
      ['0.0.0.0', 4],
      ['::1', 6],
    ] as const) {
      const http = guard({ allow: [], resolve: async () => [{ address, family }] });
      await expect(http.fetch(request(`https://x.example:${inner.port}/`), never)).rejects.toMatchObject({
        code: 'invalid',
      });
    }
    expect(inner.connections()).toBe(0);
  });

  test('an unknown name is an answer that did not come', async () => {
    const http = guard({ allow: [], resolve: () => Promise.reject(new Error('ENOTFOUND')) });
    await expect(http.fetch(request('https://nowhere.example/'), never)).rejects.toMatchObject({
      code: 'upstream',
    });
  });

  test('a redirect is judged like a first address', async () => {
    await using inner = await trap();
    const http = guard({ resolve: async () => [{ address: '127.0.0.1', family: 4 }] });
    for (const location of [
      `https://rebind.example:${inner.port}/`,
      `https://127.0.0.1:${inner.port}/`,
      `http://127.0.0.1:${inner.port}/`,
      'http://example.com/',
      'gopher://x/',
    ]) {
      handler = (_request, _body, response) => response.writeHead(302, { location }).end();
      await expect(http.fetch(request(at('/')), never), location).rejects.toMatchObject({ code: 'invalid' });
    }
    expect(inner.connections()).toBe(0);
  });
});

describe('the exchange', () => {
  test('sends and reads back', async () => {
    handler = (_request, _body, response) =>
      response.writeHead(418, { 'x-one': 'a', 'content-type': 'application/json' }).end('{"ok":true}');
    const answer = await guard().fetch(
      request(at('/hook?a=b'), {
        method: 'POST',
        body: '{"x":1}',
        headers: { 'Content-Type': 'application/json', 'X-Key': 'k' },
      }),
      never,
    );
    expect(answer).toMatchObject({ status: 418, body: '{"ok":true}', headers: { 'x-one': 'a' } });
    expect(seen).toMatchObject([
      {
        method: 'POST',
        url: '/hook?a=b',
        body: '{"x":1}',
        headers: { 'x-key': 'k', 'accept-encoding': 'identity' },
      },
    ]);
  });

  test('follows three redirects and no fourth', async () => {
    let left = 3;
    handler = (_request, _body, response) =>
      left-- > 0 ? response.writeHead(302, { location: '/next' }).end() : response.end('there');
    expect((await guard().fetch(request(at('/')), never)).body).toBe('there');
    left = 4;
    await expect(guard().fetch(request(at('/')), never)).rejects.toMatchObject({ code: 'upstream' });
  });

  test('303 asks again with GET and no body; 307 repeats; credentials do not leave their origin', async () => {
    const post = {
      method: 'POST',
      body: 'b',
      headers: { 'content-type': 'text/plain', authorization: 'Bearer s', 'x-key': 'k' },
    } as const;
    handler = (request, _body, response) =>
      request.url === '/' ? response.writeHead(303, { location: '/seen' }).end() : response.end();
    await guard().fetch(request(at('/'), post), never);
    expect(seen[1]).toMatchObject({ method: 'GET', body: '' });
    expect(seen[1]?.headers.authorization).toBe('Bearer s');

    seen = [];
    handler = (request, _body, response) =>
      request.url === '/'
        ? response.writeHead(307, { location: `http://localhost:${port}/abroad` }).end()
        : response.end();
    await guard({ allow: [`127.0.0.1:${port}`, `localhost:${port}`] }).fetch(request(at('/'), post), never);
    expect(seen[1]).toMatchObject({ method: 'POST', url: '/abroad', body: 'b' });
    expect(seen[1]?.headers).not.toHaveProperty('authorization');
    expect(seen[1]?.headers).not.toHaveProperty('x-key');
  });

  test('refuses a long answer, announced or not', async () => {
    handler = (_request, _body, response) => response.end('x'.repeat(10_001));
    await expect(guard().fetch(request(at('/')), never)).rejects.toMatchObject({
      code: 'upstream',
      publicMessage: expect.stringMatching(/too long/),
    });
    handler = (_request, _body, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      const more = () => {
        if (!response.destroyed) response.write('x'.repeat(4_000), more);
      };
      more();
    };
    await expect(guard().fetch(request(at('/')), never)).rejects.toMatchObject({
      publicMessage: expect.stringMatching(/too long/),
    });
    handler = (_request, _body, response) => response.end('x'.repeat(10_000));
    expect((await guard().fetch(request(at('/')), never)).body).toHaveLength(10_000);
  });

  test('gives up at the time limit, wherever the answer hangs', async () => {
    handler = () => {};
    await expect(guard().fetch(request(at('/'), { timeoutMs: 80 }), never)).rejects.toMatchObject({
      code: 'upstream',
      publicMessage: expect.stringMatching(/in time/),
    });
    handler = (_request, _body, response) => void response.writeHead(200).write('a');
    await expect(guard().fetch(request(at('/'), { timeoutMs: 80 }), never)).rejects.toMatchObject({
      publicMessage: expect.stringMatching(/in time/),
    });
  });

  test('gives up in time on a name that does not resolve', async () => {
    const { promise, resolve } = Promise.withResolvers<readonly { address: string; family: number }[]>();
    const http = guard({ allow: [], resolve: () => promise });
    const stop = new AbortController();
    const hung = request('https://slow.example/', { timeoutMs: 80 });
    await expect(http.fetch(hung, never)).rejects.toMatchObject({
      publicMessage: expect.stringMatching(/in time/),
    });
    const pending = http.fetch({ ...hung, timeoutMs: 5_000 }, stop.signal);
    stop.abort(new Error('barge-in'));
    await expect(pending).rejects.toThrow('barge-in');
    resolve([{ address: '127.0.0.1', family: 4 }]);
  });

  test("the caller's abort comes back as such", async () => {
    handler = () => {};
    const stop = new AbortController();
    const pending = guard().fetch(request(at('/')), stop.signal);
    stop.abort(new Error('barge-in'));
    await expect(pending).rejects.toThrow('barge-in');
  });

  test('a server that hangs up is an answer that did not come', async () => {
    handler = (request) => request.socket.destroy();
    await expect(guard().fetch(request(at('/')), never)).rejects.toMatchObject({ code: 'upstream' });
  });
});
