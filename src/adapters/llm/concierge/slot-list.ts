import { DateTime } from 'luxon';
import { isJsonObject, type Json } from '#kernel/json';
import type { ClockTime, DayPart } from './when.ts';

/** A free time, in the zone of the call. */
export interface FreeTime {
  date: DateTime;
  hour: number;
  minute: number;
}

/** What a calendar answered for a day. */
export interface SlotList {
  /** The day that was asked for. */
  day: DateTime;
  times: readonly FreeTime[];
  /** Free times of other days, when it told any. */
  elsewhere: readonly FreeTime[];
}

const OFFERED = 3;
const PARTS: Record<DayPart, readonly [number, number]> = {
  morning: [0, 12],
  afternoon: [12, 17],
  evening: [17, 24],
};

/**
 * Reads whatever a calendar tool answers: objects with a date and a time, ISO date-times, or clock times of the day
 * asked for. Null for an answer that reports an error or holds none of these.
 */
export function readSlots(result: Json, day: DateTime): SlotList | null {
  const found: FreeTime[] = [];
  let listed = false;
  const walk = (value: Json, around: DateTime): void => {
    if (Array.isArray(value)) {
      listed = true;
      for (const each of value) walk(each, around);
    } else if (isJsonObject(value)) {
      if (value.available === false || value.free === false) return;
      const own = typeof value.date === 'string' ? isoDay(value.date, day) : around;
      const start = value.time ?? value.start ?? value.startTime ?? value.start_time ?? value.from;
      if (typeof start === 'string') walk(start, own);
      else
        for (const [key, each] of Object.entries(value)) if (key !== 'end') walk(each, isoDay(key, day, own));
    } else if (typeof value === 'string') {
      const time = readTime(value, around);
      if (time) found.push(time);
    }
  };
  walk(result, day);
  if (found.length === 0 && !listed) return null;
  const sorted = found
    .sort((a, b) => at(a) - at(b))
    .filter((time, place, all) => place === 0 || at(time) !== at(all[place - 1]!));
  const same = (time: FreeTime) => time.date.hasSame(day, 'day');
  return { day, times: sorted.filter(same), elsewhere: sorted.filter((time) => !same(time)) };
}

const at = ({ date, hour, minute }: FreeTime): number => date.toMillis() + (hour * 60 + minute) * 60_000;

function isoDay(text: string, like: DateTime, otherwise: DateTime = like): DateTime {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return otherwise;
  const day = DateTime.fromISO(text, { zone: like.zoneName ?? 'utc' });
  return day.isValid ? day : otherwise;
}

function readTime(text: string, day: DateTime): FreeTime | null {
  if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(text)) {
    const zone = day.zoneName ?? 'utc';
    const moment = DateTime.fromISO(text, { zone });
    return moment.isValid ? { date: moment.startOf('day'), hour: moment.hour, minute: moment.minute } : null;
  }
  const [, hours, minutes = '0', half] =
    /^(\d{1,2})(?::(\d{2}))?(?::\d{2})?\s*([ap])?\.?m?\.?$/i.exec(text.trim()) ?? [];
  if (hours === undefined || (minutes === '0' && half === undefined)) return null;
  const hour =
    half === undefined ? Number(hours) : (Number(hours) % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
  return hour < 24 && Number(minutes) < 60
    ? { date: day.startOf('day'), hour, minute: Number(minutes) }
    : null;
}

/** The free time a caller means: exactly it or, where the half of the day was left open, twelve hours off. */
export function slotAt(list: SlotList, time: ClockTime): FreeTime | undefined {
  const exact = list.times.find(({ hour, minute }) => hour === time.hour && minute === time.minute);
  if (exact || time.sure) return exact;
  return list.times.find(({ hour, minute }) => hour === (time.hour + 12) % 24 && minute === time.minute);
}

/** Up to three free times to offer: around a wanted time, within a part of the day, or spread over the day. */
export function offer(
  times: readonly FreeTime[],
  wanted: { time: ClockTime | null; part: DayPart | null; order: 'first' | 'last' | null },
): FreeTime[] {
  const [from, to] = wanted.part === null ? [0, 24] : PARTS[wanted.part];
  const within = times.filter(({ hour }) => hour >= from && hour < to);
  const pool = within.length > 0 ? within : times;
  const { time } = wanted;
  if (time) {
    const minutes = (each: { hour: number; minute: number }) => each.hour * 60 + each.minute;
    const near = [...times].sort(
      (a, b) => Math.abs(minutes(a) - minutes(time)) - Math.abs(minutes(b) - minutes(time)),
    );
    return near.slice(0, OFFERED).sort((a, b) => minutes(a) - minutes(b));
  }
  if (pool.length <= OFFERED) return [...pool];
  const sameDay = pool.every(({ date }) => date.equals(pool[0]!.date));
  if (wanted.order === 'last') return pool.slice(-OFFERED);
  if (!sameDay || wanted.order === 'first') return pool.slice(0, OFFERED);
  return [0, Math.floor(pool.length / 2), pool.length - 1].map((place) => pool[place]!);
}
