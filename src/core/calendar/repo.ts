import type { Booking } from '#core/calendar/booking';
import type { BookingId } from '#kernel/ids';

export interface BookingRepo {
  /** Accepted bookings that overlap the time, earliest first. */
  between(from: Date, to: Date): Promise<Booking[]>;
  /** False where a booking with this key is there already. */
  insert(booking: Booking, idempotencyKey: string): Promise<boolean>;
  findByKey(idempotencyKey: string): Promise<Booking | null>;
  find(id: BookingId): Promise<Booking | null>;
  cancel(id: BookingId): Promise<Booking | null>;
}
