import { circumstances, viewOf } from '#core/assistants/status';
import { invalid, wholeField } from '#core/fields';
import type { UnitOfWork } from '#core/uow';
import { monthStart } from '#core/usage/month';
import type { BilledCall, DailyUsage, MonthUsage, Stats, UsageTotals } from '#core/usage/usage';
import type { Clock } from '#kernel/clock';
import { isId } from '#kernel/ids';
import type { OffsetPage } from '#kernel/page';
import type { Scope } from '#kernel/scope';

export interface Usage {
  /** Active agents are those that could answer now, the tenant's default assistant left out. */
  stats(scope: Scope): Promise<Stats>;
  /** The last `days` days in UTC, today included; days without use are left out. 1 to 366, else `invalid`. */
  daily(scope: Scope, days: number): Promise<DailyUsage[]>;
  /** This month so far, UTC. */
  month(scope: Scope): Promise<MonthUsage>;
  totals(scope: Scope): Promise<UsageTotals>;
  /**
   * Calls that have ended, newest first; `total` counts all of them, as `totals` does. A page that begins after the last
   * call of the one before (`before`) stays right while calls are added. Throws `invalid` (`skip`, `limit` 1 to 100,
   * `before`).
   */
  calls(
    scope: Scope,
    page: { skip: number; limit: number; before?: string },
  ): Promise<OffsetPage<BilledCall>>;
}

const DAY_MS = 24 * 3_600_000;

export function makeUsage({ uow, clock }: { uow: UnitOfWork; clock: Clock }): Usage {
  return {
    stats: (scope) =>
      uow.read(scope, async (repos) => {
        const [{ calls, finishedCalls, durationMs }, { minutes }, around, assistants] = await Promise.all([
          repos.usage.totals(),
          repos.usage.since(new Date(0)),
          circumstances(repos, clock.nowMs()),
          repos.assistants.listOn(),
        ]);
        const active = assistants.filter((assistant) => viewOf(assistant, around).status === 'active');
        return {
          totalCalls: calls,
          activeAgents: active.length,
          // As they are billed, so that they agree with the days and the account; a duration is as it was measured.
          totalMinutes: minutes,
          averageDurationSec: finishedCalls === 0 ? null : durationMs / 1_000 / finishedCalls,
        };
      }),
    async daily(scope, days) {
      wholeField(days, 'days', { min: 1, max: 366 });
      const todayMs = Math.floor(clock.nowMs() / DAY_MS) * DAY_MS;
      const since = new Date(todayMs - (days - 1) * DAY_MS);
      return uow.read(scope, (repos) => repos.usage.daily(since));
    },
    month: (scope) => uow.read(scope, (repos) => repos.usage.since(monthStart(clock.nowMs()))),
    totals: (scope) =>
      uow.read(scope, async ({ usage }) => {
        const { calls, minutes } = await usage.since(new Date(0));
        return { month: await usage.since(monthStart(clock.nowMs())), allTime: { calls, minutes } };
      }),
    async calls(scope, page) {
      const skip = wholeField(page.skip, 'skip', { min: 0, max: 2 ** 31 - 1 });
      const limit = wholeField(page.limit, 'limit', { min: 1, max: 100 });
      const before = page.before ?? null;
      if (before !== null && !isId('call', before)) throw invalid('before', 'before names no call.');
      return uow.read(scope, (repos) => repos.usage.calls({ skip, limit, before }));
    },
  };
}
