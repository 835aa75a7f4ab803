import type { Call } from '#core/calls/call';
import type { LogEntry } from '#core/calls/log-entry';
import type { CallId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';

/** What can go wrong with a call that its tenant's backend is told of. */
export type IncidentKind =
  /** The start callback did not answer in time, or with an error. */
  | 'start_callback_failed'
  /** It answered what cannot be used; `field` names what. */
  | 'start_answer_invalid'
  /** A provider failed; another one took over, where there was one. */
  | 'provider_failed'
  | 'call_failed'
  /** A call that was to be made never reached anybody. */
  | 'dial_failed'
  /** The end callback was given up after its last try. */
  | 'end_callback_failed';

export interface Incident {
  readonly kind: IncidentKind;
  /** In words for developers. */
  readonly message: string;
  readonly at: Date;
  /** The stage of the conversation: `stt`, `llm`, `tts`, … */
  readonly stage?: string;
  /** Whose fault it was; absent where no provider of the stage was left. */
  readonly provider?: string;
  /** The field of the start callback's answer. */
  readonly field?: string;
}

/** The call that an incident is about; it need not be stored yet. */
export type IncidentCall = Pick<Call, 'tenantId' | 'direction' | 'from' | 'to' | 'callbacks' | 'metadata'> & {
  readonly callId: CallId;
  readonly callSid: string | null;
};

export function incidentCall({ id: callId, carrierRef: callSid, ...call }: Call): IncidentCall {
  return { ...call, callId, callSid };
}

/** What `onErrorUrl` is sent; docs/schemas/call-error.json is its JSON Schema. */
export interface CallError {
  readonly type: 'call.error';
  /** When it went wrong. */
  readonly timestamp: string;
  readonly data: {
    readonly incident: IncidentKind;
    readonly message: string;
    readonly stage: string | null;
    readonly provider: string | null;
    readonly field: string | null;
    readonly callId: CallId;
    readonly callSid: string | null;
    readonly direction: Call['direction'];
    readonly from: string;
    readonly to: string;
    readonly metadata: JsonObject;
  };
}

export function callError(call: IncidentCall, incident: Incident): CallError {
  const { kind, message, at, stage = null, provider = null, field = null } = incident;
  const { callId, callSid, direction, from, to, metadata } = call;
  return {
    type: 'call.error',
    timestamp: at.toISOString(),
    data: {
      incident: kind,
      message,
      stage,
      provider,
      field,
      callId,
      callSid,
      direction,
      from,
      to,
      metadata,
    },
  };
}

/** The same for the same fault of one call, however often it is noticed: what is told under it is told once. */
export function incidentId(callId: CallId, { kind, stage, provider }: Incident): string {
  return ['error', callId, kind, stage, provider].filter((part) => part !== undefined).join('_');
}

/** Steps of a call's log that are no fault, or the end of one. */
const HARMLESS = new Set(['recovered', 'filler']);

/** The fault that an entry of a call's log tells of; null for the others. */
export function incidentOf(entry: LogEntry, startedAt: Date): Incident | null {
  if (!isFault(entry)) return null;
  const { stage, provider, step, why } = entry;
  const message =
    step === 'fallback'
      ? `${provider ?? 'A provider'} (${stage}) failed and another one took over: ${why}`
      : `No provider (${stage}) was left that worked: ${why}`;
  return {
    kind: 'provider_failed',
    message,
    at: new Date(startedAt.getTime() + entry.atMs),
    stage,
    ...(provider === undefined ? {} : { provider }),
  };
}

/** What a call that failed had to do with, by its log. */
export function lastFault(log: readonly LogEntry[]): string | undefined {
  const fault = log.findLast(isFault);
  return fault && `The call ended by a failure (${fault.stage}): ${fault.why}`;
}

/** Whether an entry tells of a fault; those are rare. */
export function isFault(entry: LogEntry): entry is Extract<LogEntry, { type: 'degraded' }> {
  return entry.type === 'degraded' && !HARMLESS.has(entry.step);
}

/** How a call that failed is told of. `why` is in words for developers. */
export function failedCall({ direction, answeredAt }: Call, why: string | undefined, at: Date): Incident {
  const isUnanswered = direction === 'outbound' && answeredAt === null;
  return isUnanswered
    ? { kind: 'dial_failed', message: why ?? 'The call could not be made.', at }
    : { kind: 'call_failed', message: why ?? 'The call ended by a failure.', at };
}
