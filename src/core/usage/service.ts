import type { DailyUsage, MonthUsage, Stats } from '#core/usage/usage';
import type { Scope } from '#kernel/scope';

export interface Usage {
  stats(scope: Scope): Promise<Stats>;
  /** The last `days` days in UTC, today included; days without use are left out. 1 to 366, else `invalid`. */
  daily(scope: Scope, days: number): Promise<DailyUsage[]>;
  /** This month so far, UTC. */
  month(scope: Scope): Promise<MonthUsage>;
}
