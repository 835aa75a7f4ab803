import type { Callbacks, StartAnswer } from '#core/callbacks/service';
import type { Call } from '#core/calls/call';
import type { Dial } from '#core/dialing/dial';
import { ofTenant } from '#core/dialing/far-end';
import type { SealedText } from '#core/ports';
import type { UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import type { CallId } from '#kernel/ids';
import type { Log } from '#kernel/log';

export interface AskingDeps {
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly log: Log;
  readonly callbacks: Pick<Callbacks, 'ask'>;
  /** The backend does not want the call. */
  readonly rejected: (call: Call) => Promise<void>;
}

/** What a backend wants of a call; `sealed` is what it asked for. */
export type Wish = { does: 'go on'; sealed: SealedText | null } | { does: 'reject' };

/** Asks tenants' backends about calls of ours: once each, and while they ring. */
export class Asking {
  readonly #deps: AskingDeps;
  readonly #asking = new Map<CallId, Promise<StartAnswer>>();

  constructor(deps: AskingDeps) {
    this.#deps = deps;
  }

  /** Whoever answers the call need not wait for the backend then. */
  ahead(call: Call): void {
    this.#ask(call).catch((error: unknown) =>
      this.#deps.log.warn({ err: error, callId: call.id }, 'backend not asked ahead'),
    );
  }

  /** What the backend said while the call rang, or says now. */
  async wishFor(call: Call, dial: Dial): Promise<Wish> {
    if (dial.askedAt !== null) return { does: 'go on', sealed: dial.brief };
    const answer = await this.#ask(call);
    if (answer.does === 'reject') return answer;
    return { does: 'go on', sealed: answer.does === 'brief' ? answer.sealed : null };
  }

  #ask(call: Call): Promise<StartAnswer> {
    const before = this.#asking.get(call.id);
    if (before) return before;
    const asking = this.#askNow(call).finally(() => this.#asking.delete(call.id));
    this.#asking.set(call.id, asking);
    return asking;
  }

  async #askNow(call: Call): Promise<StartAnswer> {
    const { callbacks, uow, clock, rejected } = this.#deps;
    const scope = ofTenant(call.tenantId);
    const answer = await callbacks.ask(scope, { ...call, callId: call.id, callSid: call.carrierRef });
    const sealed = answer.does === 'brief' ? answer.sealed : null;
    await uow.write(scope, (tx) => tx.dials.saveBrief(call.id, sealed, new Date(clock.nowMs())));
    if (answer.does === 'reject') await rejected(call);
    return answer;
  }
}
