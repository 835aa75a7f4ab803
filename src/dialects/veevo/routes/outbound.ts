import { type RouteModule, scopeOf } from '#http/dialect';
import { operation } from '#http/operation';
import { PAID } from '../auth.ts';
import type { VeevoDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { OutboundOrderBody, PlacedCallBody, readOutboundOrder, showPlacedCall } from '../shapes/outbound.ts';

const startOutboundCall = {
  ...operation('startOutboundCall', 'Outbound', "Place a call from one of the account's numbers"),
  body: OutboundOrderBody,
  response: { 201: PlacedCallBody, ...failures(400, 401, 402, 403) },
};

/** Calls that the customer starts. */
export const outboundRoutes =
  ({ services: { dialing } }: VeevoDeps): RouteModule =>
  (app) => {
    const paid = { config: { access: PAID, idempotent: true }, schema: startOutboundCall };
    app.post('/api/outbound', paid, async (request, reply) => {
      const orderKey = request.headers['idempotency-key']?.toString();
      const placed = await dialing.call(scopeOf(request), { ...readOutboundOrder(request.body), orderKey });
      return reply.code(201).send(showPlacedCall(placed));
    });
  };
