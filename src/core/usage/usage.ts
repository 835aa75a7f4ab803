import type { CallId, TenantId, UsageId } from '#kernel/ids';
import type { MicroUsd } from '#kernel/money';

/** What was used: the line itself, or one stage of the conversation. */
export type UsageComponent = 'call' | 'stt' | 'llm' | 'tts';

export type UsageUnit = 'ms' | 'audioMs' | 'inputTokens' | 'outputTokens' | 'chars';

/** One line of the ledger. `key` makes it exactly once: the same key is never written twice. */
export interface UsageRow {
  readonly id: UsageId;
  readonly tenantId: TenantId;
  readonly key: string;
  readonly callId: CallId | null;
  readonly component: UsageComponent;
  /** `openai/gpt-4o`, or `line` for the call itself. */
  readonly provider: string;
  readonly unit: UsageUnit;
  readonly amount: number;
  /** At list prices; 0 for the embedded providers. */
  readonly costMicros: MicroUsd;
  readonly at: Date;
}

/** One day in UTC. */
export interface DailyUsage {
  /** `2024-02-17` */
  readonly date: string;
  readonly calls: number;
  readonly minutes: number;
  readonly tokens: number;
  readonly ttsChars: number;
}

export interface MonthUsage {
  /** First moment of the month, UTC. */
  readonly since: Date;
  readonly calls: number;
  readonly minutes: number;
}

/** A call that has ended, as it is billed. */
export interface BilledCall {
  readonly callId: CallId;
  /** The carrier's own id. */
  readonly carrierRef: string | null;
  readonly from: string;
  readonly to: string;
  readonly billedMs: number;
  /** What the time on the line costs the tenant; providers apart. */
  readonly costMicros: MicroUsd;
  readonly endedAt: Date;
}

/** Counts of this month and of all months are of one moment. */
export interface UsageTotals {
  readonly month: MonthUsage;
  readonly allTime: Omit<MonthUsage, 'since'>;
}

export interface Stats {
  readonly totalCalls: number;
  readonly activeAgents: number;
  readonly totalMinutes: number;
  /** Seconds; null before the first finished call. */
  readonly averageDurationSec: number | null;
}
