import type { ApiKey } from '#core/keys/key';
import type { Plan } from '#core/plans/plan';
import type { Tenant } from '#core/tenants/tenant';
import type { KeyId } from '#kernel/ids';

export interface KeyRepo {
  /** `hash` is the SHA-256 of the whole secret, in hex. */
  insert(key: ApiKey, hash: string): Promise<void>;
  /** Live keys, oldest first. */
  list(): Promise<ApiKey[]>;
  /** False where no live key has the id. */
  revoke(id: KeyId, at: Date): Promise<boolean>;
}

export interface KeyDirectory {
  /** A live key and its tenant. */
  findByHash(hash: string): Promise<{ key: ApiKey; tenant: Tenant; plan: Plan } | null>;
  /** Never moves the time backwards. */
  touch(id: KeyId, at: Date): Promise<void>;
}
