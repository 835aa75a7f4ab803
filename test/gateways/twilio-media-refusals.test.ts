import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { Pacer } from '#audio/pacer';
import { Phone } from '#cli/phone';
import { MediaSession } from '#gateways/twilio-media/media-session';
import { systemClock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { silentLog } from '#kernel/log';
import { FakeLauncher, type MediaServer, openMediaServer } from '#test/gateways/media-server';
import { ManualClock } from '#test/support/manual-clock';
import { memoryTransfers } from '#test/support/transfers';
import { until } from '#test/support/until';

let server: MediaServer;
let bystander: Phone;
let isBystanderFine: () => boolean;

/** Another call runs all the time, and must not notice anything. */
beforeEach(async () => {
  server = await openMediaServer();
  const { phone, launched } = await server.call();
  bystander = phone;
  isBystanderFine = () => !launched.line.signal.aborted;
});

afterEach(async () => {
  expect(isBystanderFine()).toBe(true);
  await bystander.hangUp();
  await server.close();
});

const START = {
  event: 'start',
  sequenceNumber: '1',
  streamSid: 'MZ1',
  start: {
    streamSid: 'MZ1',
    accountSid: 'AC1',
    callSid: 'CA1',
    tracks: ['inbound'],
    customParameters: { token: 'good' },
    mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
  },
};
const PAYLOAD = Buffer.alloc(160, 0xff).toString('base64');
const CONNECTED = { event: 'connected', protocol: 'Call', version: '1.0.0' };

function media(n: number, over: object = {}) {
  return {
    event: 'media',
    sequenceNumber: String(n + 1),
    streamSid: 'MZ1',
    media: { track: 'inbound', chunk: String(n), timestamp: String(n * 20), payload: PAYLOAD, ...over },
  };
}

type Sent = object | string | Buffer;

/** Sends messages on a socket of its own; resolves when the server has closed it. */
async function send(...messages: Sent[]): Promise<{ code: number; reason: string }> {
  server.launcher.tokens.set('good', () => {});
  const socket = new WebSocket(server.url, { perMessageDeflate: false });
  socket.on('error', () => {});
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await new Promise((resolve) => socket.once('open', resolve));
  for (const message of messages) {
    const isText = typeof message === 'string' || Buffer.isBuffer(message);
    socket.send(isText ? message : JSON.stringify(message), { binary: Buffer.isBuffer(message) });
  }
  return closed;
}

const start = (over: object) => ({ ...START, start: { ...START.start, ...over } });

describe('what makes no call is closed with 1008', () => {
  it.each<[string, Sent[], number, RegExp]>([
    ['an unknown token', [CONNECTED, start({ customParameters: { token: 'bad' } })], 1008, /token/],
    ['no token', [CONNECTED, start({ customParameters: {} })], 1008, /token/],
    ['no parameters at all', [CONNECTED, start({ customParameters: null })], 1008, /token/],
    ['media before start', [CONNECTED, media(1)], 1008, /media before start/],
    ['digits before start', [CONNECTED, { event: 'dtmf', dtmf: { digit: '1' } }], 1008, /dtmf before start/],
    ['a mark before start', [{ event: 'mark', mark: { name: '1' } }], 1008, /mark before start/],
    ['an unknown event', [{ event: 'hello' }], 1008, /unknown event/],
    ['no event', [{ hello: 1 }], 1008, /no event/],
    ['an event that is no text', [{ event: 7 }], 1008, /no event/],
    ['JSON that is no object', ['[1,2]'], 1008, /no event/],
    ['a start without its fields', [CONNECTED, { event: 'start' }], 1008, /start is missing/],
    [
      'a start without a stream',
      [{ event: 'start', start: { customParameters: { token: 'good' } } }],
      1008,
      /streamSid/,
    ],
    [
      'other audio',
      [start({ mediaFormat: { encoding: 'audio/l16', sampleRate: 16000, channels: 1 } })],
      1003,
      /mulaw/,
    ],
    ['invalid JSON', ['{"event":'], 1007, /JSON/],
    ['an empty message', [''], 1007, /JSON/],
    ['a binary message', [Buffer.from(JSON.stringify(CONNECTED))], 1003, /binary/],
    ['a message over 64 KiB', ['x'.repeat(64 * 1024 + 1)], 1009, /^/],
  ])('%s', async (_, messages, code, reason) => {
    const end = await send(...messages);
    expect(end.code).toBe(code);
    expect(end.reason).toMatch(reason);
    expect(server.launcher.calls).toHaveLength(1);
  });

  it('silence for 5 s, not less', async () => {
    const startedMs = performance.now();
    const end = await send(CONNECTED);
    expect(end.code).toBe(1008);
    expect(end.reason).toMatch(/5 s/);
    expect(performance.now() - startedMs).toBeGreaterThan(4900);
  });

  it('a message of exactly 64 KiB is read', async () => {
    const end = await send(
      JSON.stringify({ event: 'connected', pad: '' }).replace('""', `"${'x'.repeat(64 * 1024 - 30)}"`),
      '{',
    );
    expect(end.code).toBe(1007);
  });
});

describe('what ends a call', () => {
  it.each<[string, Sent[], number, RegExp]>([
    ['a second start', [START], 1008, /started already/],
    ['a payload that is no base64', [media(1, { payload: 'ab!d' })], 1007, /base64/],
    ['base64 cut short', [media(1, { payload: 'abcde' })], 1007, /base64/],
    [
      'no base64 behind good media',
      [media(1), media(2), media(3, { payload: '*'.repeat(216) })],
      1007,
      /base64/,
    ],
    ['a payload that is no text', [media(1, { payload: 7 })], 1008, /payload/],
    ['media without media', [{ event: 'media' }], 1008, /media/],
    ['media of another stream', [{ ...media(1), streamSid: 'MZ2' }], 1008, /another stream/],
    [
      'another stream behind good media',
      [media(1), media(2), { ...media(3), streamSid: 'MZ9' }],
      1008,
      /another/,
    ],
    [
      'broken JSON behind good media',
      [media(1), media(2), JSON.stringify(media(3)).slice(0, -1)],
      1007,
      /JSON/,
    ],
    ['a binary message', [media(1), Buffer.from('{}')], 1003, /binary/],
    ['a message over 64 KiB', [media(1, { payload: 'A'.repeat(66_000) })], 1009, /^/],
    ['audio far faster than real time', Array.from({ length: 800 }, (_, i) => media(i)), 1008, /faster/],
    [
      'a flood of messages',
      Array.from({ length: 1700 }, () => ({ event: 'mark', mark: { name: 'x' } })),
      1008,
      /many/,
    ],
    [
      'a flood of bytes',
      Array.from({ length: 60 }, () => ({ event: 'connected', pad: 'x'.repeat(60_000) })),
      1008,
      /many/,
    ],
    ['too many unknown events', Array.from({ length: 51 }, () => ({ event: 'news' })), 1008, /unknown/],
  ])('%s', async (_, messages, code, reason) => {
    const lines: AbortSignal[] = [];
    server.launcher.tokens.set('good', ({ line }) => void lines.push(line.signal));
    const end = await send(CONNECTED, START, ...messages);
    expect(end.code).toBe(code);
    expect(end.reason).toMatch(reason);
    await until(() => server.hub.size === 1);
  });

  it('invalid UTF-8', async () => {
    server.launcher.tokens.set('good', () => {});
    const socket = new WebSocket(server.url);
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false });
    expect(await closed).toBe(1007);
  });

  it('tells the line, with the reason "failed"', async () => {
    const { phone, launched } = await server.call();
    const raw = phone as unknown as { press(digits: unknown[]): void };
    raw.press([{}]);
    await phone.ended;
    expect(launched.line.signal.reason).toBe('failed');
  });
});

