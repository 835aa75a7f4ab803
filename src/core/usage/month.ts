/** The first moment of the month in UTC: where the count of a month's minutes begins. */
export function monthStart(nowMs: number): Date {
  const now = new Date(nowMs);
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1));
}
