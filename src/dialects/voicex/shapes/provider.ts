import { type Static, Type } from 'typebox';
import { CATALOGUE } from '#core/providers/catalogue';
import type { ProbeResult } from '#core/providers/probe';
import type { Provider } from '#core/providers/provider';
import { nullable } from '#http/operation';
import { Category, Id, OpenObject } from '../schemas.ts';

export const ModelBody = Type.Object({
  modelId: Type.String({ minLength: 1, examples: ['gpt-4o'] }),
  label: Type.String({ examples: ['GPT-4o'] }),
});

/** Credentials are no part of it, and none of `Provider` either. */
export const ProviderBody = Type.Object({
  _id: Id,
  category: Category,
  providerKey: Type.String({ examples: ['openai'] }),
  name: Type.String({ examples: ['My OpenAI'] }),
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
  providerKey: Type.String({ examples: ['openai'] }),
  name: Type.String({ examples: ['My OpenAI'] }),
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

export const ProbeBody = Type.Object({
  ok: Type.Boolean({ description: 'Whether the vendor took the credentials.' }),
  outcome: Type.Enum(['ok', 'refused', 'rate_limited', 'unavailable', 'unexpected']),
  message: Type.String(),
  status: nullable(Type.Integer({ description: 'What the vendor answered; null without an answer.' })),
  tookMs: Type.Integer({ minimum: 0 }),
  unknownModels: Type.Array(Type.String(), {
    description: 'Models of the provider that the vendor does not list, where it lists any.',
  }),
});

/** What came of asking a provider's vendor. */
export function showProbe(result: ProbeResult): Static<typeof ProbeBody> {
  const { outcome, message, status, tookMs, unknownModels } = result;
  return { ok: outcome === 'ok', outcome, message, status, tookMs, unknownModels: [...unknownModels] };
}
