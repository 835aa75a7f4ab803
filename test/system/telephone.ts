import { randomBytes } from 'node:crypto';
import { Pacer } from '#audio/pacer';
import { Ear } from '#cli/ear';
import { Phone } from '#cli/phone';
import { askWebhook, type CarrierOrder } from '#cli/webhook-call';
import { systemClock } from '#kernel/clock';
import type { TestServer } from '#test/support/server';
import { eventually } from '#test/support/until';
import type { Tenant } from './tenants.ts';

export interface Dialling {
  agentId?: string;
  from?: string;
  to?: string;
}

/** A telephone or a browser. */
export type CallersEnd = Pick<Phone, 'listen' | 'ended' | 'say'>;

/** What a caller does and waits for, and all that was heard and spoken at the caller's end. */
export class TestCall<End extends CallersEnd> {
  readonly end: End;
  readonly ear: Ear;
  readonly #spoken: Int16Array[] = [];
  readonly #heard: Int16Array[] = [];

  constructor(end: End) {
    this.end = end;
    this.ear = new Ear(end);
    end.listen(({ spoken, heard }) => {
      this.#spoken.push(spoken.slice());
      this.#heard.push(heard.slice());
    });
  }

  /** Everything said into and out of the caller's end since it was connected. */
  get spoken(): Int16Array {
    return joined(this.#spoken);
  }

  get heard(): Int16Array {
    return joined(this.#heard);
  }

  /** Waits until the agent has spoken and been silent for a while. */
  async opened(): Promise<void> {
    if (!(await this.ear.until(() => this.ear.agent.length > 0, 20_000))) throw new Error('no opening');
    await this.finished();
  }

  /** Waits until the agent has said all it wanted, or the call is over. */
  async finished(quietMs = 900): Promise<void> {
    const isQuiet = await this.ear.until(() => this.ear.isAgentQuiet(quietMs), 60_000);
    if (!isQuiet && !this.ear.isEnded) throw new Error('the agent does not stop');
  }

  /** Waits until the agent has spoken for so long since it began. */
  async speaking(forMs: number): Promise<void> {
    const beganMs = this.ear.agent.at(-1)!.fromMs;
    await this.ear.until(() => this.ear.nowMs >= beganMs + forMs, forMs + 1_000);
  }

  /** Speaks and waits until an answer begins. How long that took, in ms of audio; null when none came. */
  async ask(audio: Int16Array, withinMs = 15_000): Promise<number | null> {
    const from = this.ear.nowMs;
    await this.end.say(audio);
    await this.ear.until(() => false, 40);
    const spokenMs = this.ear.caller.findLast((stretch) => stretch.toMs > from)?.toMs ?? this.ear.nowMs;
    const answer = () => this.ear.agent.find((stretch) => stretch.fromMs > spokenMs - 100);
    await this.ear.until(() => answer() !== undefined, withinMs);
    const answered = answer();
    return answered ? Math.max(0, answered.fromMs - spokenMs) : null;
  }
}

export type PhoneCall = TestCall<Phone>;

/** Asks the voice webhook for a call, as Twilio does. */
export function ring(server: TestServer, key: string, dialling: Dialling & { callSid?: string } = {}) {
  const url = new URL(`${server.url}/voicex/api/twilio/voice`);
  url.searchParams.set('api_key', key);
  if (dialling.agentId !== undefined) url.searchParams.set('agentId', dialling.agentId);
  const form = {
    CallSid: dialling.callSid ?? newCallSid(),
    AccountSid: `AC${'0'.repeat(32)}`,
    From: dialling.from ?? '+14155550134',
    To: dialling.to ?? '+14155550100',
    CallStatus: 'ringing',
    Direction: 'inbound',
  };
  return askWebhook({ url: url.href, form });
}

export const newCallSid = (): string => `CA${randomBytes(16).toString('hex')}`;

const pacer = new Pacer({ clock: systemClock });

/** Calls and is connected. Throws when the webhook does anything else. */
export async function dial(server: TestServer, { key }: Tenant, dialling: Dialling = {}): Promise<PhoneCall> {
  const callSid = newCallSid();
  const order = await ring(server, key, { ...dialling, callSid });
  if (order.kind !== 'stream') throw new Error(`not connected: ${JSON.stringify(order)}`);
  return pickUp(order, callSid);
}

/** Opens the stream that an order names. */
export async function pickUp(
  { url, parameters }: CarrierOrder & { kind: 'stream' },
  callSid: string,
): Promise<PhoneCall> {
  return new TestCall(await Phone.open({ url, parameters, callSid, clock: systemClock, pacer }));
}

function joined(frames: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(frames.reduce((length, frame) => length + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    all.set(frame, at);
    at += frame.length;
  }
  return all;
}

/** What the API shows of the call with that carrier id, once it has ended. */
export async function storedCall(tenant: Tenant, callSid: string): Promise<StoredCall> {
  const found = await eventually(
    () => callBySid(tenant, callSid),
    (call) => call !== null && call.status !== 'active',
  );
  return found!;
}

async function callBySid(tenant: Tenant, callSid: string): Promise<StoredCall | null> {
  const { body } = await tenant.ask('/calls?limit=100');
  const id = (body as { _id: string; callSid: string | null }[]).find((one) => one.callSid === callSid)?._id;
  return id === undefined ? null : (await tenant.ask(`/calls/${id}`)).body;
}

/** A call as the Voicex dialect shows it, as far as these tests look. */
export interface StoredCall {
  _id: string;
  status: 'active' | 'completed' | 'failed';
  endReason: string | null;
  durationSec: number | null;
  recordingUrl: string | null;
  summary: string | null;
  transcript: {
    role: string;
    text: string;
    atMs: number;
    endMs: number;
    interrupted: boolean;
    turnId: string | null;
  }[];
  metrics: { turns: { voiceToVoiceMs: number }[]; interruptions: number };
}
