import WebSocket from 'ws';

type Sent = object | string | Buffer;

/** What an attacker got hold of. */
export interface Loot {
  /** Tokens of streams and of talk pages, good for one call each. */
  streamToken(): Promise<string>;
  talkToken(): Promise<string>;
  /** The token of a call that runs. */
  usedToken: string;
  expiredToken: string;
}

/** What somebody sends on a socket, one thing after the other, and how the server closes it. */
export interface Attack {
  readonly name: string;
  readonly path: '/media/twilio' | '/media/browser';
  send(loot: Loot): Promise<readonly Sent[]>;
  readonly code: number;
  readonly reason: RegExp;
}

const PAYLOAD = Buffer.alloc(160, 0xff).toString('base64');
const LONG_PAYLOAD = Buffer.alloc(8_000, 0xff).toString('base64');

const start = (token: string) => ({
  event: 'start',
  streamSid: 'MZ1',
  start: { streamSid: 'MZ1', callSid: 'CA1', customParameters: { token } },
});
const media = (payload: string) => ({ event: 'media', streamSid: 'MZ1', media: { payload } });
const talk = (token: string, codec = 'pcm16') => ({ type: 'start', token, codec, rateHz: 16_000 });
const times = (n: number, sent: Sent): Sent[] => Array.from({ length: n }, () => sent);

type Told = Pick<Attack, 'code' | 'reason'>;

const onTwilio = (name: string, send: Attack['send'], told: Told): Attack => ({
  name: `${name}, on a carrier's socket`,
  path: '/media/twilio',
  send,
  ...told,
});
const onBrowser = (name: string, send: Attack['send'], told: Told): Attack => ({
  name: `${name}, on a browser's socket`,
  path: '/media/browser',
  send,
  ...told,
});
/** After a good start. */
const inCall =
  (...sent: Sent[]): Attack['send'] =>
  async ({ streamToken }) => [start(await streamToken()), ...sent];
const inTalk =
  (...sent: Sent[]): Attack['send'] =>
  async ({ talkToken }) => [talk(await talkToken()), ...sent];

export const ATTACKS: readonly Attack[] = [
  onTwilio('a message far too long', inCall(media('A'.repeat(80_000))), { code: 1009, reason: /^/ }),
  onTwilio('audio that is no base64', inCall(media('not base64 !')), { code: 1007, reason: /base64/ }),
  onTwilio('no JSON', async () => ['{"event":'], { code: 1007, reason: /JSON/ }),
  onTwilio('JSON that is no message', async () => ['[1]'], { code: 1008, reason: /no event/ }),
  onTwilio('bytes', async () => [Buffer.from([0, 1, 255])], { code: 1003, reason: /binary/ }),
  onTwilio('audio before its start', async () => [media(PAYLOAD)], { code: 1008, reason: /before start/ }),
  onTwilio(
    'two starts',
    async ({ streamToken }) => [start(await streamToken()), start(await streamToken())],
    { code: 1008, reason: /started already/ },
  ),
  onTwilio('audio of another stream', inCall({ ...media(PAYLOAD), streamSid: 'MZ2' }), {
    code: 1008,
    reason: /another stream/,
  }),
  onTwilio('unknown events without end', inCall(...times(60, { event: 'surprise' })), {
    code: 1008,
    reason: /unknown event/,
  }),
  onTwilio('a flood of messages', inCall(...times(3_000, { event: 'dtmf', dtmf: { digit: 'E' } })), {
    code: 1008,
    reason: /too many messages/,
  }),
  onTwilio('a flood of audio', inCall(...times(40, media(LONG_PAYLOAD))), {
    code: 1008,
    reason: /faster than real time/,
  }),
  onTwilio('a token that nobody gave out', async () => [start('made-up')], { code: 1008, reason: /unknown/ }),
  onTwilio('the token of a live call', async ({ usedToken }) => [start(usedToken)], {
    code: 1008,
    reason: /used/,
  }),
  onTwilio('a token too old', async ({ expiredToken }) => [start(expiredToken)], {
    code: 1008,
    reason: /expired/,
  }),
  onBrowser('audio before its start', async () => [Buffer.alloc(640)], {
    code: 1008,
    reason: /first message/,
  }),
  onBrowser('a message far too long', inTalk({ type: 'text', text: 'A'.repeat(80_000) }), {
    code: 1009,
    reason: /^/,
  }),
  onBrowser('two starts', inTalk(talk('another')), { code: 1008, reason: /its call already/ }),
  onBrowser('a flood of messages', inTalk(...times(3_000, { type: 'ping' })), {
    code: 1008,
    reason: /too many messages/,
  }),
];

/** Does it; resolves with how the server closed the socket, whatever was still to be sent then. */
export async function carryOut(
  { path, send }: Attack,
  url: string,
  loot: Loot,
): Promise<{ code: number; reason: string }> {
  const sent = await send(loot);
  const socket = new WebSocket(url.replace(/^http/, 'ws') + path, { perMessageDeflate: false });
  socket.on('error', () => {});
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await new Promise((resolve) => socket.once('open', resolve));
  for (const one of sent) {
    const isBytes = Buffer.isBuffer(one);
    socket.send(isBytes || typeof one === 'string' ? one : JSON.stringify(one), { binary: isBytes });
  }
  return closed;
}
