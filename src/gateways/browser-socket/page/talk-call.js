import { Connection } from './connection.js';
import { opusPossible } from './opus.js';
import { Trouble } from './trouble.js';
import { Voice } from './voice.js';

const HOLD_MS = 15000;
const RETRY_MS = [300, 1000, 2000, 3000];
/** How long the server may take to confirm that we hung up. */
const GOODBYE_MS = 2000;
/** The server closes sockets so when it goes down. */
const GOING_AWAY = [1001, 1012];

/**
 * One call from the page to the assistant. Dispatches
 * - `state` `{ state: 'asking' | 'connecting' | 'live' | 'lost' | 'ended' | 'failed', … }` with `trouble` for
 *   `failed`, `reason` for `ended`, `untilMs` and `retryAtMs` (performance.now) for `lost`, `regained` for `live`;
 * - `message` for each message of the server;
 * - `level` `{ who, level }`; `microphone-lost`; `suspended` `{ is }`.
 */
export class TalkCall extends EventTarget {
  /** @param {string | null} agentId an assistant other than the demo one, where the server lets visitors choose */
  constructor(agentId) {
    super();
    this.agentId = agentId;
    this.state = 'idle';
    this.wantsMicrophone = false;
    this.connection = null;
    this.voice = null;
    this.codec = 'pcm16';
    this.ticket = null;
    this.ready = null;
    this.played = { ms: 0, clears: 0 };
    this.tries = 0;
    this.retry = null;
  }

  /** Starts the call; call it from a click. `withMicrophone` false is a call by text that still can be heard. */
  async start({ withMicrophone }) {
    this.wantsMicrophone = withMicrophone;
    try {
      this.openVoice();
      if (withMicrophone) {
        this.become('asking');
        await this.voice.openMicrophone();
      }
      this.become('connecting');
      this.codec = (await opusPossible()) ? 'opus' : 'pcm16';
      await this.voice.use(this.codec);
      if (this.state !== 'connecting') return;
      this.ticket = await buyTicket(this.agentId);
    } catch (error) {
      this.fail(error instanceof Trouble ? error : new Trouble('refused'));
      return;
    }
    if (this.state !== 'connecting') return;
    const { token, url } = this.ticket;
    this.connect(url, { type: 'start', token, codec: this.codec, rateHz: 16000 });
  }

  get hasMicrophone() {
    return this.voice?.hasMicrophone ?? false;
  }

  get isOver() {
    return this.state === 'ended' || this.state === 'failed';
  }

  openVoice() {
    this.voice = new Voice({
      packet: (packet) => this.state === 'live' && this.connection?.sendAudio(packet),
      played: (playedMs, clears) => this.report(playedMs, clears),
      level: (who, level) => this.tell('level', { who, level }),
      microphoneLost: () => this.tell('microphone-lost', {}),
      suspended: (is) => this.tell('suspended', { is }),
      codecFailed: () => this.changeCodec(),
    });
  }

  hangUp() {
    if (this.state === 'live') {
      this.connection.send({ type: 'hangup' });
      setTimeout(() => this.finish('caller_hung_up'), GOODBYE_MS);
    } else this.finish('caller_hung_up');
  }

  sendText(text) {
    this.connection?.send({ type: 'text', text });
  }

  sendDigit(digit) {
    this.connection?.send({ type: 'digit', digit });
  }

  mute(muted) {
    this.voice?.mute(muted);
  }

  /** Opens the microphone in the middle of a call; throws a Trouble. */
  async addMicrophone() {
    await this.voice.openMicrophone();
  }

  wake() {
    return this.voice?.wake();
  }

  connect(url, hello) {
    this.connection = new Connection(url, hello, {
      message: (message) => this.onMessage(message),
      audio: (packet) => this.voice.play(packet),
      lost: (why) => this.onLost(why),
    });
  }

  onMessage(message) {
    if (message.type === 'ready') this.onReady(message);
    else if (message.type === 'clear') this.voice.clear(message.n, message.playedMs);
    else if (message.type === 'ended') this.ending = message.reason;
    else if (message.type === 'error') this.error = message;
    if (message.type !== 'pong') this.tell('message', message);
    if (message.type === 'ended') this.finish(message.reason);
  }

  onReady(message) {
    this.ready = message;
    this.tries = 0;
    this.error = null;
    this.become('live', { regained: message.resumed });
  }

  report(ms, clears) {
    this.played = { ms, clears };
    if (this.state === 'live') this.connection?.send({ type: 'played', ms: Math.round(ms), n: clears });
  }

  onLost({ code, reason }) {
    if (this.isOver) return;
    if (!this.ready) {
      this.fail(troubleOfRefusal(code, this.error, reason));
    } else if (GOING_AWAY.includes(code)) {
      this.finish('drained');
    } else if (code === 1008) {
      this.finish('connection_lost');
    } else {
      if (this.state !== 'lost') this.lostAtMs = performance.now();
      this.scheduleRetry();
    }
  }

  scheduleRetry() {
    const untilMs = this.lostAtMs + HOLD_MS;
    const waitMs = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)];
    const retryAtMs = performance.now() + waitMs;
    if (retryAtMs >= untilMs) return this.finish('connection_lost');
    this.tries++;
    this.become('lost', { untilMs, retryAtMs });
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.resume(), waitMs);
  }

  /** Tries at once to get a lost connection back. */
  resume() {
    if (this.state !== 'lost') return;
    clearTimeout(this.retry);
    this.connection?.abandon();
    const { callId, resume } = this.ready;
    const { ms, clears } = this.played;
    this.voice.clear(clears, ms);
    this.connect(this.ticket.url, {
      type: 'resume',
      callId,
      resumeToken: resume.token,
      codec: this.codec,
      playedMs: Math.round(ms),
    });
  }

  /** The browser's codec failed in the middle of a call: go on with plain PCM over a fresh connection. */
  async changeCodec() {
    if (this.codec === 'pcm16') return;
    this.codec = 'pcm16';
    await this.voice.use('pcm16');
    if (this.state !== 'live') return;
    this.lostAtMs = performance.now();
    this.become('lost', { untilMs: this.lostAtMs + HOLD_MS, retryAtMs: this.lostAtMs });
    this.resume();
  }

  fail(trouble) {
    if (this.isOver) return;
    this.release();
    this.become('failed', { trouble });
  }

  finish(reason) {
    if (this.isOver) return;
    this.release();
    this.become('ended', { reason: this.ending ?? reason });
  }

  release() {
    clearTimeout(this.retry);
    this.connection?.close();
    this.voice?.close();
    this.connection = null;
  }

  become(state, detail = {}) {
    if (this.isOver) return;
    this.state = state;
    this.tell('state', { state, ...detail });
  }

  tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Asks the server for a call: `{ url, token, assistant }`. Throws a Trouble. */
async function buyTicket(agentId) {
  let response;
  try {
    response = await fetch('/talk/session', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(agentId ? { agentId } : {}),
    });
  } catch {
    throw new Trouble('unreachable');
  }
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  if (response.status === 429) throw new Trouble('too_many_tries', body.error);
  if (response.status === 503) throw new Trouble('server_busy', body.error);
  throw new Trouble('refused', body.error);
}

function troubleOfRefusal(code, error, reason) {
  if (error?.code === 'unauthenticated') return new Trouble('token_expired');
  if (error?.code === 'unavailable' || error?.code === 'quota')
    return new Trouble('server_busy', error.message);
  if (error) return new Trouble('refused', error.message);
  if (code === 1008) return new Trouble('refused', reason || undefined);
  return new Trouble('unreachable');
}
