import { createHash, randomBytes } from 'node:crypto';
import type { KeyForm } from '#core/keys/key';

const SECRET = /^(?:rtk|vx|va)_[0-9a-f]{48}$/;
const PREFIX_CHARS = 7;

/** A new API key: its form, an underscore and 48 hexadecimal digits (192 random bits). */
export function newKeySecret(form: KeyForm): string {
  return `${form}_${randomBytes(24).toString('hex')}`;
}

/** Whether a text has the form of a key at all; what has not is never looked up. */
export function isKeySecret(text: string): boolean {
  return SECRET.test(text);
}

/** What is shown of a key once it has been made. */
export function prefixOf(secret: string): string {
  return secret.slice(0, PREFIX_CHARS);
}

/** SHA-256 in hex. Keys and tickets are random enough that a plain hash cannot be turned back. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
