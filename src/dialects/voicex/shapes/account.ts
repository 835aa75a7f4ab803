import { type Static, Type } from 'typebox';
import type { Access } from '#core/accounts/service';
import type { Member } from '#core/members/member';
import type { Tenant } from '#core/tenants/tenant';
import type { User } from '#core/users/user';
import type { Role } from '#kernel/scope';
import { Id } from '../schemas.ts';

export const UserBody = Type.Object({
  _id: Id,
  name: Type.String({ examples: ['John Doe'] }),
  email: Type.String({ format: 'email' }),
  role: Type.String(),
});

export const OrganizationBody = Type.Object({ _id: Id, name: Type.String(), status: Type.String() });

export const CurrentUserBody = Type.Object({ user: UserBody, organization: OrganizationBody });

export const SessionBody = Type.Object({
  user: UserBody,
  organization: OrganizationBody,
  token: Type.String({ description: 'A JWT.' }),
});

/** This dialect knows no owner: whoever signed up is an admin. */
const ROLES: Readonly<Record<Role, string>> = {
  owner: 'admin',
  admin: 'admin',
  member: 'member',
  viewer: 'viewer',
};

/** The signed-in user and the organization they are in. */
export function showCurrentUser(who: {
  user: User;
  member: Member;
  tenant: Access['tenant'];
}): Static<typeof CurrentUserBody> {
  return { user: showUser(who.user, who.member), organization: showOrganization(who.tenant) };
}

function showUser(user: User, member: Member): Static<typeof UserBody> {
  return { _id: user.id, name: user.name, email: user.email, role: ROLES[member.role] };
}

function showOrganization(tenant: Tenant): Static<typeof OrganizationBody> {
  return { _id: tenant.id, name: tenant.name, status: tenant.status };
}
