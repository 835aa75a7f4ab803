import type { IdempotencyRecord, KeyedRequest } from '#core/idempotency/idempotency';
import type { SealedText } from '#core/ports';

export interface IdempotencyRepo {
  /**
   * Takes the key for this request: where nobody has it, where its record began before `keptSince`, or where the same
   * request took it before `leasedSince` and never answered. Null when taken, else the record that stands in the way.
   * Of two at once exactly one takes it.
   */
  take(
    request: KeyedRequest,
    at: { now: Date; keptSince: Date; leasedSince: Date },
  ): Promise<IdempotencyRecord | null>;
  /**
   * The id of what the request with this key has made already, before its process went down; null for a first try.
   * Whoever makes something that must not be doubled asks in the transaction that makes it.
   */
  effectOf(key: string): Promise<string | null>;
  /** Notes that id, in the transaction that makes it. Nothing is noted for a key that nobody holds. */
  noteEffect(key: string, id: string): Promise<void>;
  /** Keeps the answer of the request that took the key at that moment; false where it has lost the key. */
  keep(run: { key: string; startedAt: Date }, status: number, answer: SealedText): Promise<boolean>;
  /** Gives the key up without an answer. */
  release(run: { key: string; startedAt: Date }): Promise<void>;
}

export interface IdempotencyDirectory {
  /** Deletes records that began before this moment; how many. */
  sweep(before: Date): Promise<number>;
}
