import type { Pacer } from '#audio/pacer';
import { Ear } from '#cli/ear';
import { Phone } from '#cli/phone';
import type { Platform, StoredCall } from '#cli/platform';
import { askWebhook } from '#cli/webhook-call';
import { pause, systemClock } from '#kernel/clock';
import { firstAudible, lengthMs, RATE_HZ, type Stretch, samplesIn } from './levels.ts';

export interface PhoneLineOptions {
  platform: Platform;
  agentId: string;
  pacer: Pacer;
}

const FROM = '+14155550123';
const TO = '+14155550100';
/** Storing is asynchronous; a call that is not there by then is lost. */
const STORED_MS = 15_000;
const POLL_MS = 100;

/** One side of a call, all of it, as samples. */
class Track {
  #samples = new Int16Array(RATE_HZ * 30);
  #length = 0;

  add(frame: Int16Array): void {
    if (this.#length + frame.length > this.#samples.length) {
      const grown = new Int16Array(this.#samples.length * 2);
      grown.set(this.#samples);
      this.#samples = grown;
    }
    this.#samples.set(frame, this.#length);
    this.#length += frame.length;
  }

  get all(): Int16Array {
    return this.#samples.subarray(0, this.#length);
  }
}

/**
 * A telephone that has rung an assistant through the webhook and the media stream, and keeps both sides of the call.
 * Milliseconds are counted by the audio at the phone, from the stream's first frame.
 */
export class PhoneLine {
  readonly ear: Ear;
  readonly #phone: Phone;
  readonly #platform: Platform;
  readonly #spoken = new Track();
  readonly #heard = new Track();

  private constructor(phone: Phone, platform: Platform) {
    this.#phone = phone;
    this.#platform = platform;
    phone.listen(({ spoken, heard }) => {
      this.#spoken.add(spoken);
      this.#heard.add(heard);
    });
    this.ear = new Ear(phone);
  }

  /** Calls the assistant. Throws when it does not pick up. */
  static async ring({ platform, agentId, pacer }: PhoneLineOptions): Promise<PhoneLine> {
    const callSid = `CA${crypto.randomUUID().replaceAll('-', '')}`;
    const form = { CallSid: callSid, From: FROM, To: TO, CallStatus: 'ringing', Direction: 'inbound' };
    const order = await askWebhook({ url: platform.webhookUrl(agentId), form });
    if (order.kind !== 'stream') throw new Error(`the call was refused: ${JSON.stringify(order)}`);
    const { url, parameters } = order;
    const phone = await Phone.open({ url, parameters, callSid, clock: systemClock, pacer });
    return new PhoneLine(phone, platform);
  }

  get nowMs(): number {
    return this.ear.nowMs;
  }

  get isOver(): boolean {
    return this.ear.isEnded;
  }

  /** What the caller heard so far. */
  get heard(): Int16Array {
    return this.#heard.all;
  }

  /** What the caller said so far. */
  get spoken(): Int16Array {
    return this.#spoken.all;
  }

  /** Speaks at once; where in the call it stands, to the sample. Resolves when its last sample has left. */
  async say(samples: Int16Array): Promise<Stretch> {
    const fromMs = this.#phone.callMs;
    await this.#phone.say(samples);
    return { fromMs, toMs: fromMs + lengthMs(samples) };
  }

  /** Lets the call go on for that long. */
  async listen(forMs: number): Promise<void> {
    await this.ear.until(() => false, forMs);
  }

  /** Resolves to true when the agent has been silent for so long. */
  untilQuiet(forMs: number, withinMs: number): Promise<boolean> {
    return this.ear.until(() => this.ear.isAgentQuiet(forMs), withinMs);
  }

  /** When the agent's first audible sample from `fromMs` on came; null when none came within `withinMs` of then. */
  async answerAfter(fromMs: number, withinMs: number): Promise<number | null> {
    const toMs = fromMs + withinMs;
    let foundMs: number | null = null;
    await this.ear.until(
      () => {
        const looked = { fromMs: Math.max(fromMs, this.nowMs - 100), toMs };
        foundMs ??= firstAudible(this.heard, looked);
        return foundMs !== null || this.nowMs > toMs;
      },
      Math.max(0, toMs - this.nowMs) + 100,
    );
    return foundMs === null ? null : firstAudible(this.heard, { fromMs, toMs });
  }

  /** Hangs up, and reads the call as it was stored. Throws when it never is. */
  async end(): Promise<StoredCall> {
    if (!this.isOver) await this.#phone.hangUp();
    const deadlineMs = systemClock.nowMs() + STORED_MS;
    let id: string | null = null;
    while (systemClock.nowMs() < deadlineMs) {
      id ??= await this.#platform.findCall(this.#phone.callSid);
      const call = id === null ? null : await this.#platform.getCall(id);
      if (call && call.status !== 'active') return call;
      await pause(systemClock, POLL_MS);
    }
    throw new Error('the call was not stored in time');
  }
}

/** A piece of a recording. */
export function piece(samples: Int16Array, { fromMs, toMs }: Stretch): Int16Array {
  return samples.slice(samplesIn(fromMs), samplesIn(toMs));
}
