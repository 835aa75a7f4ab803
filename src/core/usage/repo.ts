import type { BilledCall, DailyUsage, MonthUsage, UsageRow } from '#core/usage/usage';
import type { CallId } from '#kernel/ids';
import type { OffsetPage } from '#kernel/page';

export interface UsageRepo {
  /** Rows whose key is there already are passed over. */
  add(rows: readonly UsageRow[]): Promise<void>;
  ofCall(callId: CallId): Promise<UsageRow[]>;
  /** Calls that ended since, and their minutes. */
  since(at: Date): Promise<MonthUsage>;
  /** Calls as `since` counts them, newest first; those that come after `before`, where it is given. */
  calls(page: { skip: number; limit: number; before: CallId | null }): Promise<OffsetPage<BilledCall>>;
  /** Days with any use since, oldest first. */
  daily(since: Date): Promise<DailyUsage[]>;
  totals(): Promise<{ calls: number; finishedCalls: number; durationMs: number }>;
}
