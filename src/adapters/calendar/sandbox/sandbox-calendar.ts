import { DateTime } from 'luxon';
import type { Booking } from '#core/calendar/booking';
import type { BookingRepo } from '#core/calendar/repo';
import type { BookedSlot, BookingOrder, Calendar, Slot, SlotQuery } from '#core/ports';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { isId, newId, type TenantId } from '#kernel/ids';
import { hoursOf } from './opening-hours.ts';

/** The one API key that the sandbox's calendar takes. */
export const SANDBOX_API_KEY = 'cal_sandbox_ok';

/** One tenant's bookings; each `run` is one transaction, and those that write run one after the other on all nodes. */
export interface BookingStore {
  read<T>(run: (bookings: BookingRepo) => Promise<T>): Promise<T>;
  write<T>(run: (bookings: BookingRepo) => Promise<T>): Promise<T>;
}

export interface SandboxCalendarOptions {
  apiKey: string;
  tenantId: TenantId;
  /** IANA zone of the business, which its opening hours are in. */
  timezone: string;
  store: BookingStore;
  clock: Clock;
}

/** Slots begin on this grid. */
const GRID_MIN = 30;
const MAX_DAYS = 62;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * A calendar of the platform's own: open Monday to Friday 9 to 17 in the tenant's zone. Bookings are stored, so they outlive the process. Throws `invalid` for any API key but the sandbox's.
 */
export function sandboxCalendar(options: SandboxCalendarOptions): Calendar {
  if (options.apiKey !== SANDBOX_API_KEY) {
    throw new DomainError('invalid', 'The calendar does not accept this API key.', { field: 'apiKey' });
  }
  return {
    name: 'sandbox',
    slots: (query, signal) => freeSlots(options, query, signal),
    book: (order, signal) => book(options, order, signal),
    cancel: (ref, _reason, signal) => cancel(options.store, ref, signal),
  };
}

async function freeSlots(
  options: SandboxCalendarOptions,
  query: SlotQuery,
  signal: AbortSignal,
): Promise<Slot[]> {
  signal.throwIfAborted();
  const lengthMs = checkedLengthMs(query.durationMin);
  const fromMs = Math.max(query.from.getTime(), options.clock.nowMs());
  const toMs = Math.min(query.to.getTime(), fromMs + MAX_DAYS * DAY_MS);
  if (!(fromMs < toMs)) return [];
  const taken = await options.store.read((bookings) =>
    bookings.between(new Date(fromMs), new Date(toMs + lengthMs)),
  );
  const free: Slot[] = [];
  const from = DateTime.fromMillis(fromMs, { zone: options.timezone });
  for (let day = from.startOf('day'); day.toMillis() < toMs; day = day.plus({ days: 1 })) {
    const hours = hoursOf(day);
    if (!hours) continue;
    const lastStartMs = Math.min(hours.toMs - lengthMs, toMs - 1);
    for (let startMs = hours.fromMs; startMs <= lastStartMs; startMs += GRID_MIN * 60_000) {
      const slot = { startAt: new Date(startMs), endAt: new Date(startMs + lengthMs) };
      if (startMs >= fromMs && !taken.some((booking) => overlaps(booking, slot))) free.push(slot);
    }
  }
  return free;
}

async function book(
  options: SandboxCalendarOptions,
  order: BookingOrder,
  signal: AbortSignal,
): Promise<BookedSlot> {
  signal.throwIfAborted();
  const lengthMs = checkedLengthMs(order.durationMin);
  const startMs = order.startAt.getTime();
  const slot: Slot = { startAt: order.startAt, endAt: new Date(startMs + lengthMs) };
  const { store } = options;
  const booking = await store.write(async (bookings) => {
    const before = await bookings.findByKey(order.idempotencyKey);
    if (before) return before;
    const hours = hoursOf(DateTime.fromMillis(startMs, { zone: options.timezone }));
    const fits = hours && startMs >= hours.fromMs && startMs + lengthMs <= hours.toMs;
    if (!fits || startMs < options.clock.nowMs()) throw taken();
    if ((await bookings.between(slot.startAt, slot.endAt)).length > 0) throw taken();
    const made = newBooking(options, order, slot);
    await bookings.insert(made, order.idempotencyKey);
    return made;
  });
  if (booking.status === 'cancelled') throw taken();
  return { ref: booking.id, startAt: booking.startAt, endAt: booking.endAt };
}

async function cancel(store: BookingStore, ref: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const found = isId('bkg', ref) && (await store.write((bookings) => bookings.cancel(ref)));
  if (!found) throw new DomainError('not_found', 'There is no such booking.');
}

function newBooking(options: SandboxCalendarOptions, order: BookingOrder, slot: Slot): Booking {
  return {
    id: newId('bkg'),
    tenantId: options.tenantId,
    ...slot,
    attendeeName: order.attendee.name,
    attendeeEmail: order.attendee.email,
    attendeePhone: order.attendee.phone,
    notes: order.notes,
    status: 'accepted',
    callId: order.callId,
    createdAt: new Date(options.clock.nowMs()),
  };
}

function checkedLengthMs(durationMin: number): number {
  if (Number.isFinite(durationMin) && durationMin > 0 && durationMin <= 480) return durationMin * 60_000;
  throw new DomainError('invalid', 'An appointment takes 1 to 480 minutes.', { field: 'durationMin' });
}

const overlaps = (a: Slot, b: Slot): boolean => a.startAt < b.endAt && b.startAt < a.endAt;

const taken = (): DomainError => new DomainError('conflict', 'That time is not free any more.');
