import { Type } from 'typebox';
import type { Provider } from '#core/providers/provider';
import type { Providers } from '#core/providers/service';
import type { RouteModule } from '#http/dialect';
import type { JsonObject } from '#kernel/json';

const Open = Type.Unsafe<JsonObject>({ type: 'object' });
const Model = Type.Object({ modelId: Type.String({ minLength: 1 }), label: Type.String() });

const changeable = {
  name: Type.String({ minLength: 1 }),
  models: Type.Array(Model),
  settings: Open,
  credentials: Open,
};

const Draft = Type.Object({
  category: Type.Enum(['llm', 'tts', 'stt']),
  providerKey: Type.String({ minLength: 1 }),
  ...changeable,
  settings: Type.Optional(Open),
});

const Edit = Type.Partial(Type.Object({ ...changeable, active: Type.Boolean() }));

const Id = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });

/** Global providers: every tenant's, as far as its plan lists their models. */
export const providerRoutes =
  (providers: Providers): RouteModule =>
  (app) => {
    app.get('/providers', async () => ({ items: (await providers.listGlobal()).map(showProvider) }));

    app.post('/providers', { schema: { body: Draft } }, async (request, reply) => {
      const { category, providerKey, name, models, settings, credentials } = request.body;
      const draft = { category, providerKey, name, models, settings, credentials };
      return reply.code(201).send(showProvider(await providers.createGlobal(draft)));
    });

    app.post('/providers/:id/test', { schema: { params: Id } }, async (request) => {
      const result = await providers.testGlobal(request.params.id, request.signal);
      return { ok: result.outcome === 'ok', ...result };
    });

    app.patch('/providers/:id', { schema: { params: Id, body: Edit } }, async (request) => {
      const { name, active, models, settings, credentials } = request.body;
      const edit = { name, active, models, settings, credentials };
      return showProvider(await providers.updateGlobal(request.params.id, edit));
    });
  };

/** As Voicex shows a provider, with this API's `id` beside its `_id`; never its credentials. */
function showProvider(provider: Provider) {
  const { id, category, providerKey, name, models, settings, active } = provider;
  return { id, _id: id, category, providerKey, name, models, settings, active, source: 'global' as const };
}
