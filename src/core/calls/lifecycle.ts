import { announceIncident, hastenEnd } from '#core/callbacks/announce';
import { incidentCall, incidentOf, isFault } from '#core/callbacks/incident';
import { tooManyCalls } from '#core/calls/admission';
import type { Call, CallAnalysis } from '#core/calls/call';
import { type CallResult, endCall, endMissed, type MissedCall } from '#core/calls/ending';
import { lastMomentMs } from '#core/calls/metrics';
import type { CallOrder } from '#core/calls/order';
import { type CallProgress, lastEntries } from '#core/calls/progress';
import type { LogLine } from '#core/calls/repo';
import { notFound } from '#core/fields';
import { planOf } from '#core/plans/plan-of';
import { requireActive } from '#core/tenants/tenant';
import type { Tx, UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import type { CallId, TenantId } from '#kernel/ids';
import { makeScope, type Scope } from '#kernel/scope';

/** What the runtime tells of its calls. Everything here bears being said twice. */
export interface CallLifecycle {
  /**
   * Stores the call as active; one that was dialed and is stored already is answered now. Throws `quota` when the tenant
   * has as many calls as it may, also under concurrency, and `precondition` when the call has ended meanwhile.
   */
  begin(order: CallOrder, node: { nodeId: string; carrierRef: string | null }): Promise<Call>;
  /** Adds to logs, of many calls at once; an entry already there stays as it is. */
  append(lines: readonly LogLine[]): Promise<void>;
  /** Notes how far live calls have got beyond their logs, in place of what was noted before. */
  noteProgress(calls: readonly CallProgress[]): Promise<void>;
  /**
   * Ends the call: `failed` where nobody could be talked to, else `completed`. Its usage and the jobs after it are
   * stored in the same transaction, once, whoever else ends it. The log has been appended before. Throws `not_found`.
   */
  finish(scope: Scope, callId: CallId, result: CallResult): Promise<Call>;
  /** Ends a call that nobody was connected to, storing it where it is not stored yet. */
  miss(scope: Scope, call: MissedCall, result: Pick<CallResult, 'reason' | 'why'>): Promise<void>;
  /**
   * Of a node that died: ends what it left active, with what its log and its progress hold: as failed, unless its end was
   * logged. Calls that ring at the carrier ring on. The ids of the calls ended. `salvage` looks for the recording that a call was making and answers its key.
   */
  recoverOrphans(nodeId: string, salvage?: (callId: CallId) => Promise<string | null>): Promise<CallId[]>;
  /** A webhook that waits for this goes out now. Throws `not_found`. */
  saveAnalysis(scope: Scope, callId: CallId, analysis: CallAnalysis): Promise<void>;
}

export function makeCallLifecycle(deps: { uow: UnitOfWork; clock: Clock }): CallLifecycle {
  return new LifecycleService(deps);
}

const systemScope = (tenantId: TenantId) => makeScope(tenantId, { kind: 'system' }, 'owner');

/** What the column of a duration holds: some 24 days. */
const LONGEST_MS = 2 ** 31 - 1;

class LifecycleService implements CallLifecycle {
  readonly #uow: UnitOfWork;
  readonly #clock: Clock;

  constructor({ uow, clock }: { uow: UnitOfWork; clock: Clock }) {
    this.#uow = uow;
    this.#clock = clock;
  }

  begin(order: CallOrder, node: { nodeId: string; carrierRef: string | null }): Promise<Call> {
    return this.#uow.write(systemScope(order.tenantId), async (tx) => {
      // Calls are counted under this lock, so that two at once cannot both take the last place.
      const tenant = await tx.tenant.lock();
      const before = await tx.calls.find(order.callId);
      if (before?.answeredAt) return before;
      requireActive(tenant);
      const call = this.#begun(order, node);
      if (before) return answered(tx, { ...call, startedAt: before.startedAt });
      const { limits } = await planOf(tx, tenant);
      if ((await tx.calls.countActive()) >= limits.maxConcurrentCalls) throw tooManyCalls(limits);
      await tx.calls.insert(call);
      return call;
    });
  }

  async miss(scope: Scope, missed: MissedCall, result: Pick<CallResult, 'reason' | 'why'>): Promise<void> {
    await this.#uow.write(scope, (tx) => endMissed(tx, missed, { ...result, now: this.#now() }));
  }

  #now(): Date {
    return new Date(this.#clock.nowMs());
  }

  #begun(order: CallOrder, node: { nodeId: string; carrierRef: string | null }): Call {
    return {
      id: order.callId,
      tenantId: order.tenantId,
      assistantId: order.assistant.id,
      assistantName: order.assistant.name,
      status: 'active',
      type: order.type,
      direction: order.direction,
      from: order.from,
      to: order.to,
      carrierRef: node.carrierRef ?? order.carrierRef,
      nodeId: node.nodeId,
      variables: order.variables,
      callbacks: order.callbacks,
      metadata: order.metadata,
      startedAt: new Date(this.#clock.nowMs()),
      answeredAt: new Date(this.#clock.nowMs()),
      endedAt: null,
      durationMs: null,
      endReason: null,
      recordingKey: null,
      analysis: null,
    };
  }

  append(lines: readonly LogLine[]): Promise<void> {
    return this.#uow.system.write(async (tx) => {
      await tx.calls.append(lines);
      for (const { tenantId, event } of lines) {
        // Few entries are faults: their calls are read one by one.
        if (!isFault(event)) continue;
        const own = tx.forTenant(tenantId);
        const call = await own.calls.find(event.callId);
        const incident = call && incidentOf(event, call.answeredAt ?? call.startedAt);
        if (incident) await announceIncident(own, incidentCall(call), incident);
      }
    });
  }

  noteProgress(calls: readonly CallProgress[]): Promise<void> {
    return this.#uow.system.write((tx) => tx.calls.noteProgress(calls));
  }

  finish(scope: Scope, callId: CallId, result: CallResult): Promise<Call> {
    return this.#uow.write(scope, async (tx) => {
      const call = await tx.calls.find(callId);
      if (!call) throw notFound('Call');
      if (call.status !== 'active') return call;
      const durationMs = Math.min(Math.max(0, Math.round(result.durationMs)), LONGEST_MS);
      await endCall(tx, call, { ...result, durationMs, log: await tx.calls.log(callId), now: this.#now() });
      return (await tx.calls.find(callId))!;
    });
  }

  async recoverOrphans(
    nodeId: string,
    salvage: (callId: CallId) => Promise<string | null> = async () => null,
  ): Promise<CallId[]> {
    const orphans = await this.#uow.system.read((repos) => repos.calls.activeOn(nodeId));
    const ended: CallId[] = [];
    for (const call of orphans) {
      const recordingKey = await salvage(call.id);
      if (await this.#recover(call, recordingKey)) ended.push(call.id);
    }
    return ended;
  }

  #recover(call: Call, recordingKey: string | null): Promise<boolean> {
    return this.#uow.system.write(async (system) => {
      const tx = system.forTenant(call.tenantId);
      const before = await tx.calls.log(call.id);
      const rest = lastEntries(before, await tx.calls.progress(call.id));
      const log = [...before, ...rest];
      const durationMs = Math.min(Math.round(lastMomentMs(log)), LONGEST_MS);
      // A node may have died after the end of a call was logged and before it was stored.
      const last = log.at(-1);
      const reason = last?.type === 'call.ended' ? last.reason : 'failed';
      const why =
        before.at(-1)?.type === 'call.ended' ? {} : { why: 'The server went down during the call.' };
      const ending = { reason, durationMs, recordingKey, log, now: this.#now(), ...why };
      if (!(await endCall(tx, call, ending))) return false;
      const { tenantId, id: callId } = call;
      await system.calls.append(rest.map((entry) => ({ tenantId, event: { ...entry, callId } })));
      return true;
    });
  }

  async saveAnalysis(scope: Scope, callId: CallId, analysis: CallAnalysis): Promise<void> {
    await this.#uow.write(scope, async (tx) => {
      if (!(await tx.calls.saveAnalysis(callId, analysis))) throw notFound('Call');
      await hastenEnd(tx, callId);
    });
  }
}

async function answered(tx: Tx, call: Call): Promise<Call> {
  if (await tx.calls.answer(call)) return call;
  throw new DomainError('precondition', 'The call is over.');
}
