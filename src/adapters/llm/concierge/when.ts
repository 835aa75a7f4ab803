import { DateTime } from 'luxon';
import { numberAt, ordinalAt } from './numbers.ts';

export type DayPart = 'morning' | 'afternoon' | 'evening';

/** A time of day. `sure` is false when nothing said whether it is before or after noon. */
export interface ClockTime {
  hour: number;
  minute: number;
  sure: boolean;
}

/** What an utterance says about when. */
export interface SaidWhen {
  /** Start of that day, in the zone of `now`. */
  date: DateTime | null;
  time: ClockTime | null;
  part: DayPart | null;
  /** As soon as possible, or any day. */
  earliest: boolean;
  /** A week was named without a day. */
  week: boolean;
}

export interface WhenOptions {
  now: DateTime;
  /** A time or a day was asked for: a bare "three" or "the first" means one. */
  asked: 'time' | 'date' | null;
  /** The Monday of the week that is spoken of: a weekday means the one in it. */
  week?: DateTime | null;
  /** When the business is open, which settles whether "seven" is in the morning or the evening. */
  open: OpenHours | null;
}

/** The earliest opening and the latest closing hour, 0 to 24. */
export interface OpenHours {
  from: number;
  to: number;
}

const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const SHORT_DAYS: Readonly<Record<string, number>> = {
  mon: 1,
  tue: 2,
  tues: 2,
  wed: 3,
  thu: 4,
  thur: 4,
  thurs: 4,
  fri: 5,
  sat: 6,
  sun: 7,
};
const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const MONTH_SHORT = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const CORRECTION = /\b(?:no wait|no sorry|i mean|i meant|actually|sorry|rather|or better|scratch that|no)\b/g;

/**
 * Reads days and times from normalised words: "tomorrow at three thirty", "next tuesday morning", "half past nine",
 * "the twenty fourth", "11/24". What follows a correction ("no", "i mean") overrides what stood before it; a day
 * named with "not" or "instead of" is none.
 */
export function readWhen(text: string, options: WhenOptions): SaidWhen {
  const cleaned = text.replace(
    /\b(?:instead of|rather than|not(?: on)?|can not (?:do|make|come)(?: on)?)(?: this| next)? (?:\S*day|today|tomorrow|(?:at )?\S+ ?(?:am|pm|oclock))\b/g,
    ' ',
  );
  const parts = cleaned
    .replace(/\bmake (?:it|that)\b/g, 'sorry at')
    .split(CORRECTION)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const said: SaidWhen = { date: null, time: null, part: null, earliest: false, week: false };
  for (const part of parts) {
    const words = part.split(' ');
    const found = dateIn(words, options);
    const rest = words.map((word, at) => (found && at >= found.from && at < found.to ? '|' : word));
    const time = timeIn(rest, options);
    said.date = found?.date ?? said.date;
    said.time = time ?? said.time;
    said.part = partIn(part) ?? said.part;
    said.earliest ||=
      /\b(?:earliest|soonest|as soon as possible|asap|first available|next (?:available|free|open)|first free|right away|any ?(?:day|time)|whenever|no preference)\b/.test(
        part,
      );
    said.week ||= /\b(?:next|this) week\b/.test(part) && !found;
  }
  if (said.time && !said.time.sure) said.time = placed(said.time, said.part, options.open);
  if (said.week && !said.date)
    said.date = /\bnext week\b/.test(text) ? options.now.plus({ weeks: 1 }).startOf('week') : null;
  return said;
}

/**
 * Puts an unsure hour where it belongs: a part of the day decides, else the business's hours, else 1 to 6 are after
 * noon and 7 to 12 as they are.
 */
function placed(time: ClockTime, part: DayPart | null, open: OpenHours | null): ClockTime {
  if (time.hour > 12 || time.hour === 0) return time;
  const [am, pm] = [time.hour % 12, (time.hour % 12) + 12];
  const fits = (hour: number) => open !== null && hour >= open.from && hour < open.to;
  let isPm = time.hour < 7 || time.hour === 12;
  if (part !== null) isPm = part !== 'morning' || time.hour === 12;
  else if (fits(am) !== fits(pm)) isPm = fits(pm);
  return { hour: isPm ? pm : am, minute: time.minute, sure: part !== null };
}

