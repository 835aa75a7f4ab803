import { randomBytes } from 'node:crypto';
import WebSocket from 'ws';
import { mulaw } from '#audio/codec';
import { FRAME_MS } from '#audio/frame';
import type { Paced, Pacer } from '#audio/pacer';
import { Playback } from '#cli/playback';
import type { Cancel, Clock } from '#kernel/clock';

export interface PhoneOptions {
  /** The Stream's URL and its Parameters, as the TwiML gave them. */
  url: string;
  parameters: Readonly<Record<string, string>>;
  callSid?: string;
  accountSid?: string;
  /** Headers of the handshake, such as X-Twilio-Signature. */
  headers?: Readonly<Record<string, string>>;
  clock: Clock;
  pacer: Pacer;
  /** A carrier that does not acknowledge marks; default false. */
  ignoresMarks?: boolean;
}

/** 20 ms of a call as it sounds at the phone: 8000 Hz, borrowed. Milliseconds are counted from the stream's start. */
export interface PhoneFrame {
  atMs: number;
  spoken: Int16Array;
  heard: Int16Array;
}

export interface PhoneEnd {
  code: number;
  reason: string;
  by: 'phone' | 'server';
}

const FRAME_SAMPLES = 160;

/**
 * The carrier's side of a Media Streams call, as faithful to Twilio as its documentation allows: sends 20 ms of audio
 * in real time whether or not anybody speaks, plays what it receives in order, acknowledges a mark when everything
 * before it has been played, and gives all marks back at once when told to clear.
 */
export class Phone implements Paced {
  readonly callSid: string;
  readonly streamSid: string;
  /** Resolves when the socket has closed, whoever closed it. */
  readonly ended: Promise<PhoneEnd>;
  readonly #socket: WebSocket;
  readonly #options: PhoneOptions;
  readonly #playback: Playback;
  readonly #spoken = new Int16Array(FRAME_SAMPLES);
  readonly #frame: PhoneFrame = { atMs: 0, spoken: this.#spoken, heard: new Int16Array(FRAME_SAMPLES) };
  readonly #wire = Buffer.alloc(FRAME_SAMPLES);
  readonly #listeners: ((frame: PhoneFrame) => void)[] = [];
  readonly #speech: { samples: Int16Array; at: number; done(): void }[] = [];
  #leave: Cancel = () => {};
  #sequence = 1;
  #chunk = 0;
  #hasHungUp = false;
  #startMs: number | undefined;

