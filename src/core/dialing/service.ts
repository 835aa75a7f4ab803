import { randomBytes } from 'node:crypto';
import { circumstances } from '#core/assistants/status';
import { auditEntry } from '#core/audit/record';
import type { Callbacks } from '#core/callbacks/service';
import { type Admission, answering, requireRoom } from '#core/calls/admission';
import type { Call } from '#core/calls/call';
import { endMissed } from '#core/calls/ending';
import type { CallLifecycle } from '#core/calls/lifecycle';
import type { EndReason } from '#core/calls/log-entry';
import { Asking } from '#core/dialing/asking';
import type { DialStatus } from '#core/dialing/dial';
import { FarEnd, type FarEndDeps, ofTenant } from '#core/dialing/far-end';
import type { LiveCalls } from '#core/dialing/live-calls';
import { checkedOrder, type OutboundOrder } from '#core/dialing/order';
import type { VoiceAnswer } from '#core/dialing/reception';
import { dialStatusOf, isMachine, isNews, isOver, isVoicemail, missedReason } from '#core/dialing/verdict';
import { notFound } from '#core/fields';
import { secretHash } from '#core/keys/secret';
import { permit } from '#core/permission';
import type { OutboundHttp, SealedText, SignedRequest } from '#core/ports';
import { requireActive } from '#core/tenants/tenant';
import type { Tx } from '#core/uow';
import type { Clock } from '#kernel/clock';
import { DomainError, toDomainError } from '#kernel/errors';
import { type CallId, isId, newId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';

export type { OutboundOrder } from '#core/dialing/order';

/** An order that the carrier has taken. */
export interface PlacedCall {
  readonly callId: CallId;
  /** The carrier's own id of the call. */
  readonly callSid: string;
  readonly status: DialStatus;
}

/** Calls that go out. */
export interface Dialing {
  /**
   * Stores the call, then has the carrier dial it: once, whatever happens. Throws `payment_required` and `forbidden`
   * (tenant not active, `from` is not theirs), `invalid` (with `field`), `quota` (calls at once, minutes), and what the
   * carrier refused with (`upstream`, `invalid`, `rate_limited`): then the call is stored as failed and its backend told.
   */
  call(scope: Scope, order: OutboundOrder): Promise<PlacedCall>;
  /** Ends a call that rings or runs, wherever it runs. One that has ended is left alone. Throws `not_found`, `upstream`. */
  hangUp(scope: Scope, callId: string): Promise<void>;
  /**
   * What the carrier is to do now that someone, or a machine, has answered. `token` is the one in the address.
   * Throws `not_found` (unknown token), `forbidden` (signature).
   */
  answer(token: string, request: SignedRequest, line: { hasRoom: boolean }): Promise<VoiceAnswer>;
  /** Takes in the carrier's report of how far the call has got. Throws `not_found`, `forbidden`. */
  report(token: string, request: SignedRequest): Promise<void>;
  /** Whether a request about the call with this token comes from its carrier. Throws `not_found`. */
  isGenuine(token: string, request: SignedRequest): Promise<boolean>;
  /** Ends calls whose end the carrier never told, and forgets what is not needed any more; how many calls it ended. */
  sweep(): Promise<number>;
}

export interface DialingDeps extends FarEndDeps {
  readonly clock: Clock;
  readonly urls: OutboundHttp;
  readonly admission: Admission;
  readonly lifecycle: CallLifecycle;
  readonly callbacks: Callbacks;
  readonly live: LiveCalls;
  readonly nodeId: string;
}

/** Said to somebody who answered a call of ours that cannot be held. */
const SORRY = 'I am sorry, this call cannot be connected. Goodbye.';
/** What may pass beyond the ringing: machine detection, asking the backend, opening the media. */
const GRACE_SEC = 150;
/** Late reports of a call that has ended are still checked for so long. */
const ACCOUNT_KEPT_MS = 15 * 60_000;

export function makeDialing(deps: DialingDeps): Dialing {
  return new DialingService(deps);
}

class DialingService implements Dialing {
  readonly #deps: DialingDeps;
  readonly #farEnd: FarEnd;
  readonly #asking: Asking;

  constructor(deps: DialingDeps) {
    this.#deps = deps;
    this.#farEnd = new FarEnd(deps);
    const rejected = async (call: Call) => {
      await this.#turnDown(call, { reason: 'rejected' });
      await this.#farEnd.hangUpQuietly(call);
    };
    this.#asking = new Asking({ ...deps, rejected });
  }

  async call(scope: Scope, given: OutboundOrder): Promise<PlacedCall> {
    permit(scope, 'write');
    const order = checkedOrder(given, this.#deps.urls);
    const token = randomBytes(32).toString('base64url');
    const { assistantId, orderKey } = given;
    const stored = await this.#store(scope, { ...order, assistantId, orderKey }, token);
    if (stored.isOld) return this.#asPlaced(scope, stored.call);
    const { call } = stored;
    const placed = await this.#dial(call, order, token);
    const status = dialStatusOf(placed.status) ?? 'queued';
    this.#asking.ahead({ ...call, carrierRef: placed.ref });
    return { callId: call.id, callSid: placed.ref, status };
  }

  async hangUp(scope: Scope, callId: string): Promise<void> {
    permit(scope, 'write');
    const { uow, live, lifecycle } = this.#deps;
    const call = await uow.write(scope, async (tx) => {
      const found = isId('call', callId) ? await tx.calls.find(callId) : null;
      if (!found) throw notFound('Call');
      const deed = { tenantId: scope.tenantId, action: 'call.hung_up', target: found.id };
      if (found.status === 'active') await tx.audit.add(auditEntry(scope.actor, deed, this.#now()));
      return found;
    });
    if (call.status !== 'active' || live.hangUp(call.tenantId, call.id, 'ended_by_operator')) return;
    if (call.carrierRef === null || call.type !== 'phone')
      throw new DomainError('unavailable', 'The call cannot be reached at present.', { retryAfterMs: 5_000 });
    await this.#farEnd.hangUp(call);
    if (call.answeredAt === null) await lifecycle.miss(scope, call, { reason: 'ended_by_operator' });
  }

  async answer(token: string, request: SignedRequest, line: { hasRoom: boolean }): Promise<VoiceAnswer> {
    const dial = await this.#farEnd.genuine(token, request);
    const { CallSid = null, AnsweredBy = null } = request.form;
    const scope = ofTenant(dial.tenantId);
    const call = await this.#deps.uow.write(scope, async (tx) => {
      const { lastSequence: sequence } = (await tx.dials.lock(dial.callId))!;
      const found = (await tx.calls.find(dial.callId))!;
      if (found.status !== 'active' || found.answeredAt !== null) return null;
      if (found.carrierRef === null && CallSid !== null) await tx.calls.setCarrierRef(found.id, CallSid);
      await tx.dials.report(dial.callId, { status: 'in-progress', sequence, answeredBy: AnsweredBy });
      return { ...found, carrierRef: found.carrierRef ?? CallSid };
    });
    if (!call) return { does: 'hang up' };
    const wish = await this.#asking.wishFor(call);
    if (wish.does === 'reject') return { does: 'hang up' };
    const isLeft = isVoicemail(AnsweredBy) && this.#hasMessage(call.id, wish.sealed);
    if (isMachine(AnsweredBy) && !isLeft) return this.#turnDown(call, { reason: 'voicemail' });
    if (!line.hasRoom)
      return this.#turnDown(call, { reason: 'failed', why: 'All lines of the server were busy.' });
    return this.#connect(call, { brief: wish.sealed, voicemail: isLeft });
  }

  async report(token: string, request: SignedRequest): Promise<void> {
    const dial = await this.#farEnd.genuine(token, request);
    const { CallStatus, SequenceNumber, CallSid = null, AnsweredBy = null } = request.form;
    const status = dialStatusOf(CallStatus);
    if (status === null) return;
    const sequence = /^\d{1,9}$/.test(SequenceNumber ?? '') ? Number(SequenceNumber) : null;
    const { uow, live } = this.#deps;
    const isLive = await uow.write(ofTenant(dial.tenantId), async (tx) => {
      const known = (await tx.dials.lock(dial.callId))!;
      if (!isNews(known, { status, sequence })) return false;
      const answeredBy = AnsweredBy ?? known.answeredBy;
      await tx.dials.report(dial.callId, { status, sequence: sequence ?? known.lastSequence, answeredBy });
      const call = (await tx.calls.find(dial.callId))!;
      if (call.carrierRef === null && CallSid !== null) await tx.calls.setCarrierRef(call.id, CallSid);
      if (!isOver(status) || call.status !== 'active') return false;
      const reason = missedReason(status, answeredBy);
      const told = reason === 'failed' ? { why: failureOf(request.form) } : {};
      return !(await endMissed(tx, call, { reason, ...told, now: this.#now() }));
    });
    // The carrier's word counts also where the end of the media got lost on its way.
    if (isLive) live.hangUp(dial.tenantId, dial.callId, 'caller_hung_up');
  }

  async isGenuine(token: string, request: SignedRequest): Promise<boolean> {
    return this.#farEnd.isSigned(await this.#farEnd.find(token), request);
  }

  async sweep(): Promise<number> {
    const { uow, clock, lifecycle } = this.#deps;
    const overdue = await uow.system.read((repos) => repos.dials.overdue(this.#now(), GRACE_SEC));
    for (const { call, dial } of overdue) {
      await this.#farEnd.hangUpQuietly(call);
      const isAnswered = dial.status === 'in-progress';
      const result = isAnswered
        ? ({ reason: 'failed', why: 'The carrier never opened the media stream.' } as const)
        : ({ reason: 'no_answer' } as const);
      await lifecycle.miss(ofTenant(call.tenantId), call, result);
    }
    await uow.system.write(async (tx) => {
      await tx.dials.forgetAccounts(new Date(clock.nowMs() - ACCOUNT_KEPT_MS));
      await tx.transfers.sweep(this.#now());
    });
    return overdue.length;
  }

  #now(): Date {
    return new Date(this.#deps.clock.nowMs());
  }

  #store(
    scope: Scope,
    order: OutboundOrder & { variables: Call['variables'] },
    token: string,
  ): Promise<{ call: Call; isOld: boolean }> {
    const { uow, clock, nodeId } = this.#deps;
    return uow.write(scope, async (tx) => {
      // Calls are counted under this lock, so that two at once cannot both take the last place.
      const tenant = await tx.tenant.lock();
      const old = await placedBefore(tx, order.orderKey);
      if (old) return { call: old, isOld: true };
      requireActive(tenant);
      const number = await tx.numbers.findByE164(order.from);
      if (!number?.active) throw new DomainError('forbidden', 'The number to call from is not one of yours.');
      const around = await circumstances(tx, clock.nowMs(), tenant);
      await requireRoom(tx, around);
      const { from, to, assistantId, callbacks, metadata, variables } = order;
      const asked = assistantId === undefined ? {} : { assistantId };
      const assistant = await answering(tx, { direction: 'outbound', from, to, ...asked }, around);
      const call: Call = {
        id: newId('call'),
        tenantId: tenant.id,
        assistantId: assistant.id,
        assistantName: assistant.name,
        status: 'active',
        type: 'phone',
        direction: 'outbound',
        from,
        to,
        carrierRef: null,
        nodeId,
        variables,
        callbacks,
        metadata,
        startedAt: this.#now(),
        answeredAt: null,
        endedAt: null,
        durationMs: null,
        endReason: null,
        recordingKey: null,
        analysis: null,
      };
      await tx.calls.insert(call);
      if (order.orderKey !== undefined) await tx.idempotency.noteEffect(order.orderKey, call.id);
      const { account, machineDetection, timeoutSec } = order;
      await tx.dials.insert({
        callId: call.id,
        tenantId: tenant.id,
        account: this.#farEnd.sealed(call.id, account),
        status: 'queued',
        machineDetection,
        timeoutSec,
        answeredBy: null,
        lastSequence: -1,
        tokenHash: secretHash(token),
        brief: null,
        askedAt: null,
        createdAt: call.startedAt,
      });
      const deed = { tenantId: tenant.id, action: 'call.placed', target: call.id };
      await tx.audit.add(auditEntry(scope.actor, deed, call.startedAt));
      return { call, isOld: false };
    });
  }

  /** What was answered, or would have been, to an order that an earlier request has carried out. */
  async #asPlaced(scope: Scope, call: Call): Promise<PlacedCall> {
    const dial = await this.#deps.uow.read(scope, (repos) => repos.dials.find(call.id));
    if (call.carrierRef !== null && dial)
      return { callId: call.id, callSid: call.carrierRef, status: dial.status };
    // Nobody has heard from the carrier: whether it took the order is not known before the call is closed.
    throw new DomainError(
      call.status === 'active' ? 'unavailable' : 'upstream',
      call.status === 'active'
        ? 'The call is being placed.'
        : 'The server went down; the call was not placed.',
    );
  }

  async #dial(call: Call, order: OutboundOrder, token: string): Promise<{ ref: string; status: string }> {
    const { uow, lifecycle, log } = this.#deps;
    const scope = ofTenant(call.tenantId);
    const placed = await this.#farEnd.dial(order, token).catch(async (thrown: unknown) => {
      const error = toDomainError(thrown);
      await lifecycle.miss(scope, call, { reason: 'failed', why: error.publicMessage });
      throw error;
    });
    // It rings now, whatever becomes of this note: the carrier's first report brings the id again.
    await uow
      .write(scope, (tx) => tx.calls.setCarrierRef(call.id, placed.ref))
      .catch((error: unknown) => log.warn({ err: error, callId: call.id }, 'id at the carrier not stored'));
    return placed;
  }

  #hasMessage(callId: CallId, sealed: SealedText | null): boolean {
    const message = sealed === null ? undefined : this.#deps.callbacks.open(callId, sealed).voicemailMessage;
    return message !== undefined && message.trim() !== '';
  }

  async #turnDown(call: Call, result: { reason: EndReason; why?: string }): Promise<VoiceAnswer> {
    await this.#deps.lifecycle.miss(ofTenant(call.tenantId), call, result);
    return result.reason === 'failed' ? { does: 'say', text: SORRY } : { does: 'hang up' };
  }

  async #connect(
    call: Call,
    { brief, voicemail }: { brief: SealedText | null; voicemail: boolean },
  ): Promise<VoiceAnswer> {
    const { id: callId, from, to, carrierRef, assistantId, variables, callbacks, metadata } = call;
    try {
      const admitted = await this.#deps.admission.admit(ofTenant(call.tenantId), {
        type: 'phone',
        direction: 'outbound',
        ...{ callId, from, to, carrierRef, assistantId, variables, callbacks, metadata },
        brief,
        voicemail,
      });
      return { does: 'connect', callId, token: admitted.token };
    } catch (thrown) {
      const error = toDomainError(thrown);
      this.#deps.log.warn({ err: error, callId }, 'answered call not connected');
      return this.#turnDown(call, { reason: 'failed', why: error.publicMessage });
    }
  }
}

function failureOf(form: SignedRequest['form']): string {
  const { SipResponseCode, ErrorCode } = form;
  const codes = [ErrorCode && `error ${ErrorCode}`, SipResponseCode && `SIP ${SipResponseCode}`].filter(
    Boolean,
  );
  return `The carrier could not connect the call${codes.length > 0 ? ` (${codes.join(', ')})` : ''}.`;
}

/** The call that the request with this key has stored already; null for a first try. */
async function placedBefore(tx: Tx, orderKey: string | undefined): Promise<Call | null> {
  const id = orderKey === undefined ? null : await tx.idempotency.effectOf(orderKey);
  return id !== null && isId('call', id) ? tx.calls.find(id) : null;
}
