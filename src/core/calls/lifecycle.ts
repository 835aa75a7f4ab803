import { tooManyCalls } from '#core/calls/admission';
import type { Call, CallAnalysis } from '#core/calls/call';
import type { EndReason, LogEntry } from '#core/calls/log-entry';
import { lastMomentMs } from '#core/calls/metrics';
import type { CallOrder } from '#core/calls/order';
import { type CallProgress, lastEntries } from '#core/calls/progress';
import type { LogLine } from '#core/calls/repo';
import { notFound } from '#core/fields';
import { planOf } from '#core/plans/plan-of';
import { requireActive } from '#core/tenants/tenant';
import type { Tx, UnitOfWork } from '#core/uow';
import { usageOf } from '#core/usage/ledger';
import type { Clock } from '#kernel/clock';
import type { CallId, TenantId } from '#kernel/ids';
import { makeScope, type Scope } from '#kernel/scope';

export interface CallResult {
  readonly reason: EndReason;
  readonly durationMs: number;
  /** Key of the finished recording among the blobs. */
  readonly recordingKey?: string | null;
}

/** What the runtime tells of its calls. Everything here bears being said twice. */
export interface CallLifecycle {
  /** Stores the call as active. Throws `quota` when the tenant has as many calls as it may, also under concurrency. */
  begin(order: CallOrder, node: { nodeId: string; carrierRef: string | null }): Promise<Call>;
  /** Adds to logs, of many calls at once; an entry already there stays as it is. */
  append(lines: readonly LogLine[]): Promise<void>;
  /** Notes how far live calls have got beyond their logs, in place of what was noted before. */
  noteProgress(calls: readonly CallProgress[]): Promise<void>;
  /**
   * Ends the call: `failed` for the reason `failed`, else `completed`. Its usage and the jobs after it are stored in the
   * same transaction, once, whoever else ends it. The log has been appended before. Throws `not_found`.
   */
  finish(scope: Scope, callId: CallId, result: CallResult): Promise<Call>;
  /**
   * At a node's start: ends what it left active, with what its log and its progress hold: as failed, unless its end was
   * logged. The ids of those calls. `salvage` looks for the recording that a call was making and answers its key.
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

/** How long a webhook waits for the analysis that is to be in it. */
const ANALYSIS_MS = 30_000;

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
      if (before) return before;
      requireActive(tenant);
      const { limits } = await planOf(tx, tenant);
      if ((await tx.calls.countActive()) >= limits.maxConcurrentCalls) throw tooManyCalls(limits);
      const call = this.#begun(order, node);
      await tx.calls.insert(call);
      return call;
    });
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
    return this.#uow.system.write((tx) => tx.calls.append(lines));
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
      await this.#end(tx, call, { ...result, durationMs, log: await tx.calls.log(callId) });
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
      if (!(await this.#end(tx, call, { reason, durationMs, recordingKey, log }))) return false;
      const { tenantId, id: callId } = call;
      await system.calls.append(rest.map((entry) => ({ tenantId, event: { ...entry, callId } })));
      return true;
    });
  }

  async saveAnalysis(scope: Scope, callId: CallId, analysis: CallAnalysis): Promise<void> {
    await this.#uow.write(scope, async (tx) => {
      if (!(await tx.calls.saveAnalysis(callId, analysis))) throw notFound('Call');
      await tx.hasten(webhookKey(callId));
    });
  }

  /** Of all who end a call the first one's ending stands: only it writes usage and the jobs after the call. */
  async #end(tx: Tx, call: Call, { reason, durationMs, recordingKey, log }: Ending): Promise<boolean> {
    const endedAt = new Date(call.startedAt.getTime() + durationMs);
    const status = reason === 'failed' ? 'failed' : 'completed';
    const ending = { status, reason, endedAt, durationMs, recordingKey: recordingKey ?? null } as const;
    if (!(await tx.calls.end(call.id, ending))) return false;
    const { pricing } = await planOf(tx, await tx.tenant.get());
    const { tenantId, id: callId } = call;
    await tx.usage.add(usageOf({ tenantId, callId, durationMs, endedAt, pricing }, log));
    await tx.enqueue('post-call', { tenantId, callId }, { key: `post-call:${callId}` });
    const url = (await tx.assistants.find(call.assistantId))?.endedWebhookUrl ?? null;
    if (url !== null) {
      const runAt = new Date(this.#clock.nowMs() + ANALYSIS_MS);
      await tx.enqueue('call-webhook', { tenantId, callId, url }, { key: webhookKey(callId), runAt });
    }
    return true;
  }
}

const webhookKey = (callId: CallId) => `call-webhook:${callId}`;

interface Ending {
  reason: EndReason;
  durationMs: number;
  recordingKey?: string | null;
  log: readonly LogEntry[];
}
