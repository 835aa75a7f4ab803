import { Type } from 'typebox';
import type { Billing } from '#core/billing/service';
import type { Oversight } from '#core/tenants/oversight';
import type { RouteModule } from '#http/dialect';
import { usdFromMicros } from '#kernel/money';
import { makeScope } from '#kernel/scope';

const Id = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });

/** What each account of a tenant's books holds, in US dollars. */
export const balanceRoutes =
  ({ billing, oversight }: { billing: Pick<Billing, 'balances'>; oversight: Oversight }): RouteModule =>
  (app) => {
    app.get('/tenants/:id/balances', { schema: { params: Id } }, async (request) => {
      const { tenant } = await oversight.tenant(request.params.id);
      const held = await billing.balances(makeScope(tenant.id, { kind: 'operator' }, 'owner'));
      const accounts = Object.entries(held).map(([account, micros]) => [account, usdFromMicros(micros)]);
      return { balances: Object.fromEntries(accounts) as Record<string, number> };
    });
  };
