import WebSocket from 'ws';
import { FRAME_MS } from '#audio/frame';
import type { Paced, Pacer } from '#audio/pacer';
import { resample } from '#audio/resample';
import type { PhoneEnd, PhoneFrame } from '#cli/phone';
import { openPacketCodec, PACKET_SAMPLES, type PacketCodec } from '#gateways/browser-socket/packet-codec';
import type { Cancel } from '#kernel/clock';

type Message = { type: string } & Record<string, unknown>;

export interface BrowserPhoneOptions {
  url: string;
  token: string;
  codec: 'pcm16' | 'opus';
  pacer: Pacer;
}

/** How often the browser tells what it has played, in packets. */
const REPORT_EVERY = 5;

/** A browser of the socket's protocol: plays in real time, reports what it played, obeys `clear`. Audio is 16000 Hz. */
export class BrowserPhone implements Paced {
  readonly ended: Promise<PhoneEnd>;
  readonly messages: Message[] = [];
  readonly #socket: WebSocket;
  readonly #codec: PacketCodec;
  readonly #listeners: ((frame: PhoneFrame) => void)[] = [];
  readonly #frame: PhoneFrame = {
    atMs: 0,
    spoken: new Int16Array(PACKET_SAMPLES),
    heard: new Int16Array(PACKET_SAMPLES),
  };
  readonly #speech: { samples: Int16Array; at: number; done(): void }[] = [];
  #received: Int16Array[] = [];
  #ticks = 0;
  #playedMs = 0;
  #clears = 0;
  #leave: Cancel = () => {};

  private constructor(socket: WebSocket, codec: PacketCodec) {
    this.#socket = socket;
    this.#codec = codec;
    socket.on('message', (data: Buffer, isBinary) => this.#receive(data, isBinary));
    this.ended = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.#leave();
        codec.close();
        for (const speech of this.#speech.splice(0)) speech.done();
        resolve({ code, reason: reason.toString(), by: 'server' });
      });
    });
  }

  /** Starts a call and waits until it is ready. Rejects when it is refused. */
  static async open({ url, token, codec, pacer }: BrowserPhoneOptions): Promise<BrowserPhone> {
    const packets = await openPacketCodec(codec);
    const socket = new WebSocket(url);
    const phone = new BrowserPhone(socket, packets);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    const ready = new Promise<void>((resolve) => {
      socket.on('message', () => phone.messages.some(({ type }) => type === 'ready') && resolve());
    });
    socket.send(JSON.stringify({ type: 'start', token, codec, rateHz: 16_000 }));
    const refused = phone.ended.then(({ code, reason }) => Promise.reject(new Error(`${code} ${reason}`)));
    await Promise.race([ready, refused]);
    refused.catch(() => {});
    phone.#leave = pacer.add(phone);
    return phone;
  }

  get callId(): string {
    return String(this.messages.find(({ type }) => type === 'ready')?.callId);
  }

  listen(on: (frame: PhoneFrame) => void): void {
    this.#listeners.push(on);
  }

  /** Speaks 8000 Hz audio, as callers' voices are made. Resolves when its last sample has left. */
  say(samples: Int16Array): Promise<void> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.resolve();
    return new Promise((done) =>
      this.#speech.push({ samples: resample(samples, 8000, 16_000), at: 0, done }),
    );
  }

  send(message: Message): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  tick(): void {
    const frame = this.#frame;
    frame.atMs = this.#ticks++ * FRAME_MS;
    this.#nextSpeech();
    const packet = this.#received.shift();
    if (packet) frame.heard.set(packet);
    else frame.heard.fill(0);
    if (packet) this.#playedMs += FRAME_MS;
    if (this.#socket.readyState === WebSocket.OPEN)
      this.#socket.send(this.#codec.encode(Buffer.from(frame.spoken.slice().buffer)), { binary: true });
    if (packet && (this.#ticks % REPORT_EVERY === 0 || this.#received.length === 0)) this.#report();
    for (const listener of this.#listeners) listener(frame);
  }

  #nextSpeech(): void {
    const { spoken } = this.#frame;
    let filled = 0;
    for (let speech = this.#speech[0]; speech && filled < PACKET_SAMPLES; speech = this.#speech[0]) {
      const piece = speech.samples.subarray(speech.at, speech.at + PACKET_SAMPLES - filled);
      spoken.set(piece, filled);
      filled += piece.length;
      speech.at += piece.length;
      if (speech.at < speech.samples.length) break;
      this.#speech.shift();
      speech.done();
    }
    spoken.fill(0, filled);
  }

  #report(): void {
    this.send({ type: 'played', ms: this.#playedMs, n: this.#clears });
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      const samples = this.#codec.decode(data);
      if (samples) this.#received.push(samples.slice());
      return;
    }
    const message = JSON.parse(data.toString()) as Message;
    this.messages.push(message);
    if (message.type !== 'clear') return;
    this.#received = [];
    this.#clears = Number(message.n);
    this.#playedMs = Number(message.playedMs);
  }
}
