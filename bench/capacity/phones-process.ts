import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import type { PhoneFigures, RunOrder } from './script.ts';
import * as script from './script.ts';

/**
 * The callers of the capacity benchmark: N sockets that speak Media Streams in real time, one timer for all. Each
 * measures, from its own clock, the time from the last sample of A or B it sent to the first audible frame it got.
 */

const SILENCE = 0xff;
const FRAME_BYTES = 160;
const FRAMES_PER_CYCLE = script.CYCLE_MS / 20;
/** A phone connects this long before its first frame. */
const CONNECT_MS = 100;

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    order: { type: 'string' },
    a: { type: 'string' },
    b: { type: 'string' },
  },
});
const order = JSON.parse(values.order!) as RunOrder;
const speech = { a: readFileSync(values.a!), b: readFileSync(values.b!) };
const messages = prebuiltFrames();
const figures: PhoneFigures = { addedMs: [], bargeInMs: [], unanswered: 0, closed: 0 };

/** The 575 frames of one cycle as base64, made once for all phones. */
function prebuiltFrames(): string[] {
  const frames: string[] = [];
  for (let i = 0; i < FRAMES_PER_CYCLE; i++) {
    const frame = Buffer.alloc(FRAME_BYTES, SILENCE);
    copySpeech(frame, { speech: speech.a, fromMs: 0, atMs: i * 20 });
    copySpeech(frame, { speech: speech.b, fromMs: script.B_AT_MS, atMs: i * 20 });
    frames.push(frame.toString('base64'));
  }
  return frames;
}

function copySpeech(frame: Buffer, from: { speech: Buffer; fromMs: number; atMs: number }): void {
  const start = (from.atMs - from.fromMs) * 8;
  if (start < 0 || start >= from.speech.length) return;
  from.speech.copy(frame, 0, start, start + FRAME_BYTES);
}

/** μ-law silence is one character over and over in base64, so any other tells of sound. */
function isAudible(payload: string): boolean {
  for (let i = 0; i < payload.length - 4; i += 8) {
    const char = payload.charCodeAt(i);
    if (char !== 47 && char !== 102) return true;
  }
  return false;
}

class Phone {
  readonly #socket: WebSocket;
  readonly #sid: string;
  readonly #startMs: number;
  #frame = 0;
  /** Frames sent, and what the last utterance is waiting for. */
  #waitingSinceMs = 0;
  #bargedAtMs = 0;
  #lastAudibleMs = 0;

  constructor(index: number, startMs: number) {
    this.#sid = `MZ${index}`;
    this.#startMs = startMs;
    this.#socket = new WebSocket(`ws://127.0.0.1:${values.port}/media/twilio`, { perMessageDeflate: false });
    this.#socket.on('open', () => this.#open(index));
    this.#socket.on('message', (body) => this.#hear(body as Buffer));
    this.#socket.on('close', () => figures.closed++);
    this.#socket.on('error', () => {});
  }

  #open(index: number): void {
    this.#socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    const start = {
      streamSid: this.#sid,
      accountSid: 'AC1',
      callSid: `CA${index}`,
      tracks: ['inbound'],
      customParameters: { token: `${index}:${this.#startMs}` },
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
    };
    this.#socket.send(JSON.stringify({ event: 'start', sequenceNumber: '1', streamSid: this.#sid, start }));
  }

  /** Sends the frames that are due. */
  tick(nowMs: number): void {
    while (this.#startMs + this.#frame * 20 <= nowMs) {
      const n = this.#frame++;
      const inCycle = n % FRAMES_PER_CYCLE;
      if (this.#socket.readyState === WebSocket.OPEN) {
        this.#socket.send(
          `{"event":"media","sequenceNumber":"${n + 2}","media":{"track":"inbound","chunk":"${n + 1}","timestamp":"${n * 20}","payload":"${messages[inCycle]}"},"streamSid":"${this.#sid}"}`,
        );
      }
      this.#follow(Math.floor(n / FRAMES_PER_CYCLE), inCycle * 20 + 20, this.#startMs + (n + 1) * 20);
    }
  }

  /** `toMs` is the time in the cycle that has been spoken by now. */
  #follow(cycle: number, toMs: number, nowMs: number): void {
    const isMeasured = cycle >= order.warmCycles && cycle < order.warmCycles + order.cycles;
    const endOf = (fromMs: number, lengthMs: number) =>
      toMs - 20 < fromMs + lengthMs && toMs >= fromMs + lengthMs;
    const past = (fromMs: number, lengthMs: number) => fromMs + lengthMs - toMs;
    if (toMs === script.B_AT_MS + 20) {
      this.#bargedAtMs = isMeasured ? nowMs - 20 : 0;
      if (this.#waitingSinceMs > 0) figures.unanswered++;
      this.#waitingSinceMs = 0;
    }
    if (endOf(script.B_AT_MS, script.B_MS)) this.#noteBargeIn();
    for (const [fromMs, lengthMs] of [
      [0, script.A_MS],
      [script.B_AT_MS, script.B_MS],
    ] as const) {
      if (isMeasured && endOf(fromMs, lengthMs)) this.#waitingSinceMs = nowMs + past(fromMs, lengthMs);
    }
  }

  /** B has been said: the last sound of the long reply is how long the barge-in took. */
  #noteBargeIn(): void {
    if (this.#bargedAtMs === 0) return;
    figures.bargeInMs.push(Math.max(0, this.#lastAudibleMs + 20 - this.#bargedAtMs));
    this.#bargedAtMs = 0;
  }

  #hear(body: Buffer): void {
    const text = body.toString('latin1');
    if (text.startsWith('{"event":"mark"')) {
      // Marks are answered at once: the far end's own buffer is no part of this measurement.
      this.#socket.send(text);
      return;
    }
    const from = text.indexOf('"payload":"');
    if (from < 0 || !isAudible(text.slice(from + 11, text.indexOf('"', from + 11)))) return;
    const nowMs = performance.timeOrigin + performance.now();
    this.#lastAudibleMs = nowMs;
    if (this.#waitingSinceMs === 0 || nowMs < this.#waitingSinceMs) return;
    figures.addedMs.push(nowMs - this.#waitingSinceMs - script.CONFIGURED_MS);
    this.#waitingSinceMs = 0;
  }

  hangUp(): void {
    this.#socket.close(1000);
  }
}

const beginMs = performance.timeOrigin + performance.now() + 1_500;
const phones: Phone[] = [];
const startOf = (index: number) => beginMs + (index * script.CYCLE_MS) / order.calls;
const lastMs = beginMs + script.CYCLE_MS * (order.warmCycles + order.cycles + 1);
const timer = setInterval(() => {
  const nowMs = performance.timeOrigin + performance.now();
  while (phones.length < order.calls && startOf(phones.length) - CONNECT_MS <= nowMs) {
    phones.push(new Phone(phones.length, startOf(phones.length)));
  }
  for (const phone of phones) phone.tick(nowMs);
  if (nowMs < lastMs) return;
  clearInterval(timer);
  process.stdout.write(`${JSON.stringify({ ...figures, closed: figures.closed })}\n`, () => {
    for (const phone of phones) phone.hangUp();
    setTimeout(() => process.exit(0), 200);
  });
}, 2);
