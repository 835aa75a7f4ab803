import { DrizzleQueryError } from 'drizzle-orm';
import { DatabaseError } from 'pg';
import { DomainError } from '#kernel/errors';

/** What a broken uniqueness means to whoever asked. */
const TAKEN: Readonly<Record<string, { message: string; field: string }>> = {
  users_email_key: { message: 'This email address is already in use.', field: 'email' },
  numbers_e164: { message: 'This phone number is already registered.', field: 'e164' },
  providers_own_name: { message: 'A provider of this name exists already.', field: 'name' },
  providers_global_name: { message: 'A provider of this name exists already.', field: 'name' },
};

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
/** Serialization failure and deadlock: the same work may succeed when it is done again. */
const WORTH_AGAIN: readonly string[] = ['40001', '40P01'];
/** Text that PostgreSQL cannot hold: a NUL, or bytes that are no characters. */
const UNSTORABLE: readonly string[] = ['22021', '22P05'];
/** Connection failures, too many connections, time limits, shutdown, out of disk or memory. */
const UNAVAILABLE = /^(08|53|57|58)/;
const NO_CONNECTION: readonly string[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'ENOTFOUND',
];

/** Whether the transaction should be tried again. */
export function worthAgain(thrown: unknown): boolean {
  const cause = causeOf(thrown);
  return cause instanceof DatabaseError && WORTH_AGAIN.includes(cause.code ?? '');
}

/**
 * Storage failures as DomainErrors; everything else comes back as it is. The message holds PostgreSQL's code, table and
 * constraint, never the query's values: those are people's data and hashes.
 */
export function storageFailure(thrown: unknown): unknown {
  if (thrown instanceof DomainError) return thrown;
  const cause = causeOf(thrown);
  if (cause instanceof DatabaseError) return databaseFailure(cause);
  if (isConnectionFailure(cause)) return unavailable(cause.message);
  // The query builder's own error repeats the query with its values.
  if (cause !== thrown) return new DomainError('internal', PUBLIC_INTERNAL, { internal: 'query failed' });
  return thrown;
}

const PUBLIC_INTERNAL = 'Something went wrong on our side.';

function databaseFailure(error: DatabaseError): DomainError {
  const code = error.code ?? '';
  const where = [error.table, error.constraint, error.column, error.routine].filter(Boolean).join(' ');
  const internal = `PostgreSQL ${code} ${where}`.trim();
  if (code === UNIQUE_VIOLATION) {
    const taken = TAKEN[error.constraint ?? ''];
    if (taken) return new DomainError('conflict', taken.message, { field: taken.field, internal });
    return new DomainError('conflict', 'This exists already.', { internal });
  }
  if (code === FOREIGN_KEY_VIOLATION) {
    return new DomainError('conflict', 'Something this depends on has changed meanwhile.', { internal });
  }
  if (UNSTORABLE.includes(code)) {
    return new DomainError('invalid', 'The request holds characters that cannot be stored.', { internal });
  }
  if (WORTH_AGAIN.includes(code) || UNAVAILABLE.test(code)) return unavailable(internal);
  return new DomainError('internal', PUBLIC_INTERNAL, { internal: `${internal}: ${safeWords(error)}` });
}

/** PostgreSQL quotes values in some messages (`invalid input syntax for type integer: "…"`): those are cut. */
function safeWords(error: DatabaseError): string {
  return error.message.replace(/: ".*$/s, ': …');
}

function unavailable(internal: string): DomainError {
  return new DomainError('unavailable', 'The service is not available right now. Please try again.', {
    internal,
    retryAfterMs: 1_000,
  });
}

function isConnectionFailure(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined && NO_CONNECTION.includes(code)) return true;
  return /Connection terminated|timeout exceeded when trying to connect|not queryable/i.test(error.message);
}

/** What the query builder wrapped. */
function causeOf(thrown: unknown): unknown {
  return thrown instanceof DrizzleQueryError && thrown.cause ? thrown.cause : thrown;
}
