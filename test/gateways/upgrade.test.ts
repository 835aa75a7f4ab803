import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import twilio from 'twilio';
import { afterEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { twilioSignatures } from '#adapters/carrier/twilio/signature';
import { afterStream } from '#gateways/twilio-media/after-stream';
import type { SocketGateway } from '#gateways/upgrade';
import { type MediaServer, openMediaServer } from '#test/gateways/media-server';
import { memoryTransfers } from '#test/support/transfers';
import { until } from '#test/support/until';

let server: MediaServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** Resolves to `open`, or to the HTTP status of the refusal. */
function knock(url: string, headers: Record<string, string> = {}): Promise<WebSocket | number> {
  const socket = new WebSocket(url, { headers });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('unexpected-response', (request, response) => {
      resolve(response.statusCode!);
      request.destroy();
    });
    socket.once('error', reject);
  });
}

function gateway(
  path: string,
  over: Partial<SocketGateway> = {},
): SocketGateway & { paths: string[]; down: number } {
  const made = {
    path,
    paths: [] as string[],
    down: 0,
    accept: (_: WebSocket, request: { url?: string }) => {
      made.paths.push(request.url!);
      return { shutDown: () => void made.down++ };
    },
    ...over,
  };
  return made;
}

describe('the socket hub', () => {
  it('dispatches by path, query or not, and answers 404 elsewhere', async () => {
    const [a, b] = [gateway('/media/a'), gateway('/media/b')];
    server = await openMediaServer({ gateways: [a, b] });
    const base = server.url.replace('/media/twilio', '');
    for (const path of ['/media/a', '/media/a?x=1', '/media/b']) await knock(base + path);
    expect([a.paths, b.paths]).toEqual([['/media/a', '/media/a?x=1'], ['/media/b']]);
    for (const path of ['/', '/media', '/media/a/', '/media/aa', '/media/c?/media/a']) {
      expect(await knock(base + path), path).toBe(404);
    }
    expect(server.hub.size).toBe(3);
  });

  it('refuses with the status that the gateway names, and 500 when the gateway fails', async () => {
    const denied = gateway('/media/denied', { admit: async () => 401 });
    const broken = gateway('/media/broken', { admit: () => Promise.reject(new Error('no database')) });
    server = await openMediaServer({ gateways: [denied, broken] });
    const base = server.url.replace('/media/twilio', '');
    expect(await knock(`${base}/media/denied`)).toBe(401);
    expect(await knock(`${base}/media/broken`)).toBe(500);
    expect([denied.paths, broken.paths, server.hub.size]).toEqual([[], [], 0]);
  });

  it('takes no more sockets than it may', async () => {
    server = await openMediaServer({ maxSockets: 2 });
    const open = [await knock(server.url), await knock(server.url)] as WebSocket[];
    expect(await knock(server.url)).toBe(503);
    open[0]!.terminate();
    await until(() => server!.hub.size === 1);
    expect(await knock(server.url)).toBeInstanceOf(WebSocket);
  });

  it('closes everything with 1001, also peers that never answer, and then refuses with 503', async () => {
    const a = gateway('/media/a');
    server = await openMediaServer({ gateways: [a] });
    const url = server.url.replace('twilio', 'a');
    const [polite, deaf] = (await Promise.all([knock(url), knock(url)])) as [WebSocket, WebSocket];
    const code = new Promise((resolve) => polite.once('close', resolve));
    deaf.pause();
    await Promise.all([server.hub.close(), server.hub.close()]);
    expect(await code).toBe(1001);
    expect([a.down, server.hub.size]).toEqual([2, 0]);
    expect(await knock(url)).toBe(503);
    deaf.terminate();
  });

  it('survives what is no handshake', async () => {
    server = await openMediaServer();
    const { port } = server.http.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/media/twilio`);
    expect(response.status).toBe(404);
    const bad = await fetch(`http://127.0.0.1:${port}/media/twilio`, {
      headers: { 'sec-websocket-key': 'short' },
    });
    expect(bad.status).toBe(404);
    const { phone } = await server.call();
    await phone.hangUp();
  });
});

describe('signatures', () => {
  const signatures = twilioSignatures('the auth token');

  it('are demanded of the handshake', async () => {
    server = await openMediaServer({ signatures });
    expect(await knock(server.url)).toBe(403);
    expect(await knock(server.url, { 'x-twilio-signature': 'bm8=' })).toBe(403);
    for (const signed of [server.url, `${server.url}/`]) {
      const signature = twilio.getExpectedTwilioSignature('the auth token', signed, {});
      const headers = { 'x-twilio-signature': signature };
      const { phone } = await server.call(undefined, { headers });
      await phone.hangUp();
    }
  });

  it('are demanded of the request after a stream, whose transfer stays pending otherwise', async () => {
    const transfers = memoryTransfers();
    const publicUrl = 'https://voice.example.com';
    const app = Fastify();
    app.decorateRequest('rawBody', null);
    await app.register(afterStream({ publicUrl, signatures, transfers, hasBegun: async () => true }));
    await transfers.put('CA1', '+15551230000');
    const form = { CallSid: 'CA1', CallStatus: 'in-progress' };
    const post = (signature: string) =>
      app.inject({
        method: 'POST',
        url: '/media/twilio/after',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
        payload: new URLSearchParams(form).toString(),
      });
    expect((await post('wrong')).statusCode).toBe(403);
    const url = `${publicUrl}/media/twilio/after`;
    const answer = await post(twilio.getExpectedTwilioSignature('the auth token', url, form));
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch('text/xml');
    expect(answer.body).toContain('<Dial><Number>+15551230000</Number></Dial>');
    const again = await post(twilio.getExpectedTwilioSignature('the auth token', url, form));
    expect(again.body).toContain('<Response><Hangup/></Response>');
    await app.close();
  });
});

describe('what the carrier is told after a stream', () => {
  it.each([
    ['a call nobody transferred', 'CallSid=CA9', 200, '<Response><Hangup/>'],
    ['a call whose stream was turned away', 'CallSid=CA7', 200, 'Please try again in a few minutes'],
    ['a form without a call', 'x=1', 200, '<Hangup/>'],
    ['an empty form', '', 200, '<Hangup/>'],
  ])('%s', async (_, payload, status, body) => {
    const app = Fastify();
    app.decorateRequest('rawBody', null);
    const transfers = memoryTransfers();
    const verify = () => true;
    const hasBegun = async (callSid: string) => callSid === 'CA9';
    await app.register(afterStream({ publicUrl: 'http://x', signatures: { verify }, transfers, hasBegun }));
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await app.inject({ method: 'POST', url: '/media/twilio/after', headers, payload });
    expect(answer.statusCode).toBe(status);
    expect(answer.body).toContain(body);
    await app.close();
  });
});

describe('a server', () => {
  it('may be closed although the hub serves several', async () => {
    server = await openMediaServer();
    const second = createServer();
    await new Promise<void>((resolve) => second.listen(0, '127.0.0.1', resolve));
    server.hub.attach(second);
    const { port } = second.address() as AddressInfo;
    const socket = await knock(`ws://127.0.0.1:${port}/media/twilio`);
    expect(socket).toBeInstanceOf(WebSocket);
    await server.hub.close();
    await new Promise((resolve) => second.close(resolve));
  });
});
