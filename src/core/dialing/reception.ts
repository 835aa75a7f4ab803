import { circumstances } from '#core/assistants/status';
import { NO_CALLBACKS } from '#core/callbacks/callbacks';
import type { Callbacks, StartAnswer } from '#core/callbacks/service';
import { type Admission, type AdmissionRequest, answering, plain, requireRoom } from '#core/calls/admission';
import type { MissedCall } from '#core/calls/ending';
import type { CallLifecycle } from '#core/calls/lifecycle';
import { ofTenant } from '#core/dialing/far-end';
import type { PhoneNumber } from '#core/numbers/number';
import { requireActive } from '#core/tenants/tenant';
import type { UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import { type DomainError, type ErrorCode, toDomainError } from '#kernel/errors';
import { type CallId, newId } from '#kernel/ids';
import type { Log } from '#kernel/log';
import type { Scope } from '#kernel/scope';

/** What a carrier is told to do with a call. */
export type VoiceAnswer =
  /** Open a media stream with this single-use token. */
  | { readonly does: 'connect'; readonly callId: CallId; readonly token: string }
  | { readonly does: 'say'; readonly text: string }
  | { readonly does: 'reject'; readonly reason: 'busy' | 'rejected' }
  | { readonly does: 'hang up' };

/** A call that a carrier brings. Numbers are as the carrier wrote them. */
export interface InboundCall {
  readonly from: string;
  readonly to: string;
  /** The carrier's own id. */
  readonly carrierRef: string;
  /** Whose webhook it is, where its address says so; null: whoever has the number `to`. */
  readonly scope: Scope | null;
  /** Who answers where the number decides nothing. */
  readonly assistantId?: string;
  /** Whether this process can carry one call more. */
  readonly hasRoom: boolean;
}

/** Takes the calls of carriers' voice webhooks. */
export interface Reception {
  /**
   * Finds the tenant, asks its backend, and answers with a ticket for the stream, or with what the caller hears instead.
   * Without a scope it throws nothing of a tenant's making: whatever is wrong is said to the caller. With one, what is
   * the tenant's to mend is thrown as `Admission.admit` throws it (`forbidden`, `payment_required`, `not_found`).
   */
  receive(call: InboundCall): Promise<VoiceAnswer>;
}

export interface ReceptionDeps {
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly log: Log;
  readonly admission: Admission;
  readonly lifecycle: CallLifecycle;
  readonly callbacks: Callbacks;
  readonly nodeId: string;
}

/** What a caller hears where there is no room, or nobody to answer. */
export const BUSY =
  "I'm sorry, we can't take your call right now. Please try again in a few minutes. Goodbye.";
const NOT_IN_SERVICE = 'The number you have called is not in service. Goodbye.';

/** Refusals that a caller hears about although the webhook's address says whose it is. */
const SPOKEN: readonly ErrorCode[] = ['quota', 'precondition', 'unavailable'];
/** Refusals of tenants that take no calls at all: not answering costs nobody anything. */
const OUT_OF_USE: readonly ErrorCode[] = ['forbidden', 'payment_required'];

export function makeReception(deps: ReceptionDeps): Reception {
  return {
    async receive(given) {
      const { from, to, carrierRef } = given;
      const call = { ...given, from: plain(from), to: plain(to), carrierRef: plain(carrierRef) };
      const number = await deps.uow.system.read((repos) => repos.numbers.findByE164(call.to));
      const scope = call.scope ?? (number && ofTenant(number.tenantId));
      if (!scope) return { does: 'say', text: NOT_IN_SERVICE };
      const own = number?.tenantId === scope.tenantId ? number : null;
      if (own && !own.active) return { does: 'reject', reason: 'rejected' };
      if (!call.hasRoom) return { does: 'say', text: BUSY };
      try {
        return await admit(deps, { scope, call, number: own });
      } catch (thrown) {
        const error = toDomainError(thrown);
        if (call.scope !== null && !SPOKEN.includes(error.code)) throw error;
        return spoken(deps, error);
      }
    },
  };
}

function spoken({ log }: ReceptionDeps, error: DomainError): VoiceAnswer {
  if (OUT_OF_USE.includes(error.code)) return { does: 'reject', reason: 'rejected' };
  if (error.code === 'internal') log.error({ err: error }, 'call not taken');
  return { does: 'say', text: BUSY };
}

interface Visit {
  scope: Scope;
  call: InboundCall;
  /** The tenant's own number that was called; null where it is not registered. */
  number: PhoneNumber | null;
}

async function admit(deps: ReceptionDeps, visit: Visit): Promise<VoiceAnswer> {
  const { scope, call, number } = visit;
  const callbacks = number?.callbacks ?? NO_CALLBACKS;
  const { from, to, carrierRef, assistantId } = call;
  const asked = assistantId === undefined ? {} : { assistantId };
  const request: AdmissionRequest = {
    type: 'phone',
    direction: 'inbound',
    ...{ from, to, carrierRef, callbacks },
    ...asked,
  };
  if (callbacks.startUrl === null) {
    const { callId, token } = await deps.admission.admit(scope, request);
    return { does: 'connect', callId, token };
  }
  const missed = await expected(deps, scope, request);
  const answer = await ask(deps, scope, missed);
  if (answer.does === 'reject') {
    await deps.lifecycle.miss(scope, missed, { reason: answer.reason });
    return { does: 'reject', reason: answer.reason };
  }
  const brief = answer.does === 'brief' ? answer.sealed : null;
  try {
    const { token } = await deps.admission.admit(scope, { ...request, callId: missed.id, brief });
    return { does: 'connect', callId: missed.id, token };
  } catch (thrown) {
    const error = toDomainError(thrown);
    await deps.lifecycle.miss(scope, missed, { reason: 'failed', why: error.publicMessage });
    throw error;
  }
}

function ask({ callbacks }: ReceptionDeps, scope: Scope, missed: MissedCall): Promise<StartAnswer> {
  return callbacks.ask(scope, { ...missed, callId: missed.id, callSid: missed.carrierRef });
}

/** The call as it is before its backend is asked: one that cannot be taken anyway is not asked about. */
async function expected(deps: ReceptionDeps, scope: Scope, request: AdmissionRequest): Promise<MissedCall> {
  const nowMs = deps.clock.nowMs();
  const { type, direction, from, to, carrierRef, callbacks = NO_CALLBACKS, assistantId } = request;
  const asked = assistantId === undefined ? {} : { assistantId };
  return deps.uow.read(scope, async (repos) => {
    const around = await circumstances(repos, nowMs);
    requireActive(around.tenant);
    await requireRoom(repos, around);
    const assistant = await answering(repos, { direction, from, to, ...asked }, around);
    return {
      id: newId('call'),
      tenantId: scope.tenantId,
      assistantId: assistant.id,
      assistantName: assistant.name,
      nodeId: deps.nodeId,
      variables: {},
      metadata: {},
      startedAt: new Date(nowMs),
      ...{ type, direction, from, to, carrierRef, callbacks },
    };
  });
}