function partIn(text: string): DayPart | null {
  if (/\bmornings?\b|\bbefore noon\b|\bbefore lunch\b/.test(text)) return 'morning';
  if (/\bafternoons?\b|\bafter lunch\b/.test(text)) return 'afternoon';
  return /\bevenings?\b|\btonight\b|\bafter work\b/.test(text) ? 'evening' : null;
}

/* ---------- days ---------- */

interface FoundDate {
  date: DateTime;
  from: number;
  to: number;
}

type DayRule = (
  words: readonly string[],
  at: number,
  options: WhenOptions,
) => { date: DateTime; length: number } | null;

const DAY_RULES: readonly DayRule[] = [
  isoDay,
  slashDay,
  relativeDay,
  inDays,
  namedDay,
  monthDay,
  dayOfMonth,
  bareOrdinal,
];

function dateIn(words: readonly string[], options: WhenOptions): FoundDate | null {
  for (const rule of DAY_RULES) {
    for (let at = 0; at < words.length; at++) {
      const found = rule(words, at, options);
      if (found?.date.isValid) return { date: found.date.startOf('day'), from: at, to: at + found.length };
    }
  }
  return null;
}

function isoDay(words: readonly string[], at: number, { now }: WhenOptions): ReturnType<DayRule> {
  // Hyphens have become spaces: 2026 11 24.
  const [year = '', month = '', day = ''] = words.slice(at, at + 3);
  if (!/^20\d\d$/.test(year) || !/^\d\d?$/.test(month) || !/^\d\d?$/.test(day)) return null;
  return { date: now.set({ year: Number(year), month: Number(month), day: Number(day) }), length: 3 };
}

function slashDay(words: readonly string[], at: number, { now }: WhenOptions): ReturnType<DayRule> {
  const [, month, day, year] = /^(\d{1,2})\/(\d{1,2})(?:\/(\d{2,4}))?$/.exec(words[at] ?? '') ?? [];
  if (month === undefined || day === undefined) return null;
  return { date: inYear(now, { month: Number(month), day: Number(day) }, year), length: 1 };
}

function relativeDay(words: readonly string[], at: number, { now }: WhenOptions): ReturnType<DayRule> {
  const word = words[at];
  if (words.slice(at, at + 3).join(' ') === 'day after tomorrow')
    return { date: now.plus({ days: 2 }), length: 3 };
  if (word === 'today' || word === 'tonight') return { date: now, length: 1 };
  return word === 'tomorrow' ? { date: now.plus({ days: 1 }), length: 1 } : null;
}

function inDays(words: readonly string[], at: number, { now }: WhenOptions): ReturnType<DayRule> {
  if (words[at] !== 'in') return null;
  const one = words[at + 1] === 'a' || words[at + 1] === 'an';
  const number = one ? { value: 1, length: 1 } : numberAt(words, at + 1);
  const unit = number && words[at + 1 + number.length];
  if (!number || !unit) return null;
  if (/^days?$/.test(unit)) return { date: now.plus({ days: number.value }), length: number.length + 2 };
  return /^weeks?$/.test(unit)
    ? { date: now.plus({ weeks: number.value }), length: number.length + 2 }
    : null;
}

/** "Tuesday", "this Tuesday": the coming one, today included; "next Tuesday": the one of the next calendar week. */
function namedDay(words: readonly string[], at: number, { now, week }: WhenOptions): ReturnType<DayRule> {
  const word = (words[at] ?? '').replace(/days$/, 'day');
  const weekday = WEEKDAYS.indexOf(word) + 1 || SHORT_DAYS[word] || 0;
  if (weekday === 0) return null;
  const coming = now.plus({ days: (weekday - now.weekday + 7) % 7 });
  const next = words[at - 1] === 'next' || words.slice(at + 1, at + 3).join(' ') === 'next week';
  const weekFrom = words
    .slice(Math.max(0, at - 3), at)
    .join(' ')
    .endsWith('week from');
  if (weekFrom) return { date: coming.plus({ weeks: 1 }), length: 1 };
  const inWeek = week?.plus({ days: weekday - 1 });
  if (!next)
    return {
      date: inWeek && inWeek >= now.startOf('day') && words[at - 1] !== 'this' ? inWeek : coming,
      length: 1,
    };
  return {
    date: now
      .plus({ weeks: 1 })
      .startOf('week')
      .plus({ days: weekday - 1 }),
    length: 1,
  };
}

