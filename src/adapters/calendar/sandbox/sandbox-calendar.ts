import { DateTime } from 'luxon';
import type { Booking } from '#core/calendar/booking';
import type { BookingRepo } from '#core/calendar/repo';
import type { BookedSlot, BookingOrder, Calendar, Slot, SlotQuery } from '#core/ports';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { isId, newId, type TenantId } from '#kernel/ids';
import { blocksOf } from './opening-hours.ts';

/** The one API key that the sandbox's calendar takes. */
export const SANDBOX_API_KEY = 'cal_sandbox_ok';

/** One tenant's bookings; each `run` is one transaction. */
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

/** Bookings under way in this process, so that two callers who want one time are served one after the other. */
const queues = new Map<TenantId, Promise<unknown>>();

/**
 * A calendar of the platform's own: open Monday to Friday 9 to 12 and 13 to 17, Saturday 9 to 13, in the tenant's
 * zone. Bookings are stored, so they outlive the process. Throws `invalid` for any API key but the sandbox's.
 */
export function sandboxCalendar(options: SandboxCalendarOptions): Calendar {
  if (options.apiKey !== SANDBOX_API_KEY) {
    throw new DomainError('invalid', 'The calendar does not accept this API key.', { field: 'apiKey' });
  }
  return {
    name: 'sandbox',
    slots: (query, signal) => freeSlots(options, query, signal),
    book: (order, signal) => inTurn(options.tenantId, () => book(options, order, signal)),
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
    for (const block of blocksOf(day)) {
      const lastStartMs = Math.min(block.toMs - lengthMs, toMs - 1);
      for (let startMs = block.fromMs; startMs <= lastStartMs; startMs += GRID_MIN * 60_000) {
        const slot = { startAt: new Date(startMs), endAt: new Date(startMs + lengthMs) };
        if (startMs >= fromMs && !taken.some((booking) => overlaps(booking, slot))) free.push(slot);
      }
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
  let fresh = false;
  const booking = await store.write(async (bookings) => {
    const before = await bookings.findByKey(order.idempotencyKey);
    if (before) return before;
    const day = DateTime.fromMillis(startMs, { zone: options.timezone }).startOf('day');
    const fits = blocksOf(day).some(({ fromMs, toMs }) => startMs >= fromMs && startMs + lengthMs <= toMs);
    if (!fits || startMs < options.clock.nowMs()) throw taken();
    if ((await bookings.between(slot.startAt, slot.endAt)).length > 0) throw taken();
    const made = newBooking(options, order, slot);
    fresh = await bookings.insert(made, order.idempotencyKey);
    return fresh ? made : bookings.findByKey(order.idempotencyKey);
  });
  if (!booking || booking.status === 'cancelled') throw taken();
  if (fresh) await yieldToOthers(store, booking);
  return { ref: booking.id, startAt: booking.startAt, endAt: booking.endAt };
}

/**
 * Another node may have stored an overlapping booking in the same moment. Whoever sees the other gives way: both may
 * lose, which a caller can mend, but never do both win.
 */
async function yieldToOthers(store: BookingStore, booking: Booking): Promise<void> {
  const rivals = await store.read((bookings) => bookings.between(booking.startAt, booking.endAt));
  if (rivals.every(({ id }) => id === booking.id)) return;
  await store.write((bookings) => bookings.cancel(booking.id));
  throw taken();
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

async function inTurn<T>(tenantId: TenantId, run: () => Promise<T>): Promise<T> {
  const turn = (queues.get(tenantId) ?? Promise.resolve()).then(run, run);
  const settled = turn.catch(() => undefined);
  queues.set(tenantId, settled);
  try {
    return await turn;
  } finally {
    if (queues.get(tenantId) === settled) queues.delete(tenantId);
  }
}