describe('what does not end a call', () => {
  it.each<[string, Sent[], number]>([
    ['Twilio’s other order of keys', [1, 2, 3].map((n) => reordered(media(n))), 3],
    [
      'white space and numbers for strings',
      [1, 2, 3].map((n) => JSON.stringify(media(n, { timestamp: n * 20 }), null, 2)),
      3,
    ],
    [
      'escaped slashes',
      [1, 2, 3].map((n) => JSON.stringify(media(n, { payload: '////' })).replaceAll('////', '\\/\\/\\/\\/')),
      3,
    ],
    ['missing timestamps and chunks', [1, 2].map(() => ({ event: 'media', media: { payload: PAYLOAD } })), 2],
    ['an empty payload', [media(1, { payload: '' }), media(2)], 1],
    ['short and long payloads', [media(1, { payload: 'AAA=' }), media(2, { payload: 'A'.repeat(4096) })], 2],
    ['our own audio coming back', [media(1, { track: 'outbound' }), media(2)], 1],
    ['an event of the future', [{ event: 'weather' }, media(1)], 1],
    ['marks that we never set', [{ event: 'mark', mark: { name: 'greeting' } }, media(1)], 1],
  ])('%s', async (_, messages, frames) => {
    let heard = 0;
    server.launcher.tokens.set('live', ({ line }) => {
      line.listen({ audio: { push: () => void heard++ } });
    });
    const socket = new WebSocket(server.url);
    await new Promise((resolve) => socket.once('open', resolve));
    for (const message of [start({ customParameters: { token: 'live' } }), ...messages]) {
      socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    }
    await until(() => heard >= frames);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.send(JSON.stringify({ event: 'stop', streamSid: 'MZ1', stop: { callSid: 'CA1' } }));
    expect(await closed).toBe(1000);
  });
});

