import type { FastifyError, FastifySchemaValidationError } from 'fastify';
import { DomainError, toDomainError } from '#kernel/errors';

/**
 * Whatever was thrown while a request was read or answered, as a DomainError: schema errors, malformed and oversize
 * bodies and the like become `invalid`, wrong media types `unsupported`, everything unknown `internal`.
 */
export function toRequestError(thrown: unknown): DomainError {
  if (thrown instanceof DomainError || !isFastifyError(thrown)) return toDomainError(thrown);
  const first = thrown.validation?.[0];
  if (first) return fromSchema(first, thrown.validationContext ?? 'body');
  if (thrown.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new DomainError('unsupported', 'The body is of a media type that is not taken here.', {
      cause: thrown,
    });
  if (thrown.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new DomainError('invalid', 'The body is too large.', { cause: thrown });
  if (thrown.statusCode >= 400 && thrown.statusCode < 500)
    return new DomainError('invalid', 'The request could not be read: malformed body or headers.', {
      cause: thrown,
    });
  return toDomainError(thrown);
}

/** Fastify's own; other libraries' errors that carry a status are faults of ours. */
function isFastifyError(thrown: unknown): thrown is FastifyError & { statusCode: number } {
  return thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('FST_');
}

function fromSchema(error: FastifySchemaValidationError, part: string): DomainError {
  const missing = error.params.requiredProperties;
  const path = error.instancePath.slice(1).replace(/\/(\d+)/g, '[$1]');
  if (Array.isArray(missing) && missing.length > 0) {
    const names = missing.map((name) => join(path, String(name)));
    const message = `${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} required.`;
    return new DomainError('invalid', message, { field: names[0]! });
  }
  const field = join(path, '');
  const subject = field || (part === 'body' ? 'The body' : `The ${part}`);
  return new DomainError('invalid', `${subject} ${describe(error)}.`, field ? { field } : {});
}

function describe(error: FastifySchemaValidationError): string {
  const allowed = error.params.allowedValues;
  if (Array.isArray(allowed)) return `must be one of: ${allowed.join(', ')}`;
  return error.message ?? 'is not valid';
}

function join(path: string, name: string): string {
  return [path.replaceAll('/', '.'), name].filter(Boolean).join('.');
}
