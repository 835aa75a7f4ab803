import { type Static, Type } from 'typebox';
import { callSidOf } from '#core/calls/call-sid';
import type { BilledCall, UsageTotals } from '#core/usage/usage';
import { usdFromMicros } from '#kernel/money';
import type { OffsetPage } from '#kernel/page';
import { Id, Timestamp } from '../schemas.ts';

/** What a minute and a month cost, in dollars. */
export const priceFields = { perMinuteRate: Type.Number(), monthlyBase: Type.Number() };

export interface Prices {
  readonly monthlyMicros: number;
  readonly perMinuteMicros: number;
}

export function showPrices({ monthlyMicros, perMinuteMicros }: Prices) {
  return { perMinuteRate: usdFromMicros(perMinuteMicros), monthlyBase: usdFromMicros(monthlyMicros) };
}

const UsageRecord = Type.Object({
  id: Id,
  callSid: Type.String({ description: "Twilio's SID of the call, or one of the same form." }),
  callerPhone: Type.String(),
  calledNumber: Type.String(),
  durationSeconds: Type.Number({ description: 'As billed: whole seconds.' }),
  costBreakdown: Type.Object({
    totalCost: Type.Number({ description: 'US dollars.' }),
  }),
  createdAt: Timestamp,
});

export const UsagePageBody = Type.Object({
  records: Type.Array(UsageRecord),
  total: Type.Integer(),
  limit: Type.Integer(),
  offset: Type.Integer(),
});

export function showUsagePage(
  page: OffsetPage<BilledCall>,
  applied: { limit: number; offset: number },
): Static<typeof UsagePageBody> {
  return { records: page.items.map(showRecord), total: page.total, ...applied };
}

function showRecord(call: BilledCall): Static<typeof UsageRecord> {
  return {
    id: call.callId,
    callSid: callSidOf(call.callId, call.carrierRef),
    callerPhone: call.from,
    calledNumber: call.to,
    durationSeconds: call.billedMs / 1_000,
    costBreakdown: { totalCost: usdFromMicros(call.costMicros) },
    createdAt: call.endedAt.toISOString(),
  };
}

export const UsageSummaryBody = Type.Object({
  currentMonth: Type.Object({
    calls: Type.Integer(),
    minutes: Type.Number(),
    estimatedCost: Type.Number(),
  }),
  allTime: Type.Object({ calls: Type.Integer(), minutes: Type.Number() }),
  ...priceFields,
});

/** The month in UTC. The base price is no part of the estimate. */
export function showUsageSummary({ month, allTime }: UsageTotals, prices: Prices) {
  const { calls, minutes } = month;
  const estimatedCost = withoutDust(minutes * usdFromMicros(prices.perMinuteMicros));
  return { currentMonth: { calls, minutes, estimatedCost }, allTime, ...showPrices(prices) };
}

/** Without what floating point leaves in the last digits. */
function withoutDust(usd: number): number {
  return Math.round(usd * 1e10) / 1e10;
}
