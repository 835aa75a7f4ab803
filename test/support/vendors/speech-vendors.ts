import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';
import { encodeMulaw } from '#audio/g711';
import { TONE_MP3 } from './tone-mp3.ts';
import {
  startVendor,
  toneFor,
  VENDOR_KEY,
  type VendorMode,
  type VendorRequest,
  type VendorServer,
} from './vendor-server.ts';

const bearer = (header: string | undefined, scheme: string) =>
  header?.startsWith(`${scheme} `) ? header.slice(scheme.length + 1) : undefined;

function wire(text: string, encoding: 'mulaw' | 'pcm16', rateHz: number): Buffer {
  const samples = toneFor(text, rateHz);
  if (encoding === 'pcm16') return Buffer.from(samples.buffer);
  const bytes = Buffer.alloc(samples.length);
  encodeMulaw(samples, bytes, 0);
  return bytes;
}

/** Sends audio in odd-sized pieces; `stalled` and `closed` stop after the first. */
async function stream(response: ServerResponse, audio: Buffer, mode: VendorMode): Promise<void> {
  response.writeHead(200, { 'content-type': 'audio/raw' });
  for (let at = 0; at < audio.length; at += 777) {
    response.write(audio.subarray(at, at + 777));
    await new Promise((resolve) => setImmediate(resolve));
    if (mode === 'closed') return void response.destroy();
    if (mode === 'stalled') return;
  }
  response.end();
}

/** `POST /audio/speech`, `POST /audio/transcriptions` of the OpenAI API. */
export function openaiSpeechVendor(transcript: string): Promise<VendorServer> {
  return startVendor({
    key: (headers) => bearer(headers.authorization, 'Bearer'),
    async http(request, response, mode) {
      if (request.path === '/audio/speech') {
        const body = JSON.parse(request.body.toString()) as { input: string; response_format: string };
        if (body.response_format !== 'pcm') return void response.writeHead(400).end();
        return stream(response, wire(body.input, 'pcm16', 24_000), mode);
      }
      if (request.path !== '/audio/transcriptions') return void response.writeHead(404).end();
      if (mode === 'stalled') return;
      if (mode === 'closed') return void response.destroy();
      const isWav = request.body.includes('RIFF') && request.body.includes('WAVEfmt ');
      response.writeHead(isWav ? 200 : 400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ text: transcript }));
    },
  });
}

/** Deepgram: `POST /v1/speak`, and `/v1/listen` as a socket. */
export function deepgramVendor(transcript: string): Promise<VendorServer> {
  return startVendor({
    key: (headers) => bearer(headers.authorization, 'Token'),
    http(request, response, mode) {
      const text = (JSON.parse(request.body.toString()) as { text: string }).text;
      const encoding = request.query.get('encoding') === 'mulaw' ? 'mulaw' : 'pcm16';
      return stream(response, wire(text, encoding, Number(request.query.get('sample_rate'))), mode);
    },
    socket: (socket, request, mode) => listen(socket, { request, mode, transcript }),
  });
}

/** Interim words every half second of audio; the rest, final, on Finalize. */
function listen(
  socket: WebSocket,
  on: { request: VendorRequest; mode: () => VendorMode; transcript: string },
): void {
  const bytesPerHalfSecond =
    (Number(on.request.query.get('sample_rate')) * (on.request.query.get('encoding') === 'mulaw' ? 1 : 2)) /
    2;
  const words = on.transcript.split(' ');
  let bytes = 0;
  let told = 0;
  const result = (text: string, how: { final: boolean; over: boolean }) =>
    socket.send(
      JSON.stringify({
        type: 'Results',
        channel_index: [0, 1],
        duration: 1,
        start: 0,
        is_final: how.final,
        speech_final: how.over,
        channel: {
          alternatives: [
            {
              transcript: text,
              confidence: 0.97,
              words: text
                .split(' ')
                .map((word, i) => ({ word, punctuated_word: word, start: i / 4, end: (i + 1) / 4 })),
            },
          ],
        },
      }),
    );
  socket.on('message', (body, isBinary) => {
    if (on.mode() === 'stalled') return;
    if (isBinary) {
      bytes += (body as Buffer).length;
      if (on.mode() === 'closed' && bytes > bytesPerHalfSecond) return void socket.terminate();
      if (Math.floor(bytes / bytesPerHalfSecond) > told && told < words.length) {
        told++;
        result(words.slice(0, told).join(' '), { final: false, over: false });
      }
      return;
    }
    const { type } = JSON.parse(String(body)) as { type: string };
    if (type === 'Finalize') result(on.transcript, { final: true, over: true });
    if (type === 'CloseStream') socket.close(1000);
  });
}

