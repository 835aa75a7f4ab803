import { and, asc, eq, gt, lt } from 'drizzle-orm';
import type { Booking } from '#core/calendar/booking';
import type { BookingRepo } from '#core/calendar/repo';
import type { TenantId } from '#kernel/ids';
import { bookings } from '../tables/calls.ts';
import { type Session, single } from './session.ts';

export function bookingRepo(session: Session, tenantId: TenantId): BookingRepo {
  const own = eq(bookings.tenantId, tenantId);
  const found = (rows: (typeof bookings.$inferSelect)[]) => single(rows.map(entity));
  return {
    async between(from, to) {
      const rows = await session
        .select()
        .from(bookings)
        .where(and(own, eq(bookings.status, 'accepted'), lt(bookings.startAt, to), gt(bookings.endAt, from)))
        .orderBy(asc(bookings.startAt), asc(bookings.id));
      return rows.map(entity);
    },
    async insert(booking, idempotencyKey) {
      const rows = await session
        .insert(bookings)
        .values({ ...booking, tenantId, idempotencyKey })
        .onConflictDoNothing({ target: [bookings.tenantId, bookings.idempotencyKey] })
        .returning({ id: bookings.id });
      return rows.length > 0;
    },
    findByKey: async (key) =>
      found(
        await session
          .select()
          .from(bookings)
          .where(and(own, eq(bookings.idempotencyKey, key))),
      ),
    find: async (id) =>
      found(
        await session
          .select()
          .from(bookings)
          .where(and(own, eq(bookings.id, id))),
      ),
    cancel: async (id) =>
      found(
        await session
          .update(bookings)
          .set({ status: 'cancelled' })
          .where(and(own, eq(bookings.id, id)))
          .returning(),
      ),
  };
}

function entity({ idempotencyKey: _, ...booking }: typeof bookings.$inferSelect): Booking {
  return booking;
}
