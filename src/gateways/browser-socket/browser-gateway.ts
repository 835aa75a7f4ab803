import type { WebSocket } from 'ws';
import { FloodGate } from '#gateways/twilio-media/flood-gate';
import { closeSocket, type SocketGateway, type SocketSession } from '#gateways/upgrade';
import type { Cancel } from '#kernel/clock';
import { toDomainError } from '#kernel/errors';
import type { Log } from '#kernel/log';
import { BrowserCall, type BrowserCallDeps } from './browser-call.ts';
import { BadMessage, type BrowserMessage, readMessage, type ServerMessage } from './messages.ts';
import { openPacketCodec, type PacketCodec } from './packet-codec.ts';

export interface BrowserGatewayDeps extends Omit<BrowserCallDeps, 'holdMs'> {
  log: Log;
  /** How long a call waits for a lost connection; default 15 s. */
  holdMs?: number;
}

/** The browser's media socket. `heldCalls` counts calls that wait for their connection. */
export interface BrowserGateway extends SocketGateway {
  readonly calls: number;
  /** Ends the calls that have no socket at present; those that have are ended through their sockets. */
  close(): void;
}

/** Where browsers connect. */
export const BROWSER_SOCKET_PATH = '/media/browser';

const HOLD_MS = 15_000;
/** A socket that has asked for no call by then is closed. */
const FIRST_MESSAGE_MS = 5_000;
/** Redeeming a token reads the database: a caller must not wait for ever if that hangs. */
const LAUNCH_MS = 10_000;
/** This many packets in a row that hold no audio end the call. */
const MAX_BAD_PACKETS = 50;

/** Serves calls to browsers, by the protocol of docs/browser-socket.md. */
export function createBrowserGateway(deps: BrowserGatewayDeps): BrowserGateway {
  return new Gateway(deps);
}

class Gateway implements BrowserGateway {
  readonly path = BROWSER_SOCKET_PATH;
  readonly deps: BrowserGatewayDeps;
  readonly #calls = new Set<BrowserCall>();

  constructor(deps: BrowserGatewayDeps) {
    this.deps = deps;
  }

  get calls(): number {
    return this.#calls.size;
  }

  accept(socket: WebSocket): SocketSession {
    return new BrowserSocket(this, socket);
  }