function reordered({ streamSid, ...message }: ReturnType<typeof media>) {
  return { ...message, streamSid };
}

describe('refusals of the launcher', () => {
  it.each(['unauthenticated', 'quota', 'unavailable', 'precondition'] as const)(
    '%s is told in its public words',
    async (code) => {
      server.launcher.tokens.set('t', () => {
        throw new DomainError(code, `public words for ${code}`, { internal: 'secret' });
      });
      const end = await send(CONNECTED, start({ customParameters: { token: 't' } }));
      expect(end).toEqual({ code: 1008, reason: `public words for ${code}` });
    },
  );

  it('a fault of ours is 1011 and tells nothing', async () => {
    server.launcher.tokens.set('t', () => {
      throw new Error('database password is hunter2');
    });
    const end = await send(CONNECTED, start({ customParameters: { token: 't' } }));
    expect(end).toEqual({ code: 1011, reason: 'internal error' });
    expect(server.logged.some((line) => line.level === 'error')).toBe(true);
  });

  it('a token opens one stream only', async () => {
    server.launcher.tokens.set('once', () => {});
    const first = await Phone.open({
      url: server.url,
      parameters: { token: 'once' },
      clock: systemClock,
      pacer: server.phones,
    });
    const end = await send(CONNECTED, start({ customParameters: { token: 'once' } }));
    expect(end.code).toBe(1008);
    await first.hangUp();
  });

  it('a long reason is cut to what the protocol can carry', async () => {
    server.launcher.tokens.set('t', () => {
      throw new DomainError('quota', 'é'.repeat(200));
    });
    const end = await send(CONNECTED, start({ customParameters: { token: 't' } }));
    expect(end.code).toBe(1008);
    expect(Buffer.byteLength(end.reason)).toBeGreaterThan(100);
  });

  it('a line whose caller leaves while the call is being started is gone', async () => {
    let line: AbortSignal | undefined;
    let finish = () => {};
    server.launcher.tokens.set('slow', (call) => {
      line = call.line.signal;
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    const phone = await Phone.open({
      url: server.url,
      parameters: { token: 'slow' },
      clock: systemClock,
      pacer: server.phones,
    });
    await until(() => line !== undefined);
    await phone.hangUp();
    await until(() => line!.aborted);
    finish();
  });
});

describe('a carrier', () => {
  function session(clock: ManualClock, launcher: FakeLauncher) {
    const socket = Object.assign(new EventEmitter(), {
      OPEN: 1,
      readyState: 1,
      bufferedAmount: 0,
      sent: [] as string[],
      closed: null as number | null,
      terminated: false,
      send(text: string) {
        this.sent.push(text);
      },
      close(code: number) {
        this.closed = code;
      },
      terminate() {
        this.terminated = true;
      },
    });
    const pacer = new Pacer({ clock });
    const deps = { launcher, clock, pacer, log: silentLog, transfers: memoryTransfers() };
    new MediaSession(socket as unknown as WebSocket, deps);
    return socket;
  }

  it('that does not read is cut off', async () => {
    const clock = new ManualClock();
    const launcher = new FakeLauncher();
    let gone: AbortSignal | undefined;
    launcher.tokens.set('good', ({ line }) => {
      gone = line.signal;
      line.push({ samples: new Int16Array(80_000).fill(900), rateHz: 8000, atMs: 0 });
    });
    const socket = session(clock, launcher);
    socket.emit('message', Buffer.from(JSON.stringify(START)), false);
    clock.advance(1000);
    expect(socket.sent.length).toBeGreaterThan(50);
    socket.bufferedAmount = 600 * 1024;
    clock.advance(20);
    expect([socket.terminated, gone!.aborted, gone!.reason]).toEqual([true, true, 'failed']);
    clock.advance(20_000);
    expect(clock.timers).toBe(0);
  });

  it('is told when a call takes too long to start', () => {
    const clock = new ManualClock();
    const launcher = new FakeLauncher();
    launcher.tokens.set('good', () => new Promise(() => {}));
    const socket = session(clock, launcher);
    socket.emit('message', Buffer.from(JSON.stringify(START)), false);
    clock.advance(9_900);
    expect(socket.closed).toBeNull();
    clock.advance(200);
    expect(socket.closed).toBe(1013);
  });
});
