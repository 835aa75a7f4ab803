import type { ApiKey, IssuedKey, KeyForm } from '#core/keys/key';
import type { Scope } from '#kernel/scope';

export interface Keys {
  /** Throws `invalid` (`label`) for an empty or overlong one, and `forbidden`. */
  issue(scope: Scope, order: { label: string; form: KeyForm }): Promise<IssuedKey>;
  /** Live keys, oldest first. */
  list(scope: Scope): Promise<ApiKey[]>;
  /** From then on the key opens nothing. Throws `not_found`, for a key of another tenant too. */
  revoke(scope: Scope, id: string): Promise<void>;
}
