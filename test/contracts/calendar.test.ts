import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BookingOrder, Calendar, Calendars } from '#core/ports';
import { sandboxCalendars } from '#src/compose/calendars';
import { openPlatform, outcomes, type Platform } from '#test/core/platform';

/** The platform's clock stands at Tuesday 12 May 2026, 11:00 in New York. */
const NEW_YORK = 'America/New_York';
const signal = new AbortController().signal;
const at = (iso: string) => new Date(iso);

let p: Platform;
let calendars: Calendars;
let calendar: Calendar;

async function calendarOfNewTenant(): Promise<Calendar> {
  const { scope } = await p.tenant();
  await p.uow.write(scope, (tx) => tx.tenant.update({ timezone: NEW_YORK }));
  return calendars.open(scope.tenantId);
}

beforeAll(async () => {
  p = await openPlatform();
  calendars = sandboxCalendars(p.uow, p.clock);
  calendar = await calendarOfNewTenant();
});
afterAll(() => p.close());

const order = (over: Partial<BookingOrder> = {}): BookingOrder => ({
  startAt: at('2026-05-13T10:00:00-04:00'),
  durationMin: 30,
  timezone: NEW_YORK,
  attendee: { name: 'Ann', email: null, phone: '+15551230000' },
  notes: '',
  idempotencyKey: `key-${Math.random()}`,
  callId: null,
  ...over,
});

const slots = (from: string, to: string) =>
  calendar.slots({ from: at(from), to: at(to), durationMin: 60, timezone: NEW_YORK }, signal);

describe('calendar contract: the sandbox over the database', () => {
  it('offers the opening hours of working days, and nothing that has passed', async () => {
    const today = await slots('2026-05-12T00:00:00-04:00', '2026-05-13T00:00:00-04:00');
    expect(today[0]?.startAt).toEqual(at('2026-05-12T11:00:00-04:00'));
    expect(today.at(-1)?.endAt).toEqual(at('2026-05-12T17:00:00-04:00'));
    expect(await slots('2026-05-16T00:00:00-04:00', '2026-05-18T00:00:00-04:00')).toEqual([]);
  });

  it('takes a booked time away, and gives it back when the booking is cancelled', async () => {
    const free = () => slots('2026-05-14T00:00:00-04:00', '2026-05-15T00:00:00-04:00');
    const before = await free();
    const booked = await calendar.book(order({ startAt: at('2026-05-14T09:00:00-04:00') }), signal);
    expect(booked.endAt).toEqual(at('2026-05-14T09:30:00-04:00'));
    expect((await free()).length).toBeLessThan(before.length);
    await calendar.cancel(booked.ref, 'changed plans', signal);
    await calendar.cancel(booked.ref, 'again', signal);
    expect(await free()).toEqual(before);
    await expect(calendar.cancel('bkg_none', '', signal)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('gives a time to exactly one of several at once', async () => {
    for (const hour of ['09', '10', '11', '12']) {
      const startAt = at(`2026-05-15T${hour}:00:00-04:00`);
      const attempts = Array.from({ length: 6 }, () => calendar.book(order({ startAt }), signal));
      expect(await outcomes(attempts)).toEqual({ won: 1, codes: Array(5).fill('conflict') });
    }
    const overlapping = order({ startAt: at('2026-05-15T09:20:00-04:00') });
    await expect(calendar.book(overlapping, signal)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('books once for one key, however often and at once it is asked', async () => {
    const one = order({ startAt: at('2026-05-18T09:00:00-04:00'), idempotencyKey: 'call-1:tool-1' });
    const refs = await Promise.all([1, 2, 3].map(async () => (await calendar.book(one, signal)).ref));
    expect(new Set(refs).size).toBe(1);
  });

  it("is one tenant's alone", async () => {
    const startAt = at('2026-05-19T09:00:00-04:00');
    const mine = await calendar.book(order({ startAt }), signal);
    const other = await calendarOfNewTenant();
    await expect(other.book(order({ startAt }), signal)).resolves.toBeDefined();
    await expect(other.cancel(mine.ref, '', signal)).rejects.toMatchObject({ code: 'not_found' });
  });
});