  private constructor(socket: WebSocket, options: PhoneOptions) {
    this.#socket = socket;
    this.#options = options;
    this.callSid = options.callSid ?? `CA${randomBytes(16).toString('hex')}`;
    this.streamSid = `MZ${randomBytes(16).toString('hex')}`;
    this.#playback = new Playback((mark) => {
      if (!options.ignoresMarks)
        this.#send({ event: 'mark', streamSid: this.streamSid, mark: { name: mark } });
    });
    socket.on('message', (data) => this.#receive(String(data)));
    this.ended = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.#leave();
        for (const speech of this.#speech.splice(0)) speech.done();
        resolve({ code, reason: reason.toString(), by: this.#hasHungUp ? 'phone' : 'server' });
      });
    });
  }

  /** Opens the stream and starts it. Rejects when the handshake is refused. */
  static async open(options: PhoneOptions): Promise<Phone> {
    const socket = new WebSocket(options.url, { headers: options.headers, perMessageDeflate: false });
    const phone = new Phone(socket, options);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    socket.on('error', () => {});
    phone.#start();
    return phone;
  }

  /** Milliseconds since the stream started, by the audio sent. */
  get callMs(): number {
    return this.#chunk * FRAME_MS;
  }

  /** Milliseconds of the agent's audio received and not yet played. */
  get bufferedMs(): number {
    return this.#playback.samples / (FRAME_SAMPLES / FRAME_MS);
  }

  /** Calls `on` with every 20 ms of the call from now on. */
  listen(on: (frame: PhoneFrame) => void): void {
    this.#listeners.push(on);
  }

  /** Speaks: queues 8000 Hz audio behind what is still to be said. Resolves when its last sample has left, or the call ended. */
  say(samples: Int16Array): Promise<void> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.resolve();
    return new Promise((done) => this.#speech.push({ samples, at: 0, done }));
  }

  /** Presses keys, one message a digit. */
  press(digits: string): void {
    for (const digit of digits) {
      this.#send({ event: 'dtmf', streamSid: this.streamSid, dtmf: { track: 'inbound_track', digit } });
    }
  }

  /** Hangs up as a caller does: the carrier says stop and closes. Does nothing to a call that is over. */
  hangUp(): Promise<PhoneEnd> {
    if (this.#socket.readyState !== WebSocket.OPEN) return this.ended;
    this.#hasHungUp = true;
    this.#leave();
    const { accountSid = ACCOUNT_SID } = this.#options;
    this.#send({ event: 'stop', streamSid: this.streamSid, stop: { accountSid, callSid: this.callSid } });
    this.#socket.close(1000);
    return this.ended;
  }

  /** Cuts the connection without a word. */
  cut(): Promise<PhoneEnd> {
    this.#hasHungUp = true;
    this.#leave();
    this.#socket.terminate();
    return this.ended;
  }

  /** Sends what real time asks for: after a stall of this process, several frames, as a carrier's jitter would. */
  tick(nowMs: number): void {
    this.#startMs ??= nowMs - FRAME_MS;
    const dueMs = nowMs - this.#startMs;
    while (this.callMs + FRAME_MS <= dueMs + FRAME_MS / 2) this.#sendFrame();
  }

  #sendFrame(): void {
    const frame = this.#frame;
    frame.atMs = this.callMs;
    this.#nextSpeech();
    this.#playback.play(frame.heard);
    mulaw.encode(frame.spoken, this.#wire, 0);
    const media = {
      track: 'inbound',
      chunk: String(++this.#chunk),
      timestamp: String(frame.atMs),
      payload: this.#wire.toString('base64'),
    };
    this.#send({ event: 'media', streamSid: this.streamSid, media });
    for (const listener of this.#listeners) listener(frame);
  }

  #start(): void {
    const { accountSid = ACCOUNT_SID, parameters, pacer } = this.#options;
    const { streamSid, callSid } = this;
    this.#socket.send(JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' }));
    const start = {
      streamSid,
      accountSid,
      callSid,
      tracks: ['inbound'],
      customParameters: parameters,
      mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
    };
    this.#send({ event: 'start', streamSid, start });
    this.#leave = pacer.add(this);
  }

  /** The next 20 ms of the microphone; one piece of speech follows the other without a gap. */
  #nextSpeech(): void {
    let filled = 0;
    for (let speech = this.#speech[0]; speech && filled < FRAME_SAMPLES; speech = this.#speech[0]) {
      const piece = speech.samples.subarray(speech.at, speech.at + FRAME_SAMPLES - filled);
      this.#spoken.set(piece, filled);
      filled += piece.length;
      speech.at += piece.length;
      if (speech.at < speech.samples.length) break;
      this.#speech.shift();
      speech.done();
    }
    this.#spoken.fill(0, filled);
  }

  #receive(text: string): void {
    const message = JSON.parse(text) as {
      event: string;
      media?: { payload: string };
      mark?: { name: string };
    };
    if (message.event === 'media') this.#playback.add(Buffer.from(message.media!.payload, 'base64'));
    if (message.event === 'mark') this.#playback.mark(message.mark!.name);
    if (message.event === 'clear') this.#playback.clear();
  }

  #send(message: { event: string; [key: string]: unknown }): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const { event, ...rest } = message;
    this.#socket.send(JSON.stringify({ event, sequenceNumber: String(this.#sequence++), ...rest }));
  }
}

const ACCOUNT_SID = `AC${'0'.repeat(32)}`;
