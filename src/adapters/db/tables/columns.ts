import { customType, timestamp } from 'drizzle-orm/pg-core';

/** A point in time, in UTC, to the millisecond: what a JavaScript Date holds comes back the same. */
export const moment = (name?: string) =>
  name === undefined
    ? timestamp({ withTimezone: true, precision: 3, mode: 'date' })
    : timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });

/** A JSON value in a `jsonb` column. */
export const json = <T>(name?: string) => {
  const column = customType<{ data: T; driverData: unknown }>({
    dataType: () => 'jsonb',
    toDriver: (value) => storableJson(value),
    fromDriver: (value) => value as T,
  });
  return name === undefined ? column() : column(name);
};

/**
 * JSON that PostgreSQL takes whatever the value holds: NUL and halves of surrogate pairs, which `jsonb` refuses,
 * become U+FFFD. One odd character from a recogniser must not lose a call's record.
 */
export function storableJson(value: unknown): string {
  return JSON.stringify(value).replace(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '$1\ufffd');
}
