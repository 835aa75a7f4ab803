import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { WebSocket } from 'ws';
import { pcm16 } from '#audio/codec';
import type { Pacer } from '#audio/pacer';
import type { CallEvent, HangupReason } from '#engine/events';
import { PacedLine, type Wire } from '#gateways/paced-line';
import { closeSocket } from '#gateways/upgrade';
import type { Cancel, Clock } from '#kernel/clock';
import type { Launcher, LineFacts, LiveCall } from '#runtime/launch';
import { messageOf, type ServerMessage } from './messages.ts';
import { BROWSER_RATE_HZ, PACKET_SAMPLES, type PacketCodec } from './packet-codec.ts';
import { SentAudio } from './sent-audio.ts';

export interface BrowserCallDeps {
  launcher: Launcher;
  pacer: Pacer;
  clock: Clock;
  /** How long a call whose connection was lost waits for it to come back. */
  holdMs: number;
}

/** One connection of a call: calls outlive it. */
export interface Link {
  socket: WebSocket;
  codec: PacketCodec;
}

const PACKET_BYTES = PACKET_SAMPLES * pcm16.bytesPerSample;
/** A browser that reports what it plays, but not for this long, isn't playing. Well below the line's own patience. */
const STALL_MS = 1_500;
/** A connection that is this far behind is lost. */
const MAX_BUFFERED_BYTES = 256 * 1024;
/** Transcript messages kept for a browser that is away. */
const MAX_MISSED = 200;
/** How long the engine may take to say how a call ended, once its line is closed. */
const LAST_WORDS_MS = 1_000;

/** A browser can neither be handed to another number nor be sent tones, and has no carrier. */
const noFacts: LineFacts = {
  control: { transfer: async () => false, sendDigits: async () => false },
  carrierRef: null,
};

/**
 * A call whose caller is a browser. Its line lives as long as the call; the connection may be lost and regained: then
 * playing stands still, and goes on with the first packet that was not played.
 */
export class BrowserCall implements Wire {
  readonly line: PacedLine;
  readonly #deps: BrowserCallDeps;
  readonly #onOver: () => void;
  readonly #openedMs: number;
  readonly #sent = new SentAudio();
  #live: LiveCall | undefined;
  #unwatch: Cancel | undefined;
  #link: Link | null = null;
  #missed: ServerMessage[] = [];
  #resumeToken = '';
  #cancelHold: Cancel | undefined;
  #isStalled = false;
  #doubtsReports = false;
  #ending: { reason: HangupReason; durationMs: number } | undefined;
  #isOver = false;

  /** `onOver` is called once, when nothing is left of the call. */
  constructor(deps: BrowserCallDeps, onOver: () => void) {
    this.#deps = deps;
    this.#onOver = onOver;
    const { clock, pacer } = deps;
    this.#openedMs = clock.nowMs();
    this.line = new PacedLine({ rateHz: BROWSER_RATE_HZ, codec: pcm16, wire: this, pacer, clock });
    this.line.freeze();
  }

  /** Known once the call has been launched. */
  get callId(): string | null {
    return this.#live?.callId ?? null;
  }

