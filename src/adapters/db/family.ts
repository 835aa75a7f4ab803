import type { TenantId } from '#kernel/ids';
import type { Session } from './repos/session.ts';

/** What makes each member, from the session and the tenant it is bound to; brands have no maker. */
type Makers<T> = { readonly [K in keyof T & string]: (session: Session, tenantId: TenantId) => T[K] };

/**
 * An object whose members are made when they are first asked for: a transaction touches few of the repositories there
 * are. The tenant is of no meaning to makers that do not take it.
 */
export function family<T extends object>(
  makers: Makers<T>,
): (session: Session, tenantId: TenantId | null) => T {
  const bound = new WeakMap<object, { session: Session; tenantId: TenantId | null }>();
  const prototype = {};
  for (const name of Object.keys(makers) as (keyof T & string)[]) {
    Object.defineProperty(prototype, name, {
      enumerable: true,
      get(this: object) {
        const { session, tenantId } = bound.get(this)!;
        const value = makers[name](session, tenantId as TenantId);
        Object.defineProperty(this, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return (session, tenantId) => {
    const member = Object.create(prototype) as T;
    bound.set(member, { session, tenantId });
    return member;
  };
}
