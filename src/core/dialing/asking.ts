import type { Callbacks } from '#core/callbacks/service';
import type { Call } from '#core/calls/call';
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
  /** Whoever comes later waits for the one who is asking, or finds the answer stored. */
  readonly #asking = new Map<CallId, Promise<Wish>>();

  constructor(deps: AskingDeps) {
    this.#deps = deps;
  }

  /** Whoever answers the call need not wait for the backend then. */
  ahead(call: Call): void {
    this.wishFor(call).catch((error: unknown) =>
      this.#deps.log.warn({ err: error, callId: call.id }, 'backend not asked ahead'),
    );
  }

  /** What the backend said while the call rang, or says now. */
  wishFor(call: Call): Promise<Wish> {
    const before = this.#asking.get(call.id);
    if (before) return before;
    const asking = this.#known(call).finally(() => this.#asking.delete(call.id));
    this.#asking.set(call.id, asking);
    return asking;
  }

  async #known(call: Call): Promise<Wish> {
    const { uow } = this.#deps;
    const dial = await uow.read(ofTenant(call.tenantId), (repos) => repos.dials.find(call.id));
    return dial && dial.askedAt !== null ? { does: 'go on', sealed: dial.brief } : this.#ask(call);
  }

  async #ask(call: Call): Promise<Wish> {
    const { callbacks, uow, clock, rejected } = this.#deps;
    const scope = ofTenant(call.tenantId);
    const answer = await callbacks.ask(scope, { ...call, callId: call.id, callSid: call.carrierRef });
    const sealed = answer.does === 'brief' ? answer.sealed : null;
    await uow.write(scope, (tx) => tx.dials.saveBrief(call.id, sealed, new Date(clock.nowMs())));
    if (answer.does !== 'reject') return { does: 'go on', sealed };
    await rejected(call);
    return { does: 'reject' };
  }
}
