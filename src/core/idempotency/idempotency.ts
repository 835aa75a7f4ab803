import type { SealedText } from '#core/ports';

/** An answer as it went over the wire, so that a repeat gets the same bytes. */
export interface KeptAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** A request that carries an idempotency key. */
export interface KeyedRequest {
  /** As the client chose it: 1 to 255 printable ASCII characters. */
  readonly key: string;
  /** Method and route pattern. */
  readonly operation: string;
  /** Digest of all that makes the request what it is. */
  readonly requestHash: string;
}

/** A tenant's record of one key. `status` and `answer` are null while the first request runs. */
export interface IdempotencyRecord {
  readonly key: string;
  readonly operation: string;
  readonly requestHash: string;
  readonly status: number | null;
  readonly answer: SealedText | null;
  readonly startedAt: Date;
}
