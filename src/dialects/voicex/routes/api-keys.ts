import { Type } from 'typebox';
import { type RouteModule, scopeOf } from '#http/dialect';
import { operation } from '#http/operation';
import type { VoicexDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { Done, IdParams } from '../schemas.ts';
import { ApiKeyBody, CreatedApiKeyBody, showApiKeys, showCreatedApiKey } from '../shapes/api-key.ts';

const TAG = 'API Keys';
const ALL = '/api/dashboard/api-keys';

const listApiKeys = {
  ...operation('listApiKeys', TAG, 'List API keys by prefix and name'),
  response: { 200: Type.Array(ApiKeyBody), ...failures(401, 403) },
};

const createApiKey = {
  ...operation('createApiKey', TAG, 'Make an API key, shown in full this once'),
  body: Type.Object({ name: Type.String({ minLength: 1 }) }),
  response: { 201: CreatedApiKeyBody, ...failures(400, 401, 403) },
};

const revokeApiKey = {
  ...operation('revokeApiKey', TAG, 'Put an API key out of use'),
  params: IdParams,
  response: { 200: Done, ...failures(400, 401, 403, 404) },
};

/** Keys for `x-api-key`. */
export const apiKeyRoutes =
  ({ services: { keys } }: VoicexDeps): RouteModule =>
  (app) => {
    app.get(ALL, { schema: listApiKeys }, async (request) => showApiKeys(await keys.list(scopeOf(request))));

    app.post(ALL, { config: { idempotent: true }, schema: createApiKey }, async (request, reply) => {
      const key = await keys.issue(scopeOf(request), { label: request.body.name, form: 'vx' });
      return reply.code(201).send(showCreatedApiKey(key));
    });

    app.delete(`${ALL}/:id`, { schema: revokeApiKey }, async (request) => {
      await keys.revoke(scopeOf(request), request.params.id);
      return {};
    });
  };
