import type { KeyId, TenantId } from '#kernel/ids';

/** Which dialect's form a key is written in; every live key opens every dialect. */
export type KeyForm = 'rtk' | 'vx' | 'va';

export const KEY_FORMS: readonly KeyForm[] = ['rtk', 'vx', 'va'];

/** An API key as it is listed: never the secret, never its hash. */
export interface ApiKey {
  readonly id: KeyId;
  readonly tenantId: TenantId;
  readonly form: KeyForm;
  /** The leading seven characters of the secret, `vx_0123`. */
  readonly prefix: string;
  readonly label: string;
  readonly createdAt: Date;
  /** Kept to the minute. */
  readonly lastUsedAt: Date | null;
}

/** A key at its making: the only time its secret can be read. */
export interface IssuedKey extends ApiKey {
  readonly secret: string;
}
