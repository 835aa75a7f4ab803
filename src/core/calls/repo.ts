import type { Call, CallAnalysis, CallStatus } from '#core/calls/call';
import type { EndReason, LogEntry } from '#core/calls/log-entry';
import type { StreamTicket } from '#core/calls/order';
import type { CallProgress } from '#core/calls/progress';
import type { AssistantId, CallId, TenantId } from '#kernel/ids';
import type { OffsetPage } from '#kernel/page';

export interface CallFilter {
  readonly assistantId?: AssistantId;
  readonly status?: CallStatus;
}

export interface CallEnding {
  readonly status: Exclude<CallStatus, 'active'>;
  readonly reason: EndReason;
  readonly endedAt: Date;
  readonly durationMs: number;
  readonly recordingKey: string | null;
}

export interface CallRepo {
  addTicket(ticket: StreamTicket, tokenHash: string): Promise<void>;
  /** Whether there is a call with the carrier's id. */
  knows(carrierRef: string): Promise<boolean>;
  /** False where the id is taken. */
  insert(call: Call): Promise<boolean>;
  /** Of a call that is active and unanswered: who answers, where and when. False where it is not. */
  answer(call: Call): Promise<boolean>;
  find(id: CallId): Promise<Call | null>;
  /** Newest first, the higher id first among equals. */
  list(filter: CallFilter, page: { skip: number; limit: number }): Promise<OffsetPage<Call>>;
  /**
   * The same without a count: a single query. `before` takes calls older than that one, `after` those newer, the ones
   * next to it.
   */
  page(
    filter: CallFilter,
    page: { skip: number; limit: number; before?: CallId; after?: CallId },
  ): Promise<Call[]>;
  count(filter: CallFilter): Promise<number>;
  countActive(): Promise<number>;
  /** Ends the call if it is active still, and says whether it did. Its progress is forgotten. */
  end(id: CallId, ending: CallEnding): Promise<boolean>;
  /** In order of `seq`. */
  log(id: CallId): Promise<LogEntry[]>;
  /** What was noted last of a live call; null when nothing was. */
  progress(id: CallId): Promise<CallProgress | null>;
  saveAnalysis(id: CallId, analysis: CallAnalysis): Promise<boolean>;
  setCarrierRef(id: CallId, carrierRef: string): Promise<boolean>;
}

/** One entry of a call's log on its way into storage. */
export interface LogLine {
  readonly tenantId: TenantId;
  readonly event: { readonly callId: CallId } & LogEntry;
}

export interface CallDirectory {
  /** Takes the ticket away: of two at once exactly one gets it. Null where it is unknown, used or expired. */
  takeTicket(tokenHash: string, at: Date): Promise<StreamTicket | null>;
  /** Takes away the tickets that expired before this moment. */
  takeExpiredTickets(before: Date): Promise<StreamTicket[]>;
  /** Adds entries whose `(callId, seq)` is new; those of calls that do not exist are passed over. */
  append(lines: readonly LogLine[]): Promise<void>;
  /** Notes how far live calls have got, in place of what was noted before; calls that have ended are passed over. */
  noteProgress(calls: readonly CallProgress[]): Promise<void>;
  /** Whether media have opened for a call with the carrier's id. */
  hasBegun(carrierRef: string): Promise<boolean>;
  /** Active calls of a node, but for those whose media are still to open: they may open anywhere. */
  activeOn(nodeId: string): Promise<Call[]>;
}
