import type { UserId } from '#kernel/ids';

/** A person who can sign in. The password's hash never leaves the user repository's `credentialsOf`. */
export interface User {
  readonly id: UserId;
  readonly name: string;
  /** As it was typed; unique without regard to case. */
  readonly email: string;
  readonly superuser: boolean;
  readonly passwordChangeRequired: boolean;
  readonly createdAt: Date;
}

/** What signing in is checked against. A token is good while it carries the user's `tokenVersion`. */
export interface UserCredentials {
  readonly userId: UserId;
  /** Null for a user who never set one (signs in by other means). */
  readonly passwordHash: string | null;
  readonly tokenVersion: number;
}

/** E-mail addresses are compared in this form. */
export function emailKey(email: string): string {
  return email.trim().toLowerCase();
}
