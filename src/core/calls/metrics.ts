import type { CallCost, CallMetrics, TurnMetrics } from '#core/calls/call';
import type { LogEntry } from '#core/calls/log-entry';
import type { UsageRow } from '#core/usage/usage';

/** The figures of one call from its log and its lines of the ledger. */
export function metricsOf(log: readonly LogEntry[], usage: readonly Omit<UsageRow, 'id'>[]): CallMetrics {
  const turns = log.flatMap((entry): TurnMetrics[] => {
    if (entry.type !== 'turn.latency') return [];
    const { turnId = null, voiceToVoiceMs, stages } = entry;
    return [{ turnId, voiceToVoiceMs, stages }];
  });
  const sorted = turns.map(({ voiceToVoiceMs }) => voiceToVoiceMs).sort((a, b) => a - b);
  return {
    turns,
    voiceToVoiceMs:
      sorted.length === 0 ? null : { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95) },
    interruptions: log.filter((entry) => entry.type === 'agent.interrupted' && !entry.resumed).length,
    cost: costOf(usage),
  };
}

/** The nearest-rank percentile of a sorted, non-empty list. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!;
}

function costOf(usage: readonly Omit<UsageRow, 'id'>[]): CallCost {
  const components = usage.map(({ component, provider, unit, amount, costMicros }) => ({
    component,
    provider,
    unit,
    amount,
    costMicros,
  }));
  return {
    totalMicros: components.reduce((sum, { costMicros }) => sum + costMicros, 0),
    components,
  };
}

/** How far a call got, by its log alone: for a call whose end nobody saw. */
export function lastMomentMs(log: readonly LogEntry[]): number {
  return log.reduce((latest, entry) => {
    const endMs = 'toMs' in entry ? entry.toMs : entry.atMs;
    return Math.max(latest, entry.type === 'call.ended' ? entry.durationMs : endMs);
  }, 0);
}
