import { describe, expect, test } from 'vitest';
import type { BookingOrder, Slot } from '#core/ports';
import { newId } from '#kernel/ids';
import { bookingsInMemory } from '#test/concierge/bookings-in-memory';
import { ManualClock } from '#test/support/manual-clock';
import { SANDBOX_API_KEY, sandboxCalendar } from './sandbox-calendar.ts';

const ZONE = 'America/New_York';
const never = new AbortController().signal;
/** Sunday, 22 November 2026, 8:00 in New York. */
const NOW = Date.parse('2026-11-22T13:00:00Z');

function calendar(store = bookingsInMemory(), tenantId = newId('ten')) {
  const clock = new ManualClock({ startMs: NOW });
  return {
    store,
    clock,
    tenantId,
    cal: sandboxCalendar({ apiKey: SANDBOX_API_KEY, tenantId, timezone: ZONE, store, clock }),
  };
}

const day = (date: string) => ({
  from: new Date(`${date}T00:00:00-05:00`),
  to: new Date(`${date}T24:00:00-05:00`),
  durationMin: 30,
  timezone: ZONE,
});
const starts = (slots: Slot[]) => slots.map(({ startAt }) => startAt.toISOString().slice(11, 16));
const order = (startAt: string, key: string, more: Partial<BookingOrder> = {}): BookingOrder => ({
  startAt: new Date(startAt),
  durationMin: 30,
  timezone: ZONE,
  attendee: { name: 'Ann Smith', email: null, phone: '+14155550123' },
  notes: 'Checkup',
  idempotencyKey: key,
  callId: null,
  ...more,
});

test.each(['', 'cal_live_123', 'cal_sandbox_ok ', 'CAL_SANDBOX_OK'])('refuses the key %j', (apiKey) => {
  const { store, clock, tenantId } = calendar();
  expect(() => sandboxCalendar({ apiKey, tenantId, timezone: ZONE, store, clock })).toThrow(
    expect.objectContaining({ code: 'invalid', field: 'apiKey' }),
  );
});

describe('free slots', () => {
  test('follow the business hours in its own zone', async () => {
    const { cal } = calendar();
    expect(starts(await cal.slots(day('2026-11-24'), never))).toEqual([
      '14:00',
      '14:30',
      '15:00',
      '15:30',
      '16:00',
      '16:30',
      '17:00',
      '17:30',
      '18:00',
      '18:30',
      '19:00',
      '19:30',
      '20:00',
      '20:30',
      '21:00',
      '21:30',
    ]);
    expect(await cal.slots(day('2026-11-28'), never)).toEqual([]);
    expect(await cal.slots(day('2026-11-22'), never)).toEqual([]);
  });

  test('keep local hours over a clock change', async () => {
    const { cal, clock } = calendar();
    clock.advance(Date.parse('2027-03-12T12:00:00Z') - NOW);
    const query = {
      ...day('2027-03-15'),
      from: new Date('2027-03-15T04:00:00Z'),
      to: new Date('2027-03-16T04:00:00Z'),
    };
    expect((await cal.slots(query, never))[0]?.startAt.toISOString()).toBe('2027-03-15T13:00:00.000Z');
  });

  test('begin no earlier than now and fit into what is left', async () => {
    const { cal, clock } = calendar();
    clock.advance(Date.parse('2026-11-24T20:10:00Z') - NOW);
    expect(starts(await cal.slots(day('2026-11-24'), never))).toEqual(['20:30', '21:00', '21:30']);
    expect(starts(await cal.slots({ ...day('2026-11-24'), durationMin: 60 }, never))).toEqual([
      '20:30',
      '21:00',
    ]);
    expect(await cal.slots({ ...day('2026-11-23') }, never)).toEqual([]);
  });

  test('leave out what is booked, and get it back when cancelled', async () => {
    const { cal } = calendar();
    const { ref } = await cal.book(order('2026-11-24T14:30:00Z', 'k1', { durationMin: 60 }), never);
    expect(starts(await cal.slots(day('2026-11-24'), never)).slice(0, 3)).toEqual([
      '14:00',
      '15:30',
      '16:00',
    ]);
    await cal.cancel(ref, 'changed plans', never);
    await cal.cancel(ref, 'again', never);
    expect(starts(await cal.slots(day('2026-11-24'), never)).slice(0, 3)).toEqual([
      '14:00',
      '14:30',
      '15:00',
    ]);
  });
});

describe('booking', () => {
  test('stores the appointment', async () => {
    const { cal, store } = calendar();
    const booked = await cal.book(order('2026-11-24T14:00:00Z', 'k1'), never);
    expect(booked).toEqual({
      ref: store.rows[0]?.id,
      startAt: new Date('2026-11-24T14:00:00Z'),
      endAt: new Date('2026-11-24T14:30:00Z'),
    });
    expect(store.rows).toMatchObject([
      { attendeeName: 'Ann Smith', attendeePhone: '+14155550123', notes: 'Checkup', status: 'accepted' },
    ]);
  });

  test('the same key books once', async () => {
    const { cal, store } = calendar();
    const first = await cal.book(order('2026-11-24T14:00:00Z', 'k1'), never);
    expect(await cal.book(order('2026-11-24T14:00:00Z', 'k1'), never)).toEqual(first);
    expect(store.rows).toHaveLength(1);
  });

  test('a taken time, half an overlap, a closed hour, the past: conflict', async () => {
    const { cal } = calendar();
    await cal.book(order('2026-11-24T14:00:00Z', 'k1'), never);
    for (const at of [
      '2026-11-24T14:00:00Z',
      '2026-11-24T14:15:00Z',
      '2026-11-24T13:30:00Z',
      '2026-11-24T21:45:00Z',
      '2026-11-22T15:00:00Z',
      '2026-11-20T15:00:00Z',
    ]) {
      await expect(cal.book(order(at, `k-${at}`), never), at).rejects.toMatchObject({ code: 'conflict' });
    }
  });

  test('an unknown or foreign reference is not found', async () => {
    const { cal } = calendar();
    await expect(cal.cancel('nonsense', '', never)).rejects.toMatchObject({ code: 'not_found' });
    await expect(cal.cancel(newId('bkg'), '', never)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('an appointment without a length is refused', async () => {
    const { cal } = calendar();
    await expect(
      cal.book(order('2026-11-24T14:00:00Z', 'k', { durationMin: 0 }), never),
    ).rejects.toMatchObject({ code: 'invalid' });
  });
});
