import type { CallId, TenantId } from '#kernel/ids';

/** Billed seconds of one call on their way to the payment vendor's meter. */
export interface MeterReport {
  readonly callId: CallId;
  readonly tenantId: TenantId;
  readonly seconds: number;
  /** When they count for. */
  readonly at: Date;
  /** The first try: from here on the vendor knows for a day that it has seen the report. */
  readonly triedAt: Date | null;
  readonly reportedAt: Date | null;
}
