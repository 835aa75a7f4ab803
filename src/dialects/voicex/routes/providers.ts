import { Type } from 'typebox';
import { type RouteModule, scopeOf } from '#http/dialect';
import { operation } from '#http/operation';
import type { JsonObject } from '#kernel/json';
import type { VoicexDeps } from '../deps.ts';
import { failures } from '../errors.ts';
import { Category, Done, IdParams, OpenObject } from '../schemas.ts';
import {
  ModelBody,
  ProbeBody,
  ProviderBody,
  ProviderTypeBody,
  showCatalogue,
  showProbe,
  showProvider,
} from '../shapes/provider.ts';

const TAG = 'Providers';
const ALL = '/api/dashboard/providers';

const listProviderTypes = {
  ...operation('listProviderTypes', TAG, 'Show the catalog of supported provider types'),
  response: { 200: Type.Array(ProviderTypeBody), ...failures(401, 403) },
};

const listProviders = {
  ...operation('listProviders', TAG, 'List global and client providers, or only the latter'),
  querystring: Type.Object({ client: Type.Optional(Type.Boolean()) }),
  response: { 200: Type.Array(ProviderBody), ...failures(400, 401, 403) },
};

/** What the type asks for, by the names of the catalogue. */
const Credentials = Type.Unsafe<JsonObject>({
  type: 'object',
  properties: { apiKey: { type: 'string', examples: ['sk-…'] } },
  additionalProperties: true,
});

const createProvider = {
  ...operation('createProvider', TAG, 'Add a client provider, if the plan allows it'),
  body: Type.Object({
    category: Category,
    providerKey: Type.String({ minLength: 1 }),
    name: Type.String({ minLength: 1 }),
    credentials: Credentials,
    models: Type.Array(ModelBody),
    settings: Type.Optional(OpenObject),
  }),
  response: { 201: ProviderBody, ...failures(400, 401, 403, 409) },
};

const getProvider = {
  ...operation('getProvider', TAG, 'Show one provider, without credentials'),
  params: IdParams,
  response: { 200: ProviderBody, ...failures(400, 401, 403, 404) },
};

const updateProvider = {
  ...operation('updateProvider', TAG, 'Rename a client provider or switch it on or off'),
  params: IdParams,
  body: Type.Partial(
    Type.Object({
      name: Type.String({ minLength: 1 }),
      active: Type.Boolean(),
      models: Type.Array(ModelBody),
      settings: OpenObject,
      credentials: OpenObject,
    }),
  ),
  response: { 200: ProviderBody, ...failures(400, 401, 403, 404, 409) },
};

const testProvider = {
  ...operation('testProvider', TAG, 'Ask the vendor whether it takes the credentials of a client provider'),
  params: IdParams,
  response: { 200: ProbeBody, ...failures(400, 401, 403, 404) },
};

const Agents = Type.Array(Type.Object({ _id: Type.String(), name: Type.String() }));

const deleteProvider = {
  ...operation('deleteProvider', TAG, 'Delete a client provider no agent uses'),
  params: IdParams,
  response: {
    200: Done,
    ...failures(400, 401, 403, 404),
    409: Type.Object(
      { error: Type.String({ minLength: 1 }), agents: Type.Optional(Agents) },
      { description: 'Some agents still use the provider.' },
    ),
  },
};

/** Provider types, and global and client providers. Credentials go in and never come out. */
export const providerRoutes =
  ({ services: { providers } }: VoicexDeps): RouteModule =>
  (app) => {
    app.get(`${ALL}/registry`, { schema: listProviderTypes }, () => showCatalogue());

    app.get(ALL, { schema: listProviders }, async (request) => {
      const found = await providers.list(scopeOf(request), { own: request.query.client === true });
      return found.map(showProvider);
    });

    app.post(ALL, { config: { idempotent: true }, schema: createProvider }, async (request, reply) => {
      const { category, providerKey, name, credentials, models, settings } = request.body;
      const draft = { category, providerKey, name, credentials, models, settings };
      return reply.code(201).send(showProvider(await providers.create(scopeOf(request), draft)));
    });

    app.get(`${ALL}/:id`, { schema: getProvider }, async (request) =>
      showProvider(await providers.get(scopeOf(request), request.params.id)),
    );

    app.patch(`${ALL}/:id`, { schema: updateProvider }, async (request) => {
      const { name, active, models, settings, credentials } = request.body;
      const edit = { name, active, models, settings, credentials };
      return showProvider(await providers.update(scopeOf(request), request.params.id, edit));
    });

    app.post(`${ALL}/:id/test`, { schema: testProvider }, async (request) =>
      showProbe(await providers.test(scopeOf(request), request.params.id, request.signal)),
    );

    app.delete(`${ALL}/:id`, { schema: deleteProvider }, async (request) => {
      await providers.remove(scopeOf(request), request.params.id);
      return {};
    });
  };
