import type { DateTime } from 'luxon';

/** A stretch of time in which appointments are given, in milliseconds since 1970. */
export interface Block {
  fromMs: number;
  toMs: number;
}

/** Local hours by weekday, Monday first. */
const WORKDAY = [
  [9, 12],
  [13, 17],
] as const;
const WEEK: readonly (readonly (readonly [number, number])[])[] = [
  WORKDAY,
  WORKDAY,
  WORKDAY,
  WORKDAY,
  WORKDAY,
  [[9, 13]],
  [],
];

/** The opening hours of a local day, earliest first; empty when closed. `day` is any moment of that day in its zone. */
export function blocksOf(day: DateTime): Block[] {
  return (WEEK[day.weekday - 1] ?? []).map(([from, to]) => ({
    fromMs: day.startOf('day').set({ hour: from }).toMillis(),
    toMs: day.startOf('day').set({ hour: to }).toMillis(),
  }));
}