const monthOf = (word: string | undefined): number => {
  const full = MONTHS.indexOf(word ?? '');
  return (full >= 0 ? full : MONTH_SHORT.indexOf(word ?? '')) + 1;
};

function monthDay(words: readonly string[], at: number, { now }: WhenOptions): ReturnType<DayRule> {
  const month = monthOf(words[at]);
  if (month === 0) return null;
  const skip = words[at + 1] === 'the' ? 1 : 0;
  const day = ordinalAt(words, at + 1 + skip) ?? numberAt(words, at + 1 + skip);
  if (!day || day.value < 1 || day.value > 31) return null;
  return { date: inYear(now, { month, day: day.value }), length: 1 + skip + day.length };
}

function dayOfMonth(words: readonly string[], at: number, { now }: WhenOptions): ReturnType<DayRule> {
  const day = ordinalAt(words, at) ?? numberAt(words, at);
  if (!day || day.value < 1 || day.value > 31) return null;
  const skip = words[at + day.length] === 'of' ? 1 : 0;
  const month = monthOf(words[at + day.length + skip]);
  return month === 0 ? null : { date: inYear(now, { month, day: day.value }), length: day.length + skip + 1 };
}

function bareOrdinal(words: readonly string[], at: number, { now, asked }: WhenOptions): ReturnType<DayRule> {
  if (asked === 'time' || (words[at - 1] !== 'the' && asked !== 'date')) return null;
  const day = ordinalAt(words, at);
  if (!day || /^(?:one|available|time|slot|of)$/.test(words[at + day.length] ?? '')) return null;
  const here = now.set({ day: day.value });
  const passed = here.startOf('day') < now.startOf('day') || here.day !== day.value;
  return {
    date: passed ? now.startOf('month').plus({ months: 1 }).set({ day: day.value }) : here,
    length: day.length,
  };
}

/** That day of this year, or of the next when it has passed. */
function inYear(now: DateTime, { month, day }: { month: number; day: number }, year?: string): DateTime {
  const given = year === undefined ? now.year : Number(year) + (year.length === 2 ? 2000 : 0);
  const date = DateTime.fromObject({ year: given, month, day }, { zone: now.zoneName ?? 'utc' });
  return year === undefined && date < now.startOf('day') ? date.plus({ years: 1 }) : date;
}

/* ---------- times ---------- */

const BEFORE_TIME = new Set([
  'at',
  'around',
  'about',
  'by',
  'after',
  'before',
  'from',
  'for',
  'say',
  'maybe',
  'until',
  'like',
  'it',
  'the',
]);
/** "The first one": a choice, no hour. */
const CHOICE =
  /^(?:first|second|third|last|earliest|latest|earlier|later|next|other|that|this|any|which|either|no)$/;
const MINUTES_SAID = new Set([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55]);
const NOT_A_TIME =
  /^(?:dollars?|euros?|pounds?|people|persons?|days?|weeks?|months?|years?|minutes?|hours?|percent|times?|th|of|kids?|children)$/;

function timeIn(words: readonly string[], options: WhenOptions): ClockTime | null {
  let loose: { time: ClockTime; weak: boolean } | null = null;
  for (let at = 0; at < words.length; at++) {
    const firm = wordTime(words, at) ?? colonTime(words, at) ?? pastTime(words, at);
    if (firm) return firm;
    const spoken = spokenTime(words, at, options);
    // "A table for four at seven": a number after "for" is a time only when there is no better one.
    if (spoken && (!loose || loose.weak)) loose = { time: spoken, weak: words[at - 1] === 'for' };
  }
  return loose?.time ?? null;
}

