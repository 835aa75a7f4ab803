import { DomainError } from '#kernel/errors';
import { isJsonObject, type JsonObject } from '#kernel/json';

/** The error of a field that cannot be used. */
export function invalid(field: string, message: string): DomainError {
  return new DomainError('invalid', message, { field });
}

/** Characters that no text of ours may hold: NUL and the other controls except tab and line breaks. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

export interface TextRule {
  readonly max: number;
  /** Whether it may be empty once trimmed. */
  readonly empty?: boolean;
}

/** A text as people write it, trimmed; throws `invalid` for anything else. */
export function textField(value: unknown, field: string, { max, empty = false }: TextRule): string {
  if (typeof value !== 'string') throw invalid(field, `${field} must be text.`);
  const text = value.trim().toWellFormed();
  if (text === '' && !empty) throw invalid(field, `${field} must not be empty.`);
  if (text.length > max) throw invalid(field, `${field} must have at most ${max} characters.`);
  if (CONTROLS.test(text)) throw invalid(field, `${field} must not hold control characters.`);
  return text;
}

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A finite number within the range, both ends included. */
export function numberField(value: unknown, field: string, { min, max }: Range): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < min || value > max) {
    throw invalid(field, `${field} must be a number from ${min} to ${max}.`);
  }
  return value;
}

/** A whole number within the range, both ends included. */
export function wholeField(value: unknown, field: string, range: Range): number {
  if (!Number.isInteger(value) || (value as number) < range.min || (value as number) > range.max) {
    throw invalid(field, `${field} must be a whole number from ${range.min} to ${range.max}.`);
  }
  return value as number;
}

export function flagField(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw invalid(field, `${field} must be true or false.`);
  return value;
}

/** One of a closed set of words. */
export function wordField<T extends string>(value: unknown, field: string, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === value);
  if (word === undefined) throw invalid(field, `${field} must be one of: ${words.join(', ')}.`);
  return word;
}

/** A JSON object of at most `maxChars` when written out. */
export function objectField(value: unknown, field: string, maxChars: number): JsonObject {
  if (!isJsonObject(value)) throw invalid(field, `${field} must be an object.`);
  if (JSON.stringify(value).length > maxChars) throw invalid(field, `${field} is too long.`);
  return value;
}

export function emailField(value: unknown, field = 'email'): string {
  const email = textField(value, field, { max: 254 });
  if (!/^[^\s@"<>(),:;\\[\]]+@[^\s@.]+(\.[^\s@.]+)+$/.test(email) || /\.\.|^\.|\.@/.test(email)) {
    throw invalid(field, `${field} must be an email address.`);
  }
  return email;
}

/** Eight characters or more; the upper bound keeps hashing cheap. The password comes back as it was given. */
export function passwordField(value: unknown, field = 'password'): string {
  if (typeof value !== 'string') throw invalid(field, `${field} must be text.`);
  if ([...value].length < 8) throw invalid(field, `${field} must have at least 8 characters.`);
  if (value.length > 1_024) throw invalid(field, `${field} must have at most 1024 characters.`);
  return value;
}

/** A telephone number in E.164: a plus sign and 7 to 15 digits. */
export function e164Field(value: unknown, field: string): string {
  if (typeof value !== 'string' || !/^\+[1-9]\d{6,14}$/.test(value)) {
    throw invalid(field, `${field} must be a phone number in E.164, such as +15551234567.`);
  }
  return value;
}

/** A zone of the IANA database. */
export function timezoneField(value: unknown, field: string): string {
  try {
    if (typeof value !== 'string' || !/^[A-Za-z]/.test(value)) throw new RangeError('no name');
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone && value;
  } catch {
    throw invalid(field, `${field} must be a time zone such as America/New_York.`);
  }
}

/** A BCP 47 language tag, in its usual spelling. */
export function languageField(value: unknown, field: string): string {
  try {
    if (typeof value !== 'string' || value === '') throw new RangeError('no tag');
    return Intl.getCanonicalLocales(value)[0]!;
  } catch {
    throw invalid(field, `${field} must be a language tag such as en-US.`);
  }
}

/** An id from outside that must name something: malformed ones name nothing. */
export function notFound(what: string): DomainError {
  return new DomainError('not_found', `${what} not found.`);
}
