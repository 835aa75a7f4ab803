import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BookingOrder, Calendar } from '#core/ports';
import { openPlatform, outcomes, type Platform } from '#test/core/platform';

let p: Platform;
let calendar: Calendar;
const signal = new AbortController().signal;
beforeAll(async () => {
  p = await openPlatform();
  calendar = await p.calendars.open((await p.tenant()).scope.tenantId);
});
afterAll(() => p.close());

/** The platform's clock stands at Tuesday 12 May 2026, 11:00 in New York. */
const NEW_YORK = 'America/New_York';
const at = (iso: string) => new Date(iso);

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

describe("the platform's own calendar", () => {
  it('offers the opening hours of working days in the asker’s zone, and nothing that has passed', async () => {
    const today = await slots('2026-05-12T00:00:00-04:00', '2026-05-13T00:00:00-04:00');
    expect(today.map(({ startAt }) => startAt.toISOString())).toEqual(
      [15, 16, 17, 18, 19, 20].map((hour) => `2026-05-12T${hour}:00:00.000Z`),
    );
    expect(await slots('2026-05-16T00:00:00-04:00', '2026-05-18T00:00:00-04:00')).toEqual([]);
    await expect(slots('2026-05-13T00:00:00Z', '2026-05-12T00:00:00Z')).rejects.toMatchObject({
      field: 'to',
    });
    await expect(slots('2026-05-13T00:00:00Z', '2027-05-12T00:00:00Z')).rejects.toMatchObject({
      field: 'to',
    });
  });

  it('keeps the hours across a change to winter time', async () => {
    const monday = await slots('2026-11-02T00:00:00-05:00', '2026-11-03T00:00:00-05:00');
    expect(monday[0]?.startAt.toISOString()).toBe('2026-11-02T14:00:00.000Z');
  });

  it('takes a booked time away, and gives it back when the booking is cancelled', async () => {
    const free = () => slots('2026-05-14T00:00:00-04:00', '2026-05-15T00:00:00-04:00');
    const before = await free();
    const booked = await calendar.book(order({ startAt: at('2026-05-14T10:15:00-04:00') }), signal);
    expect(booked.endAt.toISOString()).toBe('2026-05-14T14:45:00.000Z');
    expect(await free()).toHaveLength(before.length - 1);
    await calendar.cancel(booked.ref, 'changed plans', signal);
    await calendar.cancel(booked.ref, 'again', signal);
    expect(await free()).toHaveLength(before.length);
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

  it.each([
    ['past', '2026-05-11T10:00:00-04:00'],
    ['before opening', '2026-05-13T08:45:00-04:00'],
    ['running past closing', '2026-05-13T16:45:00-04:00'],
    ['on a Sunday', '2026-05-17T10:00:00-04:00'],
  ])('refuses a time that is %s', async (_, startAt) => {
    await expect(calendar.book(order({ startAt: at(startAt) }), signal)).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  it("is one tenant's alone", async () => {
    const startAt = at('2026-05-19T09:00:00-04:00');
    const mine = await calendar.book(order({ startAt }), signal);
    const other = await p.calendars.open((await p.tenant()).scope.tenantId);
    await expect(other.book(order({ startAt }), signal)).resolves.toBeDefined();
    await expect(other.cancel(mine.ref, '', signal)).rejects.toMatchObject({ code: 'not_found' });
  });
});
