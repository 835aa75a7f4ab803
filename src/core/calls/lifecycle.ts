import type { Call, CallAnalysis } from '#core/calls/call';
import type { EndReason } from '#core/calls/log-entry';
import type { CallOrder } from '#core/calls/order';
import type { LogLine } from '#core/calls/repo';
import type { CallId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';

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
  /**
   * Ends the call: `failed` for the reason `failed`, else `completed`. Its usage and the job after it are stored in the
   * same transaction, once, whoever else ends it. The log has been appended before. Throws `not_found`.
   */
  finish(scope: Scope, callId: CallId, result: CallResult): Promise<Call>;
  /** At a node's start: ends what it left active as failed, with what its log holds. The ids of those calls. */
  recoverOrphans(nodeId: string): Promise<CallId[]>;
  /** Throws `not_found`. */
  saveAnalysis(scope: Scope, callId: CallId, analysis: CallAnalysis): Promise<void>;
}
