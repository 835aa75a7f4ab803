import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import type { DialOrder } from '#core/ports';
import { type Clock, pause } from '#kernel/clock';
import type { Log } from '#kernel/log';
import { type Callee, calleeOf, converse, GREETING_MS, KNOWN_AFTER_MS, takeMessage } from './callee.ts';
import type { CarrierOrder, FarLine, Telephone } from './telephone.ts';

interface CallDeps {
  readonly telephone: Telephone;
  readonly account: { readonly accountSid: string; readonly authToken: string | null };
  readonly clock: Clock;
  readonly log: Log;
}

const SETUP_MS = 150;
const RINGS_MS = 1_000;
/** A person is told from a machine by how short the greeting is. */
const HUMAN_KNOWN_MS = 700;

/** One call, from its order to its last report. */
export class SandboxCall {
  readonly callSid: string;
  readonly to: string;
  readonly from: string;
  readonly at: Date;
  readonly hasOwnAccount: boolean;
  status = 'queued';
  mediaUrl: string | null = null;
  readonly #order: DialOrder;
  readonly #deps: CallDeps;
  readonly #hungUp = new AbortController();
  readonly #over: Promise<void>;
  #sequence = 0;
  #answeredAtMs: number | null = null;
  #answeredBy: string | null = null;
  #line: FarLine | null = null;

  constructor(callSid: string, order: DialOrder, deps: CallDeps) {
    this.callSid = callSid;
    this.to = order.to;
    this.from = order.from;
    this.at = new Date(deps.clock.nowMs());
    this.hasOwnAccount = order.account !== null;
    this.#order = order;
    this.#deps = deps;
    this.#over = this.#run();
  }

  get accountSid(): string {
    return this.#deps.account.accountSid;
  }

  get isOver(): boolean {
    return ['completed', 'busy', 'no-answer', 'failed', 'canceled'].includes(this.status);
  }

  /** Resolves when the last report has been made. */
  async hangUp(): Promise<void> {
    this.#hungUp.abort();
    this.#line?.hangUp();
    await this.#over;
  }

  async #run(): Promise<void> {
    try {
      await this.#report(await this.#live());
    } catch (error) {
      this.#deps.log.warn({ err: error, callSid: this.callSid }, 'sandbox call failed');
      this.#line?.hangUp();
      await this.#report('failed');
    }
  }

  /** The call's last status. */
  async #live(): Promise<string> {
    const callee = calleeOf(this.to);
    await this.#wait(SETUP_MS);
    await this.#report('initiated');
    if (callee === 'busy') return 'busy';
    await this.#report('ringing');
    await this.#wait(callee === 'nobody' ? this.#order.timeoutSec * 1_000 : RINGS_MS);
    if (this.#hungUp.signal.aborted) return 'canceled';
    if (callee === 'nobody') return 'no-answer';
    this.#answeredAtMs = this.#deps.clock.nowMs();
    await this.#report('in-progress');
    await this.#detect(callee);
    if (!this.#hungUp.signal.aborted) await this.#follow(await this.#ask(this.#order.answerUrl), callee);
    return 'completed';
  }

  /** The carrier asks for orders only when it knows who has answered, where it was to find out. */
  async #detect(callee: Callee): Promise<void> {
    const { machineDetection } = this.#order;
    if (machineDetection === null) return;
    if (callee === 'person') {
      await this.#wait(HUMAN_KNOWN_MS);
      this.#answeredBy = 'human';
    } else if (machineDetection === 'Enable') {
      await this.#wait(KNOWN_AFTER_MS);
      this.#answeredBy = 'machine_start';
    } else {
      await this.#wait(GREETING_MS);
      this.#answeredBy = 'machine_end_beep';
    }
  }

  async #follow(order: CarrierOrder, callee: Callee): Promise<void> {
    if (order.kind !== 'stream') return;
    const { url, parameters, actionUrl } = order;
    this.mediaUrl = url;
    const { callSid, accountSid } = this;
    const signature = this.#signature(url, {});
    const line = await this.#deps.telephone.connect({ url, parameters, callSid, accountSid, signature });
    this.#line = line;
    if (this.#hungUp.signal.aborted) line.hangUp();
    const isOver = this.#answeredBy === 'machine_end_beep';
    const speaking = callee === 'person' ? converse(line) : takeMessage(line, isOver ? 'all' : 'nothing');
    const [{ byServer }] = await Promise.all([line.ended, speaking]);
    // What is asked for next, such as another number to call, is beyond the sandbox.
    if (byServer && actionUrl !== null) await this.#ask(actionUrl);
  }

  #wait(ms: number): Promise<void> {
    return pause(this.#deps.clock, ms, this.#hungUp.signal);
  }

  async #report(status: string): Promise<void> {
    this.status = status;
    const { clock, telephone, log } = this.#deps;
    const isLast = this.isOver;
    const seconds = this.#answeredAtMs === null ? 0 : Math.ceil((clock.nowMs() - this.#answeredAtMs) / 1_000);
    const form = {
      ...this.#form(),
      SequenceNumber: String(this.#sequence++),
      Timestamp: new Date(clock.nowMs()).toUTCString(),
      CallbackSource: 'call-progress-events',
      ...(isLast ? { CallDuration: String(seconds) } : {}),
    };
    const url = this.#order.statusUrl;
    try {
      await telephone.tell(url, form, this.#signature(url, form));
    } catch (error) {
      log.warn({ err: error, callSid: this.callSid, status }, 'sandbox report not delivered');
    }
  }

  #ask(url: string): Promise<CarrierOrder> {
    const form = this.#form();
    return this.#deps.telephone.ask(url, form, this.#signature(url, form));
  }

  #form(): Record<string, string> {
    return {
      CallSid: this.callSid,
      AccountSid: this.accountSid,
      From: this.from,
      To: this.to,
      CallStatus: this.status,
      Direction: 'outbound-api',
      ApiVersion: '2010-04-01',
      ...(this.#answeredBy === null ? {} : { AnsweredBy: this.#answeredBy }),
    };
  }

  #signature(url: string, form: Record<string, string>): string | null {
    const { authToken } = this.#deps.account;
    return authToken === null ? null : getExpectedTwilioSignature(authToken, url, form);
  }
}
