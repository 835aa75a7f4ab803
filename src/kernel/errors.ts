/** Every way a use case can fail; each dialect maps all of them to statuses of its own. */
export type ErrorCode =
  | 'invalid'
  | 'unauthenticated'
  | 'payment_required'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'precondition'
  | 'quota'
  | 'rate_limited'
  | 'unsupported'
  | 'upstream'
  | 'unavailable'
  | 'internal';

export interface DomainErrorOptions {
  /** The request field at fault, in the core's words (`email`, `models[0].label`). */
  field?: string;
  /** How long to wait before trying again. */
  retryAfterMs?: number;
  /** Facts a dialect may show, such as the agents that still use a provider. */
  details?: Readonly<Record<string, unknown>>;
  /** What went wrong in words only logs see; `publicMessage` when left out. */
  internal?: string;
  cause?: unknown;
}

/** The one error that services throw. `publicMessage` may be shown to anyone; `message` goes to logs. */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly publicMessage: string;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, publicMessage: string, options: DomainErrorOptions = {}) {
    super(
      options.internal ?? publicMessage,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.name = 'DomainError';
    this.code = code;
    this.publicMessage = publicMessage;
    this.field = options.field;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }
}

/** Turns whatever was thrown into a DomainError; what is unknown becomes `internal` and tells clients nothing. */
export function toDomainError(thrown: unknown): DomainError {
  if (thrown instanceof DomainError) return thrown;
  const internal = thrown instanceof Error ? thrown.message : String(thrown);
  return new DomainError('internal', 'Something went wrong on our side.', { internal, cause: thrown });
}
