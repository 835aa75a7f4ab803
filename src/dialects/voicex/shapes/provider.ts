import { type Static, Type } from 'typebox';
import { CATALOGUE } from '#core/providers/catalogue';
import type { Provider } from '#core/providers/provider';
import { Category, Id, OpenObject } from '../operation.ts';

export const ModelBody = Type.Object({
  modelId: Type.String({ minLength: 1 }),
  label: Type.String(),
});

/** Credentials are no part of it, and none of `Provider` either. */
export const ProviderBody = Type.Object({
  _id: Id,
  category: Category,
  providerKey: Type.String(),
  name: Type.String(),
  models: Type.Array(ModelBody),
  settings: OpenObject,
  active: Type.Boolean(),
  source: Type.Enum(['global', 'client']),
});

export function showProvider(provider: Provider): Static<typeof ProviderBody> {
  return {
    _id: provider.id,
    category: provider.category,
    providerKey: provider.providerKey,
    name: provider.name,
    models: provider.models.map((model) => ({ ...model })),
    settings: provider.settings,
    active: provider.active,
    source: provider.source,
  };
}

export const ProviderTypeBody = Type.Object({
  category: Category,
  providerKey: Type.String(),
  name: Type.String(),
  models: Type.Array(ModelBody),
  credentials: Type.Array(
    Type.Object({ name: Type.String(), label: Type.String(), required: Type.Boolean() }),
    { description: 'What a client provider of this type asks for.' },
  ),
  embedded: Type.Boolean({ description: 'Built in: global, and never created by a client.' }),
});

/** Every type of provider there can be. */
export function showCatalogue(): Static<typeof ProviderTypeBody>[] {
  return CATALOGUE.map((type) => ({
    category: type.category,
    providerKey: type.providerKey,
    name: type.name,
    models: type.models.map((model) => ({ ...model })),
    credentials: type.credentials.map((field) => ({ ...field })),
    embedded: type.embedded,
  }));
}
