import type { BookingId, CallId, TenantId } from '#kernel/ids';

/** An appointment in the platform's own calendar. */
export interface Booking {
  readonly id: BookingId;
  readonly tenantId: TenantId;
  readonly startAt: Date;
  readonly endAt: Date;
  readonly attendeeName: string;
  readonly attendeeEmail: string | null;
  readonly attendeePhone: string | null;
  readonly notes: string;
  readonly status: 'accepted' | 'cancelled';
  readonly callId: CallId | null;
  readonly createdAt: Date;
}
