import { bookCall } from '#core/billing/books';
import { announceEnd } from '#core/callbacks/announce';
import { lastFault } from '#core/callbacks/incident';
import type { Call } from '#core/calls/call';
import type { EndReason, LogEntry } from '#core/calls/log-entry';
import type { Tx } from '#core/uow';

export interface CallResult {
  readonly reason: EndReason;
  readonly durationMs: number;
  /** Key of the finished recording among the blobs. */
  readonly recordingKey?: string | null;
  /** What failed, in words for the tenant's developers; no secrets. */
  readonly why?: string;
}

/** What is known of a call that nobody was connected to. */
export type MissedCall = Omit<
  Call,
  'status' | 'answeredAt' | 'endedAt' | 'durationMs' | 'endReason' | 'recordingKey' | 'analysis'
>;

/** Ends of calls in which nobody could be talked to. */
const UNREACHED: readonly EndReason[] = ['failed', 'busy', 'no_answer', 'rejected'];

/**
 * Ends the call with its entry in the books and the jobs after it. Of all who end a call the first one's ending stands: false for
 * the others, who write nothing.
 */
export async function endCall(
  tx: Tx,
  call: Call,
  { log, why, now, ...result }: CallResult & { log: readonly LogEntry[]; now: Date },
): Promise<boolean> {
  const { reason, durationMs, recordingKey = null } = result;
  const endedAt = call.answeredAt === null ? now : new Date(call.answeredAt.getTime() + durationMs);
  const status = UNREACHED.includes(reason) ? 'failed' : 'completed';
  if (!(await tx.calls.end(call.id, { status, reason, endedAt, durationMs, recordingKey }))) return false;
  const { tenantId, id: callId } = call;
  await bookCall(tx, { tenantId, callId, durationMs, endedAt }, log);
  await tx.enqueue('post-call', { tenantId, callId }, { key: `post-call:${callId}` });
  await announceEnd(tx, call, { isFailed: reason === 'failed', why: why ?? lastFault(log), now });
  return true;
}

/** Ends a call that nobody was connected to, storing it first where it is not stored yet. False: it had ended, or goes on. */
export async function endMissed(
  tx: Tx,
  missed: MissedCall,
  result: Pick<CallResult, 'reason' | 'why'> & { now: Date },
): Promise<boolean> {
  const open = { answeredAt: null, endedAt: null, durationMs: null, endReason: null };
  const fresh: Call = { ...missed, ...open, status: 'active', recordingKey: null, analysis: null };
  const call = (await tx.calls.insert(fresh)) ? fresh : await tx.calls.find(missed.id);
  if (call?.status !== 'active' || call.answeredAt !== null) return false;
  return endCall(tx, call, { ...result, durationMs: 0, log: [] });
}
