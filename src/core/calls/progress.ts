import type { LogEntry } from '#core/calls/log-entry';
import { lastMomentMs } from '#core/calls/metrics';
import type { CallId, TenantId, TurnId } from '#kernel/ids';

/** How far a live call has got beyond its log: should its node die now, this is how the log ends. */
export interface CallProgress {
  readonly callId: CallId;
  readonly tenantId: TenantId;
  /** The last entry the log had when this was noted; -1 for none. */
  readonly afterSeq: number;
  /** When it was noted, in milliseconds since the call started. */
  readonly atMs: number;
  /** What the agent is saying, as far as the caller has heard it. */
  readonly said: {
    readonly purpose: string;
    readonly text: string;
    readonly fromMs: number;
    readonly turnId?: TurnId;
  } | null;
  /** The caller's latest words, not final yet. */
  readonly heard: { readonly text: string; readonly turnId?: TurnId } | null;
}

type WithoutSeq<T> = T extends unknown ? Omit<T, 'seq'> : never;

/**
 * The entries that end the log of a call whose node died: the words that were being spoken, unless the log has them
 * by now, and the end. `log` is in order of `seq`.
 */
export function lastEntries(log: readonly LogEntry[], progress: CallProgress | null): LogEntry[] {
  if (log.at(-1)?.type === 'call.ended') return [];
  const durationMs = Math.max(lastMomentMs(log), progress?.atMs ?? 0);
  const end = { type: 'call.ended', atMs: durationMs, reason: 'failed', durationMs } as const;
  const entries = [...(progress ? wordsOf(log, progress) : []), end];
  const lastSeq = log.at(-1)?.seq ?? -1;
  return entries.map((entry, at) => ({ ...entry, seq: lastSeq + 1 + at }));
}

function wordsOf(log: readonly LogEntry[], progress: CallProgress): WithoutSeq<LogEntry>[] {
  const { said, heard, afterSeq, atMs } = progress;
  const words: WithoutSeq<LogEntry>[] = [];
  const isSaid = log.some((entry) => entry.type === 'agent.said' && entry.fromMs === said?.fromMs);
  if (said && said.text !== '' && !isSaid) {
    words.push({ ...said, type: 'agent.said', atMs, toMs: atMs, interrupted: true, unheardChars: 0 });
  }
  const isHeard = log.some(
    ({ seq, type }) => seq > afterSeq && (type === 'user.heard' || type === 'turn.ended'),
  );
  if (heard && heard.text !== '' && !isHeard) {
    words.push({ ...heard, type: 'user.heard', atMs, final: true });
  }
  return words;
}
