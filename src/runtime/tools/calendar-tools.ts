import { DateTime } from 'luxon';
import type { Calendar, Slot } from '#core/ports';
import type { Tool, ToolContext, ToolOutcome } from '#engine/ports';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import type { JsonObject } from '#kernel/json';

export interface CalendarToolOptions {
  clock: Clock;
  /** IANA zone the caller and the business speak in. */
  timezone: string;
  durationMin?: number;
}

const DURATION_MIN = 30;
const TIMEOUT_MS = 8_000;
const LOOK_AHEAD_DAYS = 14;
const MAX_NEXT = 4;

/** What the model sees of a slot: its local date and time, and how to say both. */
type SlotView = { date: string; time: string; say: string };

/** `find_slots` and `book_appointment` over a calendar. A booking is made once per tool call, however often it is tried. */
export function calendarTools(calendar: Calendar, options: CalendarToolOptions): [Tool, Tool] {
  const desk = new Desk(calendar, options);
  return [
    {
      spec: FIND_SPEC,
      whenInterrupted: 'abort',
      timeoutMs: TIMEOUT_MS,
      run: (args, _context, signal) => told(() => desk.find(args, signal)),
    },
    {
      spec: BOOK_SPEC,
      whenInterrupted: 'finish',
      timeoutMs: TIMEOUT_MS,
      run: (args, context, signal) => told(() => desk.book(args, context, signal)),
    },
  ];
}

const DATE = { type: 'string', format: 'date', description: 'Local date, YYYY-MM-DD.' };
const TIME = { type: 'string', description: 'Local time, HH:MM in 24 hours.', pattern: '^\\d{1,2}:\\d{2}$' };

const FIND_SPEC = {
  name: 'find_slots',
  description: 'Free appointment times on a day; on a full day, the next free ones after it.',
  parameters: { type: 'object', properties: { date: DATE }, required: ['date'] },
};

const BOOK_SPEC = {
  name: 'book_appointment',
  description: 'Books an appointment. Call it only after the caller has confirmed day, time and name.',
  parameters: {
    type: 'object',
    properties: {
      date: DATE,
      time: TIME,
      name: { type: 'string', description: "The caller's name.", minLength: 1 },
      phone: { type: 'string', description: "The caller's phone number." },
      email: { type: 'string', description: "The caller's e-mail address, if given." },
      reason: { type: 'string', description: 'What the appointment is for.' },
    },
    required: ['date', 'time', 'name', 'phone'],
  },
};

class Desk {
  readonly #calendar: Calendar;
  readonly #clock: Clock;
  readonly #timezone: string;
  readonly #durationMin: number;

  constructor(calendar: Calendar, options: CalendarToolOptions) {
    this.#calendar = calendar;
    this.#clock = options.clock;
    this.#timezone = options.timezone;
    this.#durationMin = options.durationMin ?? DURATION_MIN;
  }

  async find(args: JsonObject, signal: AbortSignal): Promise<ToolOutcome> {
    const day = this.#day(args.date);
    const now = this.#now();
    if (day.endOf('day') < now) throw new DomainError('invalid', 'That day is over.');
    const slots = await this.#free(day, day.plus({ days: 1 }), signal);
    const view = {
      date: day.toISODate(),
      timezone: this.#timezone,
      slots: slots.map((slot) => this.#view(slot)),
    };
    if (slots.length > 0) return { ok: true, result: view };
    const later = await this.#free(day.plus({ days: 1 }), day.plus({ days: LOOK_AHEAD_DAYS }), signal);
    return { ok: true, result: { ...view, next: later.slice(0, MAX_NEXT).map((slot) => this.#view(slot)) } };
  }

  async book(args: JsonObject, context: ToolContext, signal: AbortSignal): Promise<ToolOutcome> {
    const start = this.#start(args);
    try {
      const booked = await this.#calendar.book(
        {
          startAt: start.toJSDate(),
          durationMin: this.#durationMin,
          timezone: this.#timezone,
          attendee: {
            name: text(args.name),
            email: text(args.email) || null,
            phone: text(args.phone) || null,
          },
          notes: text(args.reason),
          idempotencyKey: context.idempotencyKey,
          callId: context.callId,
        },
        signal,
      );
      return { ok: true, result: { booked: true, ...this.#view(booked), reference: booked.ref } };
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'conflict') throw error;
      const day = start.startOf('day');
      const left = await this.#free(day, day.plus({ days: 1 }), signal);
      return {
        ok: false,
        result: {
          error: 'That time is not free.',
          date: day.toISODate(),
          slots: left.map((slot) => this.#view(slot)),
        },
      };
    }
  }

  #now(): DateTime {
    return DateTime.fromMillis(this.#clock.nowMs(), { zone: this.#timezone });
  }

  #day(value: unknown): DateTime {
    const day = DateTime.fromISO(text(value).slice(0, 10), { zone: this.#timezone });
    if (day.isValid) return day.startOf('day');
    throw new DomainError('invalid', 'The date must be like 2026-03-17.');
  }

  /** A start in the future; a local time that a clock change skips does not exist. */
  #start(args: JsonObject): DateTime {
    const [, hour, minute] = /^(\d{1,2}):(\d{2})/.exec(text(args.time)) ?? [];
    const start = this.#day(args.date).set({ hour: Number(hour), minute: Number(minute) });
    if (
      hour === undefined ||
      !start.isValid ||
      start.hour !== Number(hour) ||
      start.minute !== Number(minute)
    ) {
      throw new DomainError('invalid', 'The time must be like 15:30.');
    }
    if (start < this.#now()) throw new DomainError('invalid', 'That time is over.');
    return start;
  }

  async #free(from: DateTime, to: DateTime, signal: AbortSignal): Promise<Slot[]> {
    const now = this.#now();
    const query = {
      from: (from < now ? now : from).toJSDate(),
      to: to.toJSDate(),
      durationMin: this.#durationMin,
      timezone: this.#timezone,
    };
    return query.from < query.to ? this.#calendar.slots(query, signal) : [];
  }

  #view(slot: Slot): SlotView {
    const start = DateTime.fromJSDate(slot.startAt, { zone: this.#timezone }).setLocale('en-US');
    return {
      date: start.toFormat('yyyy-MM-dd'),
      time: start.toFormat('HH:mm'),
      say: start.toFormat("cccc, LLLL d 'at' h:mm a"),
    };
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

/** What went wrong, in words for the model; a failure nobody foresaw tells nothing of itself. */
async function told(run: () => Promise<ToolOutcome>): Promise<ToolOutcome> {
  try {
    return await run();
  } catch (error) {
    const words = error instanceof DomainError && error.code !== 'internal' ? error.publicMessage : null;
    return { ok: false, result: { error: words ?? 'The calendar cannot be reached right now.' } };
  }
}
