import { Type } from 'typebox';
import { type RouteModule, scopeOf } from '#http/dialect';
import { operation } from '#http/operation';
import type { VeevoDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { Id } from '../schemas.ts';
import { DeliveriesBody, showDelivery } from '../shapes/delivery.ts';

const TAG = 'Callbacks';

const listDeliveries = {
  ...operation('listDeliveries', TAG, 'List the tries to deliver callbacks, newest first'),
  querystring: Type.Object({
    call: Type.Optional({ ...Id, description: "One call's: its id or its SID." }),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 50 }),
    offset: Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1, default: 0 }),
  }),
  response: { 200: DeliveriesBody, ...failures(400, 401, 403) },
};

const getSigningSecret = {
  ...operation('getSigningSecret', TAG, 'Show what the signatures of callbacks are checked with'),
  response: {
    200: Type.Object({ secret: Type.String({ description: 'In the form of Standard Webhooks, whsec_….' }) }),
    ...failures(401, 403),
  },
};

/** What the account's callbacks are signed with, and what became of them. */
export const callbackRoutes =
  ({ services: { callbacks, webhooks } }: VeevoDeps): RouteModule =>
  (app) => {
    app.get('/api/deliveries', { schema: listDeliveries }, async (request) => {
      const { call, limit, offset } = request.query;
      const page = await callbacks.deliveries(scopeOf(request), {
        skip: offset,
        limit,
        ...(call !== undefined && { call }),
      });
      return { deliveries: page.items.map(showDelivery), total: page.total, limit, offset };
    });

    app.get('/api/signing-secret', { schema: getSigningSecret }, async (request) => ({
      secret: webhooks.signingSecret(scopeOf(request)),
    }));
  };
