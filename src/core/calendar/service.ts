import { DateTime } from 'luxon';
import type { Booking } from '#core/calendar/booking';
import { invalid, notFound, textField, timezoneField, wholeField } from '#core/fields';
import type { BookedSlot, BookingOrder, Calendar, Calendars, Slot, SlotQuery } from '#core/ports';
import type { Tx, UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { isId, newId, type TenantId } from '#kernel/ids';
import { makeScope, type Scope } from '#kernel/scope';

export interface CalendarDeps {
  readonly uow: UnitOfWork;
  readonly clock: Clock;
}

/** Opening hours of the platform's own calendar, in the asker's zone: Monday to Friday. */
const OPENS_HOUR = 9;
const CLOSES_HOUR = 17;
const LAST_WEEKDAY = 5;
const MAX_SLOTS = 500;
const MAX_DAYS = 62;

/** The platform's own calendar, which every tenant has: nothing to connect, bookings in the database. */
export function makeOwnCalendars(deps: CalendarDeps): Calendars {
  return { open: async (tenantId) => new OwnCalendar(deps, tenantId) };
}

class OwnCalendar implements Calendar {
  readonly name = 'own';
  readonly #deps: CalendarDeps;
  readonly #scope: Scope;

  constructor(deps: CalendarDeps, tenantId: TenantId) {
    this.#deps = deps;
    this.#scope = makeScope(tenantId, { kind: 'system' }, 'owner');
  }

  async slots(query: SlotQuery): Promise<Slot[]> {
    const { from, to } = query;
    const durationMin = checkDuration(query.durationMin);
    timezoneField(query.timezone, 'timezone');
    const days = (to.getTime() - from.getTime()) / (24 * 3_600_000);
    if (!(days > 0 && days <= MAX_DAYS))
      throw invalid('to', `to must be within ${MAX_DAYS} days after from.`);
    const taken = await this.#deps.uow.read(this.#scope, (repos) => repos.bookings.between(from, to));
    const notBefore = Math.max(from.getTime(), this.#deps.clock.nowMs());
    const free: Slot[] = [];
    for (const slot of openSlots({ ...query, durationMin })) {
      if (slot.startAt.getTime() < notBefore || slot.endAt > to) continue;
      if (taken.some((booking) => overlap(booking, slot))) continue;
      if (free.push(slot) === MAX_SLOTS) break;
    }
    return free;
  }

  async book(order: BookingOrder): Promise<BookedSlot> {
    const { startAt, attendee, notes, idempotencyKey, callId } = order;
    const endAt = new Date(startAt.getTime() + checkDuration(order.durationMin) * 60_000);
    if (!isOpen({ startAt, endAt }, timezoneField(order.timezone, 'timezone'))) throw notFree();
    return this.#deps.uow.write(this.#scope, async (tx) => {
      // Looking whether the time is free and taking it happen under one lock.
      await tx.tenant.lock();
      const before = await tx.bookings.findByKey(idempotencyKey);
      if (before?.status === 'accepted') return booked(before);
      if (before) throw notFree();
      if (startAt.getTime() < this.#deps.clock.nowMs()) throw notFree();
      await requireFree(tx, { startAt, endAt });
      const booking: Booking = {
        id: newId('bkg'),
        tenantId: this.#scope.tenantId,
        startAt,
        endAt,
        attendeeName: textField(attendee.name, 'attendee.name', { max: 200 }),
        attendeeEmail: attendee.email,
        attendeePhone: attendee.phone,
        notes: textField(notes, 'notes', { max: 5_000, empty: true }),
        status: 'accepted',
        callId,
        createdAt: new Date(this.#deps.clock.nowMs()),
      };
      await tx.bookings.insert(booking, idempotencyKey);
      return booked(booking);
    });
  }

  async cancel(ref: string): Promise<void> {
    await this.#deps.uow.write(this.#scope, async (tx) => {
      if (!isId('bkg', ref) || !(await tx.bookings.cancel(ref))) throw notFound('Booking');
    });
  }
}

async function requireFree(tx: Tx, slot: Slot): Promise<void> {
  if ((await tx.bookings.between(slot.startAt, slot.endAt)).length > 0) throw notFree();
}

function checkDuration(durationMin: number): number {
  return wholeField(durationMin, 'durationMin', { min: 5, max: 480 });
}

/** Every slot within opening hours, one after the other from each day's opening. */
function* openSlots({ from, to, durationMin, timezone }: SlotQuery): Generator<Slot> {
  const last = DateTime.fromJSDate(to, { zone: timezone });
  let day = DateTime.fromJSDate(from, { zone: timezone }).startOf('day');
  for (; day <= last; day = day.plus({ days: 1 })) {
    if (day.weekday > LAST_WEEKDAY) continue;
    const closes = day.set({ hour: CLOSES_HOUR });
    let start = day.set({ hour: OPENS_HOUR });
    for (; start.plus({ minutes: durationMin }) <= closes; start = start.plus({ minutes: durationMin })) {
      yield { startAt: start.toJSDate(), endAt: start.plus({ minutes: durationMin }).toJSDate() };
    }
  }
}

function isOpen({ startAt, endAt }: Slot, timezone: string): boolean {
  const start = DateTime.fromJSDate(startAt, { zone: timezone });
  const opens = start.startOf('day').set({ hour: OPENS_HOUR });
  const closes = start.startOf('day').set({ hour: CLOSES_HOUR });
  return start.weekday <= LAST_WEEKDAY && start >= opens && endAt.getTime() <= closes.toMillis();
}

const overlap = (a: Slot, b: Slot) => a.startAt < b.endAt && b.startAt < a.endAt;

const booked = ({ id, startAt, endAt }: Booking): BookedSlot => ({ ref: id, startAt, endAt });

const notFree = () => new DomainError('conflict', 'This time is not free.', { field: 'startAt' });
