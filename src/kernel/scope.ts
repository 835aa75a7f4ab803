import type { KeyId, TenantId, UserId } from './ids.ts';

/** Who acts: a signed-in user, an API key, the operator, or the platform itself (jobs, the engine). */
export type Actor =
  | { kind: 'user'; userId: UserId }
  | { kind: 'key'; keyId: KeyId }
  | { kind: 'operator' }
  | { kind: 'system' };

export type Role = 'owner' | 'admin' | 'member' | 'viewer';

export type Action = 'read' | 'write' | 'manage';

/** Every use case takes one first: the tenant it works in and who asks. */
export interface Scope {
  readonly tenantId: TenantId;
  readonly actor: Actor;
  readonly role: Role;
  can(action: Action): boolean;
}

const ALLOWED: Record<Role, readonly Action[]> = {
  owner: ['read', 'write', 'manage'],
  admin: ['read', 'write', 'manage'],
  member: ['read', 'write'],
  viewer: ['read'],
};

/** Makes a scope; `can` follows from the role alone. */
export function makeScope(tenantId: TenantId, actor: Actor, role: Role): Scope {
  return { tenantId, actor, role, can: (action) => ALLOWED[role].includes(action) };
}
