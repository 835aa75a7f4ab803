import { WebSocket } from 'ws';

/** N sockets that send 20 ms of tone every 20 ms, spread over the 20 ms, and acknowledge marks at once. */

const [port, calls] = process.argv.slice(2).map(Number) as [number, number];
const PAYLOAD = Buffer.from(Uint8Array.from({ length: 160 }, (_, i) => (i * 7) & 0xff)).toString('base64');
const STEPS = 20;

interface Caller {
  socket: WebSocket;
  sid: string;
  frames: number;
}

const callers: Caller[] = [];

async function open(index: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/media/twilio`, { perMessageDeflate: false });
  const sid = `MZ${String(index).padStart(32, '0')}`;
  await new Promise((resolve) => socket.once('open', resolve));
  const start = { streamSid: sid, callSid: `CA${index}`, customParameters: { token: 't' } };
  socket.send(JSON.stringify({ event: 'start', sequenceNumber: '1', streamSid: sid, start }));
  socket.on('message', (data) => {
    const bytes = data as Buffer;
    if (bytes.length < 150) socket.send(bytes.toString());
  });
  callers.push({ socket, sid, frames: 0 });
}

function send(caller: Caller): void {
  const n = ++caller.frames;
  caller.socket.send(
    `{"event":"media","sequenceNumber":"${n + 1}","media":{"track":"inbound","chunk":"${n}","timestamp":"${n * 20}",` +
      `"payload":"${PAYLOAD}"},"streamSid":"${caller.sid}"}`,
  );
}

for (let i = 0; i < calls; i++) await open(i);
const startMs = performance.now();
let step = 0;
setInterval(() => {
  const due = Math.floor(performance.now() - startMs);
  for (; step < due; step++) for (let i = step % STEPS; i < calls; i += STEPS) send(callers[i]!);
}, 1);
process.send!('ready');
