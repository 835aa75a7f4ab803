import type { DateTime } from 'luxon';

/** A stretch of time in which appointments are given, in milliseconds since 1970. */
export interface Block {
  fromMs: number;
  toMs: number;
}

const OPENS_HOUR = 9;
const CLOSES_HOUR = 17;
const FRIDAY = 5;

/** The opening hours of a local day, Monday to Friday; null when closed. `day` is any moment of that day in its zone. */
export function hoursOf(day: DateTime): Block | null {
  if (day.weekday > FRIDAY) return null;
  const midnight = day.startOf('day');
  return {
    fromMs: midnight.set({ hour: OPENS_HOUR }).toMillis(),
    toMs: midnight.set({ hour: CLOSES_HOUR }).toMillis(),
  };
}