  /** Redeems the token and starts the call. Throws the launcher's DomainError, and then the line has gone. */
  async launch(token: string): Promise<void> {
    let live: LiveCall;
    try {
      live = await this.#deps.launcher.start(token, this.line, noFacts);
    } catch (thrown) {
      this.end('failed');
      throw thrown;
    }
    if (this.#isOver) return;
    this.#live = live;
    this.#unwatch = live.watch((event) => this.#onEvent(event));
    if (this.line.signal.aborted) this.#finishAfterLastWords(live);
    else void live.session.ended.then((reason) => this.line.close(reason));
  }

  /** Nothing is left of the call. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether that token was given to this call's browser and not used yet. */
  admits(resumeToken: string): boolean {
    const given = Buffer.from(resumeToken);
    const expected = Buffer.from(this.#resumeToken);
    return !this.#isOver && given.length === expected.length && timingSafeEqual(given, expected);
  }

  /** The browser is there, for the first time or again (`resume`), having played so much. */
  attach(link: Link, resume: { playedMs: number | null } | null): void {
    if (this.#isOver || !this.#live) return;
    this.#dropLink('the call went on over another connection');
    this.#cancelHold?.();
    this.#link = link;
    this.#isStalled = false;
    this.#doubtsReports = false;
    this.#resumeToken = randomBytes(24).toString('base64url');
    this.#say({
      type: 'ready',
      callId: this.#live.callId,
      assistant: { name: this.#live.assistantName },
      codec: link.codec.format,
      rateHz: BROWSER_RATE_HZ,
      resumed: resume !== null,
      resume: { token: this.#resumeToken, withinMs: this.#deps.holdMs },
    });
    for (const message of this.#missed.splice(0)) this.#say(message);
    if (resume) this.#rewind(resume.playedMs);
    for (const pcm of this.#sent.unplayed()) this.#sendPacket(link, pcm);
    this.#sent.excuse(this.#deps.clock.nowMs());
    this.line.thaw();
  }

  /** The connection was lost: the call waits for it. A call that never got ready ends. */
  detach(socket: WebSocket): void {
    if (this.#isOver || this.#link?.socket !== socket) return;
    this.#link.codec.close();
    this.#link = null;
    this.#sent.lost();
    this.line.freeze();
    this.#cancelHold?.();
    this.#cancelHold = this.#deps.clock.after(this.#deps.holdMs, () => this.end('caller_hung_up'));
  }

  /** Ends the call without last words to the browser: it is gone, or not wanted any more. */
  end(why: HangupReason): void {
    this.line.gone(why);
    this.#finish();
  }

  hear(packet: Buffer): number | null {
    const samples = this.#link?.codec.decode(packet);
    if (!samples) return null;
    this.line.hear(samples);
    return (samples.length * 1000) / BROWSER_RATE_HZ;
  }

  type(text: string): void {
    this.#live?.session.type(text);
  }

  /** The browser's report of what it has played. */
  played(ms: number, clears: number): void {
    const mark = this.#sent.played(ms, clears);
    if (mark === null) return;
    if (this.#isStalled) this.#goOn();
    if (!this.#doubtsReports) this.line.acknowledge(mark);
  }

  audio(bytes: Buffer, from: number, to: number): void {
    const pcm = Buffer.allocUnsafe(PACKET_BYTES);
    const filled = bytes.copy(pcm, 0, from, to);
    if (filled < PACKET_BYTES) pcm.fill(0, filled);
    this.#sent.add(pcm);
    if (!this.#link) return;
    this.#sendPacket(this.#link, pcm);
    const nowMs = this.#deps.clock.nowMs();
    if (this.#isStalled || this.#doubtsReports) return;
    if (this.#sent.overdueMs(nowMs) > STALL_MS) this.#stall();
  }

  mark(id: number): void {
    this.#sent.mark(id, this.#deps.clock.nowMs());
  }

  clear(): void {
    this.#sent.clear();
    if (this.#isStalled) this.#goOn();
    this.#say({ type: 'clear', n: this.#sent.clears, playedMs: this.#sent.sentMs });
  }

  close(why: HangupReason): void {
    this.#ending ??= { reason: why, durationMs: Math.round(this.#deps.clock.nowMs() - this.#openedMs) };
    if (this.#live) this.#finishAfterLastWords(this.#live);
  }

  #finishAfterLastWords(live: LiveCall): void {
    const cancel = this.#deps.clock.after(LAST_WORDS_MS, () => this.#finish());
    void live.session.ended.then(() => {
      cancel();
      this.#finish();
    });
  }

  #onEvent(event: CallEvent): void {
    if (event.type === 'call.ended') {
      this.#ending = { reason: event.reason, durationMs: event.durationMs };
      this.line.close(event.reason);
      return;
    }
    const message = messageOf(event);
    if (!message) return;
    if (this.#link) this.#say(message);
    else if (this.#missed.length < MAX_MISSED) this.#missed.push(message);
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#cancelHold?.();
    if (this.#ending) this.#say({ type: 'ended', ...this.#ending });
    this.#isOver = true;
    this.#unwatch?.();
    if (this.#link)
      closeSocket(this.#link.socket, { code: 1000, reason: 'call ended', clock: this.#deps.clock });
    this.#link?.codec.close();
    this.#link = null;
    this.#onOver();
  }

  #say(message: ServerMessage): void {
    this.#link?.socket.send(JSON.stringify(message));
  }

  #sendPacket(link: Link, pcm: Buffer): void {
    if (link.socket.bufferedAmount > MAX_BUFFERED_BYTES) link.socket.terminate();
    else link.socket.send(link.codec.encode(pcm));
  }

  #rewind(playedMs: number | null): void {
    const { fromMs, reached } = this.#sent.rewind(playedMs);
    if (reached !== null) this.line.acknowledge(reached);
    this.#say({ type: 'clear', n: this.#sent.clears, playedMs: fromMs });
  }

  #dropLink(reason: string): void {
    const old = this.#link;
    this.#link = null;
    if (!old) return;
    this.#sent.lost();
    old.codec.close();
    closeSocket(old.socket, { code: 4000, reason, clock: this.#deps.clock });
  }

  /** The browser has stopped playing (a frozen tab, a network that swallows): the agent waits, but not for ever. */
  #stall(): void {
    this.#isStalled = true;
    this.line.freeze();
    this.#cancelHold = this.#deps.clock.after(this.#deps.holdMs, () => {
      this.#doubtsReports = true;
      this.#goOn();
    });
  }

  #goOn(): void {
    this.#isStalled = false;
    this.#cancelHold?.();
    this.line.thaw();
    this.#sent.excuse(this.#deps.clock.nowMs());
  }
}
