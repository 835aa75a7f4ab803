import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { type RouteModule, scopeOf } from '#http/dialect';
import { operation } from '#http/operation';
import type { VeevoDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { IdParams } from '../schemas.ts';
import { ApiKeysBody, CreatedApiKeyBody, showApiKeys, showCreatedApiKey } from '../shapes/api-key.ts';

const TAG = 'API Keys';
const ALL = '/api/api-keys';

const createApiKey = {
  ...operation('createApiKey', TAG, 'Make another API key, shown in full this once'),
  body: Type.Object({ label: Type.Optional(Type.String()) }),
  response: { 201: CreatedApiKeyBody, ...failures(400, 401, 403) },
};

const listApiKeys = {
  ...operation('listApiKeys', TAG, 'List the keys in force, by prefix'),
  response: { 200: ApiKeysBody, ...failures(401, 403) },
};

const revokeApiKey = {
  ...operation('revokeApiKey', TAG, 'Put a key out of use at once'),
  params: IdParams,
  response: { 200: Type.Object({ revoked: Type.Literal(true) }), ...failures(400, 401, 403, 404) },
};

/** Keys for the Authorization header. */
export const apiKeyRoutes =
  ({ services: { keys } }: VeevoDeps): RouteModule =>
  (app) => {
    const creating = {
      config: { idempotent: true },
      schema: createApiKey,
      // All that a body could say may be left out, and so may the body.
      preValidation: async (request: FastifyRequest) => {
        request.body ??= {};
      },
    };
    app.post(ALL, creating, async (request, reply) => {
      const key = await keys.issue(scopeOf(request), { label: request.body.label, form: 'rtk' });
      return reply.code(201).send(showCreatedApiKey(key));
    });

    app.get(ALL, { schema: listApiKeys }, async (request) => showApiKeys(await keys.list(scopeOf(request))));

    app.delete(`${ALL}/:id`, { schema: revokeApiKey }, async (request) => {
      await keys.revoke(scopeOf(request), request.params.id);
      return { revoked: true as const };
    });
  };