/** Cartesia: `POST /tts/bytes`. */
export function cartesiaVendor(): Promise<VendorServer> {
  return startVendor({
    key: (headers) => headers['x-api-key'] as string | undefined,
    http(request, response, mode) {
      const body = JSON.parse(request.body.toString()) as {
        transcript: string;
        output_format: { encoding: string; sample_rate: number };
      };
      if (!request.headers['cartesia-version']) return void response.writeHead(400).end();
      const encoding = body.output_format.encoding === 'pcm_mulaw' ? 'mulaw' : 'pcm16';
      return stream(response, wire(body.transcript, encoding, body.output_format.sample_rate), mode);
    },
  });
}

/** ElevenLabs: the `stream-input` socket, audio with the alignment of its characters. */
export function elevenlabsVendor(): Promise<VendorServer> {
  return startVendor({
    key: (headers) => headers['xi-api-key'] as string | undefined,
    socket(socket, request, mode) {
      const phone = request.query.get('output_format') === 'ulaw_8000';
      socket.on('message', (body) => {
        const { text } = JSON.parse(String(body)) as { text: string };
        if (text === '') {
          if (mode() === 'ok') socket.send(JSON.stringify({ isFinal: true }));
          return;
        }
        if (text.trim() === '' || mode() === 'stalled') return;
        const audio = wire(text, phone ? 'mulaw' : 'pcm16', phone ? 8_000 : 24_000);
        socket.send(JSON.stringify({ audio: audio.toString('base64'), alignment: alignmentOf(text) }));
        if (mode() === 'closed') socket.terminate();
      });
    },
  });
}

function alignmentOf(text: string) {
  const chars = [...text];
  return {
    chars,
    charStartTimesMs: chars.map((_, i) => i * 10),
    charDurationsMs: chars.map(() => 10),
  };
}

/** Edge's read-aloud socket: metadata, MP3, the end of the turn. It takes no key. */
/** Five minutes of Windows file time and the clients' public token, hashed; as public clients of the service compute it. */
function edgeToken(nowMs: number): string {
  const ticks = (BigInt(Math.floor(nowMs / 300_000)) * 300n + 11_644_473_600n) * 10_000_000n;
  return createHash('sha256').update(`${ticks}6A5AA1D4EAFF4E9FB37E23D68491D6F4`).digest('hex').toUpperCase();
}

/** `clock` is the service's own: tokens of another five minutes are refused, and its time is told. */
export function edgeVendor(clock: () => number = Date.now): Promise<VendorServer> {
  return startVendor({
    key: () => VENDOR_KEY,
    forbids({ query }) {
      const isOfNow = query.get('Sec-MS-GEC') === edgeToken(clock());
      return isOfNow ? null : new Date(clock());
    },
    socket(socket, _request, mode) {
      socket.on('message', (body) => {
        const message = String(body);
        if (!message.includes('Path:ssml') || mode() === 'stalled') return;
        const word = {
          Type: 'WordBoundary',
          Data: { Offset: 1_000_000, Duration: 2_000_000, text: { Text: 'Hello' } },
        };
        socket.send(`X-RequestId:1\r\nPath:audio.metadata\r\n\r\n${JSON.stringify({ Metadata: [word] })}`);
        const head = Buffer.from('X-RequestId:1\r\nContent-Type:audio/mpeg\r\nPath:audio\r\n');
        const length = Buffer.alloc(2);
        length.writeUInt16BE(head.length);
        socket.send(Buffer.concat([length, head, TONE_MP3]));
        if (mode() === 'closed') return socket.terminate();
        socket.send('X-RequestId:1\r\nPath:turn.end\r\n\r\n{}');
      });
    },
  });
}
