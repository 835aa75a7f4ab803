import type { BookingStore } from '#adapters/calendar/sandbox/sandbox-calendar';
import type { Booking } from '#core/calendar/booking';
import type { BookingRepo } from '#core/calendar/repo';

/** Bookings of one tenant in an array, with the repository's own rules: unique keys, overlaps of accepted ones. */
export function bookingsInMemory(
  rows: (Booking & { key: string })[] = [],
): BookingStore & { rows: typeof rows } {
  const strip = ({ key: _, ...booking }: Booking & { key: string }): Booking => booking;
  const repo: BookingRepo = {
    between: async (from, to) =>
      rows.filter((row) => row.status === 'accepted' && row.startAt < to && row.endAt > from).map(strip),
    async insert(booking, key) {
      if (rows.some((row) => row.key === key)) return false;
      rows.push({ ...booking, key });
      return true;
    },
    findByKey: async (key) => rows.filter((row) => row.key === key).map(strip)[0] ?? null,
    find: async (id) => rows.filter((row) => row.id === id).map(strip)[0] ?? null,
    async cancel(id) {
      const at = rows.findIndex((row) => row.id === id);
      if (at < 0) return null;
      rows[at] = { ...rows[at]!, status: 'cancelled' };
      return strip(rows[at]!);
    },
  };
  return { rows, read: (run) => run(repo), write: (run) => run(repo) };
}
