import type { Call } from '#core/calls/call';
import type { Dial, DialStatus } from '#core/dialing/dial';
import type { SealedText } from '#core/ports';
import type { CallId } from '#kernel/ids';

/** What the carrier told of a call. */
export interface DialReport {
  readonly status: DialStatus;
  readonly sequence: number;
  /** Null leaves what was told before. */
  readonly answeredBy: string | null;
}

export interface DialRepo {
  insert(dial: Dial): Promise<void>;
  find(callId: CallId): Promise<Dial | null>;
  /** As `find`, and holds the dial until the transaction ends. */
  lock(callId: CallId): Promise<Dial | null>;
  report(callId: CallId, report: DialReport): Promise<void>;
  /** Keeps what the tenant's backend said. */
  saveBrief(callId: CallId, brief: SealedText | null, askedAt: Date): Promise<void>;
}

export interface DialDirectory {
  findByToken(tokenHash: string): Promise<Dial | null>;
  /**
   * Calls that nobody has been connected to although their ringing time, and `graceSec` beyond it, have passed.
   */
  overdue(at: Date, graceSec: number): Promise<{ call: Call; dial: Dial }[]>;
  /** Forgets the accounts of calls that ended before this moment; of how many. */
  forgetAccounts(endedBefore: Date): Promise<number>;
}

/** Where callers go once their stream has ended. */
export interface TransferDirectory {
  put(transfer: { carrierRef: string; to: string; expiresAt: Date }): Promise<void>;
  /** Takes the transfer away: of two at once exactly one gets it. Null where there is none, or it has expired. */
  take(carrierRef: string, at: Date): Promise<string | null>;
  sweep(before: Date): Promise<number>;
}
