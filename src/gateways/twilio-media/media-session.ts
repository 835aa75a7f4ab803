import type { WebSocket } from 'ws';
import { mulaw } from '#audio/codec';
import type { Pacer } from '#audio/pacer';
import type { Transfers } from '#core/dialing/transfers';
import type { HangupReason } from '#engine/events';
import type { CallControl } from '#engine/ports';
import { PacedLine, type Wire } from '#gateways/paced-line';
import { FloodGate } from '#gateways/twilio-media/flood-gate';
import { MediaTemplate } from '#gateways/twilio-media/media-template';
import { BadMessage, readMessage, type StreamMessage } from '#gateways/twilio-media/messages';
import { decodePayload } from '#gateways/twilio-media/payload';
import { closeSocket, MAX_MESSAGE_BYTES, type SocketSession } from '#gateways/upgrade';
import type { Cancel, Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import type { Log } from '#kernel/log';
import type { Launcher } from '#runtime/launch';

export interface MediaSessionDeps {
  launcher: Launcher;
  pacer: Pacer;
  clock: Clock;
  log: Log;
  transfers: Transfers;
  /** How far sending runs ahead of playing; default 60. */
  leadMs?: number;
}

const RATE_HZ = 8000;
/** A socket whose first messages don't make a call by then is closed. */
const FIRST_MESSAGES_MS = 5_000;
/** Redeeming a token reads the database: a caller must not wait on a dead line if that hangs. */
const LAUNCH_MS = 10_000;
/** Audio is sent in real time, so a peer with this much unread has not read for over half a minute. */
const MAX_UNREAD_BYTES = 512 * 1024;
/** The carrier may add events; a stream full of them is no call. */
const MAX_UNKNOWN_EVENTS = 50;
/** How many layouts a stream may have before its media go through JSON.parse for good. */
const MAX_TEMPLATES = 4;
const DIALABLE = /^\+[1-9]\d{6,14}$/;
const DIGIT = /^[0-9*#A-D]$/;

/** Decoded audio of the message at hand. Shared by all sessions: frames are borrowed, and pushing is synchronous. */
const scratch = new Int16Array(MAX_MESSAGE_BYTES);
let view = scratch.subarray(0, 160);

type State = 'waiting' | 'launching' | 'live' | 'closed';

/** One Media Streams socket of a carrier: from its first message to a call on a `PacedLine`. */
export class MediaSession implements SocketSession, Wire {
  readonly #socket: WebSocket;
  readonly #deps: MediaSessionDeps;
  readonly #flood: FloodGate;
  #state: State = 'waiting';
  #line: PacedLine | undefined;
  #cancelDeadline: Cancel;
  #streamSid = '';
  #mediaHead = '';
  #markHead = '';
  #clearText = '';
  #template: MediaTemplate | null = null;
  #templatesLeft = MAX_TEMPLATES;
  #unknownEvents = 0;

  constructor(socket: WebSocket, deps: MediaSessionDeps) {
    this.#socket = socket;
    this.#deps = deps;
    this.#flood = new FloodGate(deps.clock.nowMs());
    this.#cancelDeadline = deps.clock.after(FIRST_MESSAGES_MS, () =>
      this.#refuse(1008, 'no call was started within 5 seconds'),
    );
    socket.on('message', (data, isBinary) => this.#hear(data as Buffer, isBinary));
    socket.once('close', () => this.#end('caller_hung_up'));
  }

  shutDown(): void {
    this.#end('drained');
  }

  audio(bytes: Buffer, from: number, to: number): void {
    if (this.#socket.bufferedAmount > MAX_UNREAD_BYTES) this.#cutOff();
    else this.#socket.send(`${this.#mediaHead}${bytes.toString('base64', from, to)}"}}`);
  }

  mark(id: number): void {
    this.#socket.send(`${this.#markHead}${id}"}}`);
  }

  clear(): void {
    this.#socket.send(this.#clearText);
  }

  close(why: HangupReason): void {
    this.#state = 'closed';
    this.#cancelDeadline();
    const code = why === 'drained' ? 1001 : why === 'failed' ? 1011 : 1000;
    closeSocket(this.#socket, { code, reason: why, clock: this.#deps.clock });
  }

  /** Nothing that one stream sends may harm another, whatever it makes us throw. */
  #hear(raw: Buffer, isBinary: boolean): void {
    try {
      if (isBinary) throw new BadMessage(1003, 'binary messages are not understood');
      if (!this.#flood.admitMessage(raw.length, this.#deps.clock.nowMs())) {
        throw new BadMessage(1008, 'too many messages');
      }
      if (
        this.#template?.match(raw) &&
        this.#hearPayload(raw, this.#template.payload, this.#template.timestampMs)
      )
        return;
      this.#handle(readMessage(raw), raw);
    } catch (thrown) {
      if (thrown instanceof BadMessage) this.#refuse(thrown.code, thrown.message);
      else this.#fail(thrown, 'media stream failed');
    }
  }

  #handle(message: StreamMessage, raw: Buffer): void {
    switch (message.event) {
      case 'connected':
        break;
      case 'start':
        this.#start(message);
        break;
      case 'media':
        this.#media(message, raw);
        break;
      case 'dtmf':
        if (DIGIT.test(message.digit)) this.#require('dtmf').digit(message.digit);
        break;
      case 'mark':
        this.#require('mark').acknowledge(Number(message.name));
        break;
      case 'stop':
        this.#end('caller_hung_up');
        closeSocket(this.#socket, { code: 1000, reason: 'stopped', clock: this.#deps.clock });
        break;
      case 'unknown':
        if (!this.#line || ++this.#unknownEvents > MAX_UNKNOWN_EVENTS)
          throw new BadMessage(1008, 'unknown event');
    }
  }

  #require(event: string): PacedLine {
    if (!this.#line) throw new BadMessage(1008, `${event} before start`);
    return this.#line;
  }

  #media(message: StreamMessage & { event: 'media' }, raw: Buffer): void {
    this.#require('media');
    if (message.streamSid !== null && message.streamSid !== this.#streamSid) {
      throw new BadMessage(1008, 'media of another stream');
    }
    if (!message.isCaller) return;
    const payload = Buffer.from(message.payload, 'latin1');
    if (!this.#hearPayload(payload, { from: 0, to: payload.length }, message.timestampMs)) {
      throw new BadMessage(1007, 'payload is not base64');
    }
    if (this.#templatesLeft === 0) return;
    this.#templatesLeft--;
    this.#template = MediaTemplate.learn(raw);
  }

  /** False where the text is no base64; then nothing has happened. */
  #hearPayload(text: Buffer, range: { from: number; to: number }, timestampMs: number | undefined): boolean {
    const count = decodePayload(text, range, scratch);
    if (count < 0) return false;
    if (!this.#flood.admitAudio(count / (RATE_HZ / 1000)))
      throw new BadMessage(1008, 'audio faster than real time');
    if (view.length !== count) view = scratch.subarray(0, count);
    this.#line?.hear(view, timestampMs);
    return true;
  }

  #start(start: StreamMessage & { event: 'start' }): void {
    if (this.#state !== 'waiting') throw new BadMessage(1008, 'the stream has started already');
    if (start.token === null) throw new BadMessage(1008, 'the token parameter is missing');
    const sid = JSON.stringify(start.streamSid);
    this.#streamSid = start.streamSid;
    this.#mediaHead = `{"event":"media","streamSid":${sid},"media":{"payload":"`;
    this.#markHead = `{"event":"mark","streamSid":${sid},"mark":{"name":"`;
    this.#clearText = `{"event":"clear","streamSid":${sid}}`;
    this.#state = 'launching';
    this.#cancelDeadline();
    this.#cancelDeadline = this.#deps.clock.after(LAUNCH_MS, () =>
      this.#refuse(1013, 'the call could not be started'),
    );
    const { pacer, clock, leadMs } = this.#deps;
    const line = new PacedLine({ rateHz: RATE_HZ, codec: mulaw, wire: this, pacer, clock, leadMs });
    this.#line = line;
    void this.#launch(start.token, start.callSid, line);
  }

  async #launch(token: string, callSid: string | null, line: PacedLine): Promise<void> {
    try {
      await this.#deps.launcher.start(token, line, {
        control: this.#controlOf(callSid, line),
        carrierRef: callSid,
      });
      if (this.#state !== 'launching') return;
      this.#state = 'live';
      this.#cancelDeadline();
    } catch (thrown) {
      const isRefusal = thrown instanceof DomainError && thrown.code !== 'internal';
      if (isRefusal) this.#refuse(1008, thrown.publicMessage);
      else this.#fail(thrown, 'call could not be started');
    }
  }

  /** Media Streams can neither send digits nor transfer: a transfer is the answer to what the carrier asks next. */
  #controlOf(callSid: string | null, line: PacedLine): CallControl {
    return {
      transfer: async (to) => {
        if (callSid === null || line.signal.aborted || !DIALABLE.test(to)) return false;
        await this.#deps.transfers.put(callSid, to);
        if (line.signal.aborted) return false;
        line.close('transferred');
        return true;
      },
      sendDigits: async () => false,
    };
  }

  #cutOff(): void {
    this.#deps.log.warn({ streamSid: this.#streamSid }, 'carrier does not read its stream');
    this.#end('failed');
    this.#socket.terminate();
  }

  #fail(thrown: unknown, what: string): void {
    this.#deps.log.error({ err: thrown, streamSid: this.#streamSid }, what);
    this.#refuse(1011, 'internal error');
  }

  #refuse(code: number, reason: string): void {
    if (this.#state === 'closed') return;
    this.#deps.log.info({ code, reason, streamSid: this.#streamSid }, 'media stream refused');
    this.#end('failed');
    closeSocket(this.#socket, { code, reason, clock: this.#deps.clock });
  }

  /** Ends the call, not the socket. */
  #end(why: HangupReason): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#cancelDeadline();
    this.#line?.gone(why);
  }
}