function wordTime(words: readonly string[], at: number): ClockTime | null {
  const word = words[at];
  if (word === 'noon' || word === 'midday' || word === 'lunchtime')
    return { hour: 12, minute: 0, sure: true };
  return word === 'midnight' ? { hour: 0, minute: 0, sure: true } : null;
}

function colonTime(words: readonly string[], at: number): ClockTime | null {
  const [, hour, minute] = /^(\d{1,2})[:.](\d{2})$/.exec(words[at] ?? '') ?? [];
  if (hour === undefined || Number(hour) > 23 || Number(minute) > 59) return null;
  return meridiem({ hour: Number(hour), minute: Number(minute) }, words, at + 1);
}

/** "Half past nine", "a quarter to four", "ten minutes past three". */
function pastTime(words: readonly string[], at: number): ClockTime | null {
  const word = words[at];
  const amount =
    word === 'half'
      ? { value: 30, length: 1 }
      : word === 'quarter'
        ? { value: 15, length: 1 }
        : numberAt(words, at);
  if (!amount) return null;
  let next = at + amount.length;
  if (/^minutes?$/.test(words[next] ?? '')) next++;
  const side = words[next];
  if (!/^(?:past|after|to|before|till)$/.test(side ?? '')) return null;
  if (/^(?:to|after|before|till)$/.test(side ?? '') && ![5, 10, 15, 20, 25].includes(amount.value))
    return null;
  const hour = numberAt(words, next + 1);
  if (!hour || hour.value < 1 || hour.value > 12) return null;
  const back = /^(?:to|before|till)$/.test(side ?? '');
  const base = {
    hour: back ? hour.value - 1 || 12 : hour.value,
    minute: back ? 60 - amount.value : amount.value,
  };
  return meridiem(base, words, next + 1 + hour.length);
}

/** "Three thirty", "at ten", "ten am", "fifteen thirty". */
function spokenTime(words: readonly string[], at: number, options: WhenOptions): ClockTime | null {
  const hour = numberAt(words, at);
  if (!hour || hour.value > 23 || /^o?h?$/.test(words[at] ?? '')) return null;
  if (words[at] === 'one' && CHOICE.test(words[at - 1] ?? '')) return null;
  let next = at + hour.length;
  let minutes: { value: number; length: number } | null = null;
  const zero = words[next] === 'oh' || words[next] === 'o' || words[next] === 'zero';
  const said = zero ? numberAt(words, next + 1) : numberAt(words, next);
  if (zero && said && said.value < 10) minutes = { value: said.value, length: said.length + 1 };
  else if (said && MINUTES_SAID.has(said.value) && said.value >= 10) minutes = said;
  if (!minutes && said) return null;
  next += minutes?.length ?? 0;
  if (numberAt(words, next) || NOT_A_TIME.test(words[next] ?? '')) return null;
  const marked =
    /^(?:am|pm|oclock)$/.test(words[next] ?? '') ||
    /^in the (?:morning|afternoon|evening)$/.test(words.slice(next, next + 3).join(' '));
  const led = BEFORE_TIME.has(words[at - 1] ?? '') || options.asked === 'time';
  if (!minutes && !marked && !led) return null;
  if (!minutes && !marked && (hour.value === 0 || (hour.value > 12 && options.asked !== 'time'))) return null;
  return meridiem({ hour: hour.value, minute: minutes?.value ?? 0 }, words, next);
}

function meridiem(
  time: { hour: number; minute: number },
  words: readonly string[],
  after: number,
): ClockTime | null {
  if (time.hour > 23 || time.minute > 59) return null;
  const next = words[after] === 'oclock' ? words[after + 1] : words[after];
  if (next === 'pm' && time.hour <= 12)
    return { hour: (time.hour % 12) + 12, minute: time.minute, sure: true };
  if (next === 'am' && time.hour <= 12) return { hour: time.hour % 12, minute: time.minute, sure: true };
  return { ...time, sure: time.hour > 12 || time.hour === 0 };
}