  close(): void {
    for (const call of this.#calls) call.end('drained');
  }

  newCall(): BrowserCall {
    const { launcher, pacer, clock, holdMs = HOLD_MS } = this.deps;
    const call: BrowserCall = new BrowserCall({ launcher, pacer, clock, holdMs }, () =>
      this.#calls.delete(call),
    );
    this.#calls.add(call);
    return call;
  }

  find(callId: string, resumeToken: string): BrowserCall | null {
    for (const call of this.#calls) if (call.callId === callId && call.admits(resumeToken)) return call;
    return null;
  }
}

/** One connection. Which call it serves is settled by its first message. */
class BrowserSocket implements SocketSession {
  readonly #gateway: Gateway;
  readonly #socket: WebSocket;
  readonly #flood: FloodGate;
  #cancelDeadline: Cancel;
  #phase: 'waiting' | 'joining' | 'joined' | 'closed' = 'waiting';
  #call: BrowserCall | null = null;
  #badPackets = 0;

  constructor(gateway: Gateway, socket: WebSocket) {
    const { clock } = gateway.deps;
    this.#gateway = gateway;
    this.#socket = socket;
    this.#flood = new FloodGate(clock.nowMs());
    this.#cancelDeadline = clock.after(FIRST_MESSAGE_MS, () =>
      this.#refuse(1008, 'no call was started within 5 seconds'),
    );
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#onMessage(data, isBinary));
    socket.once('close', (code: number) => this.#onClose(code));
  }

  shutDown(): void {
    this.#call?.line.close('drained');
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    try {
      if (!this.#flood.admitMessage(data.length, this.#gateway.deps.clock.nowMs())) {
        throw new BadMessage(1008, 'too many messages');
      }
      if (isBinary) this.#onAudio(data);
      else this.#onControl(readMessage(data));
    } catch (thrown) {
      if (!(thrown instanceof BadMessage)) this.#fail(thrown, 'browser message failed');
      else if (thrown.code === null) this.#say({ type: 'error', code: 'invalid', message: thrown.message });
      else this.#refuse(thrown.code, thrown.message);
    }
  }

  #onAudio(packet: Buffer): void {
    if (this.#phase === 'waiting') throw new BadMessage(1008, 'the first message must be start or resume');
    if (this.#phase !== 'joined') return;
    const heardMs = this.#call!.hear(packet);
    this.#badPackets = heardMs === null ? this.#badPackets + 1 : 0;
    if (this.#badPackets > MAX_BAD_PACKETS) throw new BadMessage(1007, 'packets hold no audio of this codec');
    if (heardMs !== null && !this.#flood.admitAudio(heardMs))
      throw new BadMessage(1008, 'audio faster than real time');
  }

  #onControl(message: BrowserMessage | null): void {
    if (!message) return;
    if (message.type === 'ping') {
      this.#say({ type: 'pong' });
    } else if (message.type === 'start' || message.type === 'resume') {
      if (this.#phase !== 'waiting') throw new BadMessage(1008, 'this socket has its call already');
      this.#phase = 'joining';
      this.#cancelDeadline();
      this.#cancelDeadline = this.#gateway.deps.clock.after(LAUNCH_MS, () =>
        this.#refuse(1013, 'the call could not be started'),
      );
      void this.#join(message);
    } else if (this.#phase === 'waiting') {
      throw new BadMessage(1008, 'the first message must be start or resume');
    } else if (message.type === 'hangup') {
      this.#hangUp();
    } else if (this.#phase === 'joined') {
      this.#act(this.#call!, message);
    }
  }

  #act(call: BrowserCall, message: BrowserMessage): void {
    if (message.type === 'text') call.type(message.text);
    else if (message.type === 'digit') call.line.digit(message.digit);
    else if (message.type === 'played') call.played(message.ms, message.n);
  }

  #hangUp(): void {
    if (this.#phase === 'joined') this.#call!.line.close('caller_hung_up');
    else this.#refuse(1000, 'hung up');
  }

  /** Never rejects. */
  async #join(message: BrowserMessage & { type: 'start' | 'resume' }): Promise<void> {
    let codec: PacketCodec | null = null;
    try {
      codec = await openPacketCodec(message.codec);
      const isReady = message.type === 'start' ? await this.#start(message.token) : this.#resume(message);
      if (!isReady || this.#phase !== 'joining') return this.#abandon(codec);
      this.#cancelDeadline();
      this.#phase = 'joined';
      const resume = message.type === 'resume' ? { playedMs: message.playedMs } : null;
      this.#call!.attach({ socket: this.#socket, codec }, resume);
    } catch (thrown) {
      codec?.close();
      const error = toDomainError(thrown);
      this.#say({ type: 'error', code: error.code, message: error.publicMessage });
      if (error.code === 'internal') this.#fail(thrown, 'browser call could not be started');
      else this.#refuse(1008, error.publicMessage);
    }
  }

  async #start(token: string): Promise<boolean> {
    if (this.#phase !== 'joining') return false;
    const call = this.#gateway.newCall();
    this.#call = call;
    await call.launch(token);
    return !call.isOver;
  }

  #resume(message: BrowserMessage & { type: 'resume' }): boolean {
    const call = this.#gateway.find(message.callId, message.resumeToken);
    if (call && this.#phase === 'joining') {
      this.#call = call;
      return true;
    }
    this.#say({ type: 'error', code: 'call_over', message: 'That call is over.' });
    this.#refuse(1008, 'that call is over');
    return false;
  }

  /** The call can't be joined: it ended, or the browser went, while it was being started. */
  #abandon(codec: PacketCodec): void {
    codec.close();
    this.#refuse(1000, 'call ended');
  }

  #fail(thrown: unknown, what: string): void {
    this.#gateway.deps.log.error({ err: thrown }, what);
    this.#refuse(1011, 'internal error');
  }

  #refuse(code: number, reason: string): void {
    const call = this.#call;
    if (code !== 1000) this.#gateway.deps.log.info({ code, reason }, 'browser call refused');
    this.#leave();
    closeSocket(this.#socket, { code, reason, clock: this.#gateway.deps.clock });
    call?.end(code === 1000 ? 'caller_hung_up' : 'failed');
  }

  /** A browser that closes properly, or is sent to another page, hangs up. Anything else may come back. */
  #onClose(code: number): void {
    const call = this.#call;
    const wasJoined = this.#phase === 'joined';
    this.#leave();
    if (!call) return;
    if (!wasJoined || code === 1000 || code === 1001) call.end('caller_hung_up');
    else call.detach(this.#socket);
  }

  #leave(): void {
    this.#cancelDeadline();
    this.#phase = 'closed';
    this.#call = null;
  }

  #say(message: ServerMessage): void {
    this.#socket.send(JSON.stringify(message));
  }
}
