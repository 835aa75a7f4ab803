import { Type } from 'typebox';
import type { MemberView } from '#core/members/member';
import type { Oversight } from '#core/tenants/oversight';
import type { TenantSummary } from '#core/tenants/repo';
import type { RouteModule } from '#http/dialect';

const Id = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });

const Listing = Type.Object({
  query: Type.Optional(Type.String()),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  after: Type.Optional(Type.String({ minLength: 1 })),
});

const TenantChange = Type.Object({
  status: Type.Optional(Type.Enum(['pending', 'inactive', 'active', 'suspended'])),
  plan: Type.Optional(Type.String({ minLength: 1 })),
});

/** The body may be left out. */
const KeyOrder = Type.Union([
  Type.Object({
    label: Type.Optional(Type.String({ minLength: 1 })),
    form: Type.Optional(Type.Enum(['rtk', 'vx', 'va'])),
  }),
  Type.Null(),
]);

const UserChange = Type.Object({
  superuser: Type.Optional(Type.Boolean()),
  passwordChangeRequired: Type.Optional(Type.Boolean()),
});

/** Tenants, keys for them, and users. */
export const tenantRoutes =
  (oversight: Oversight): RouteModule =>
  (app) => {
    app.get('/tenants', { schema: { querystring: Listing } }, async (request) => {
      const page = await oversight.tenants(request.query);
      return { items: page.items.map(showTenant), next: page.next };
    });

    app.get('/tenants/:id', { schema: { params: Id } }, async (request) => {
      const found = await oversight.tenant(request.params.id);
      return { ...showTenant(found), members: found.members.map(showMember) };
    });

    app.patch('/tenants/:id', { schema: { params: Id, body: TenantChange } }, async (request) => {
      const { status, plan } = request.body;
      return showTenant(await oversight.updateTenant(request.params.id, { status, plan }));
    });

    app.post('/tenants/:id/api-keys', { schema: { params: Id, body: KeyOrder } }, async (request, reply) => {
      const { label, form } = request.body ?? {};
      const key = await oversight.issueKey(request.params.id, { label, form });
      return reply.code(201).send({ id: key.id, key: key.secret });
    });

    const user = { params: Type.Object({ email: Type.String({ minLength: 3 }) }), body: UserChange };
    app.put('/users/:email', { schema: user }, async (request) => {
      const { superuser, passwordChangeRequired } = request.body;
      const found = await oversight.updateUser(request.params.email, { superuser, passwordChangeRequired });
      return {
        id: found.id,
        email: found.email,
        superuser: found.superuser,
        passwordChangeRequired: found.passwordChangeRequired,
      };
    });
  };

function showTenant({ tenant, ownerEmail }: TenantSummary) {
  return {
    id: tenant.id,
    name: tenant.name,
    status: tenant.status,
    plan: tenant.planSlug,
    createdAt: tenant.createdAt.toISOString(),
    owner: { email: ownerEmail },
  };
}

function showMember(member: MemberView) {
  return {
    id: member.id,
    userId: member.userId,
    name: member.name,
    email: member.email,
    role: member.role,
    createdAt: member.createdAt.toISOString(),
  };
}
