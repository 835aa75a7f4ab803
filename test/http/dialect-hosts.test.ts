import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { extraPorts, listenAlso, rewriteByHost } from '#http/dialect-hosts';
import { fixtureApp, freePort } from './fixture.ts';

const prefixes = { voicex: '/voicex', epoch: '/epoch' };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

describe('which Host belongs to which dialect', () => {
  const rewrite = rewriteByHost(
    [
      { dialect: 'voicex', host: 'localhost', port: 3001 },
      { dialect: 'epoch', host: 'voice.example.com', port: null },
    ],
    prefixes,
  );
  it.each([
    ['localhost:3001', '/api/health', '/voicex/api/health'],
    ['localhost:3001', '/', '/voicex/'],
    ['LOCALHOST:3001', '/api/calls?skip=1', '/voicex/api/calls?skip=1'],
    ['localhost:3000', '/api/health', '/api/health'],
    ['localhost', '/api/health', '/api/health'],
    ['voice.example.com', '/api/usage', '/epoch/api/usage'],
    ['voice.example.com:8443', '/api/usage', '/epoch/api/usage'],
    ['voice.example.com', '/epoch/api/usage', '/epoch/api/usage'],
    ['voice.example.com', '/epochal', '/epoch/epochal'],
    ['voice.example.com', '/media/twilio', '/media/twilio'],
    ['voice.example.com', '/healthz', '/healthz'],
    ['evil.example.com', '/api/usage', '/api/usage'],
    ['', '/api/usage', '/api/usage'],
  ])('%s%s -> %s', (host, url, expected) => {
    expect(rewrite({ url, headers: { host } } as never)).toBe(expected);
  });
});

describe('listening', () => {
  it('finds the ports beyond the main one', () => {
    const hosts = [
      { dialect: 'voicex', host: 'localhost', port: 3001 },
      { dialect: 'vaani', host: 'other', port: 3001 },
      { dialect: 'epoch', host: 'localhost', port: 3000 },
      { dialect: 'veevo', host: 'v.example.com', port: null },
    ];
    expect(extraPorts(hosts, 3000)).toEqual([3001]);
  });

  it('serves the dialect at the root of its port, sockets included, and stops with the app', async () => {
    const port = await freePort();
    const app = await fixtureApp({
      config: { dialectHosts: [{ dialect: 'fixture', host: 'localhost', port }] },
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    await listenAlso(app, [port], '127.0.0.1');
    const ask = (path: string) =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers: { host: `localhost:${port}` } });
    const answer = await getWithHost(port, '/open', `localhost:${port}`);
    expect(answer).toEqual({ status: 200, body: '{"open":true}' });
    expect((await getWithHost(port, '/healthz', `localhost:${port}`)).status).toBe(200);
    const upgraded = new Promise<string>((resolve) => {
      app.server.on('upgrade', (incoming, socket) => {
        resolve(String(incoming.url));
        socket.destroy();
      });
    });
    const socket = request({
      port,
      host: '127.0.0.1',
      path: '/media/x',
      headers: { connection: 'upgrade', upgrade: 'websocket' },
    });
    socket.on('error', () => {});
    socket.end();
    expect(await upgraded).toBe('/media/x');
    await app.close();
    await expect(ask('/open')).rejects.toThrow();
  });

  it('says so when the port is taken, and when the dialect does not exist', async () => {
    const app = await fixtureApp();
    closing.push(() => app.close());
    await app.listen({ port: 0, host: '127.0.0.1' });
    const address = app.server.address();
    const taken = typeof address === 'object' && address ? address.port : 0;
    await expect(listenAlso(app, [taken], '127.0.0.1')).rejects.toThrow(/EADDRINUSE/);
    const config = { dialectHosts: [{ dialect: 'klingon', host: 'x', port: null }] };
    await expect(fixtureApp({ config })).rejects.toThrow(/klingon/);
  });
});

function getWithHost(port: number, path: string, host: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { port, host: '127.0.0.1', path, headers: { host }, agent: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}
