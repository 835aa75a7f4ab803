import type { Assistant, ModelRef } from '#core/assistants/assistant';
import type { AssistantEdit } from '#core/assistants/draft';
import type { Circumstances } from '#core/assistants/status';
import { invalid, textField } from '#core/fields';
import { MODEL_CATEGORIES, type ModelCategory, planAllows } from '#core/plans/plan';
import { providerType } from '#core/providers/catalogue';
import type { Provider } from '#core/providers/provider';
import { DomainError } from '#kernel/errors';
import { isId } from '#kernel/ids';

/**
 * The assistant with the providers and models of the edit. Categories the edit does not touch stay as they are, even
 * where a smaller plan has put their model out of reach. Throws `invalid` or `forbidden`.
 */
export function chooseModels(before: Assistant, edit: AssistantEdit, around: Circumstances): Assistant {
  const chosen = { ...before };
  for (const category of MODEL_CATEGORIES) {
    const providerId = edit[`${category}ProviderId`];
    const modelId = edit[`${category}ModelId`];
    if (providerId === undefined && modelId === undefined) continue;
    const provider = visibleProvider(providerId ?? before[category].providerId, category, around);
    chosen[category] =
      modelId === undefined
        ? fittingModel(provider, before[category].modelId, around)
        : checkedModel(provider, modelId, around);
  }
  return chosen;
}

function visibleProvider(id: string, category: ModelCategory, { providers }: Circumstances): Provider {
  const field = `${category}ProviderId`;
  const provider = typeof id === 'string' && isId('prov', id) ? providers.get(id) : undefined;
  if (!provider) throw invalid(field, `${field} names no provider of yours.`);
  if (provider.category !== category) {
    throw invalid(field, `${field} names a provider of the category ${provider.category}.`);
  }
  return provider;
}

function checkedModel(provider: Provider, given: unknown, around: Circumstances): ModelRef {
  const field = `${provider.category}ModelId`;
  const modelId = textField(given, field, { max: 200 });
  if (!isAllowed(provider, modelId, around)) {
    throw new DomainError(
      'forbidden',
      `The model ${provider.providerKey}/${modelId} is not part of your plan ${around.plan.name}.`,
      { field },
    );
  }
  if (!offers(provider, modelId))
    throw invalid(field, `The provider ${provider.name} has no model ${modelId}.`);
  return { providerId: provider.id, modelId };
}

/** For an edit that names a provider alone: the model as it was if the provider has it, else its first allowed one. */
function fittingModel(provider: Provider, before: string, around: Circumstances): ModelRef {
  const field = `${provider.category}ModelId`;
  const offered = provider.models.map(({ modelId }) => modelId);
  const allowed = offered.filter((modelId) => isAllowed(provider, modelId, around));
  const modelId = allowed.includes(before) ? before : allowed[0];
  if (modelId !== undefined) return { providerId: provider.id, modelId };
  if (offered.length === 0)
    throw invalid(field, `${field} is needed: the provider ${provider.name} lists no models.`);
  throw new DomainError(
    'forbidden',
    `No model of the provider ${provider.name} is part of your plan ${around.plan.name}.`,
    { field },
  );
}

/**
 * The model of that name, `provider/model` or the model's own id, among the tenant's own active providers first and the
 * global ones after. Throws `invalid` (there is none) or `forbidden` (outside the plan), with the field.
 */
export function modelByName(
  given: unknown,
  { category, field }: { category: ModelCategory; field: string },
  around: Circumstances,
): ModelRef {
  const name = textField(given, field, { max: 300 });
  const providers = [...around.providers.values()]
    .filter((provider) => provider.category === category && provider.active)
    .sort((a, b) => Number(b.source === 'client') - Number(a.source === 'client'));
  const slash = name.indexOf('/');
  const key = name.slice(0, Math.max(0, slash));
  const inProvider = name.slice(slash + 1);
  const found = [
    ...providers
      .filter((provider) => provider.providerKey === key && offers(provider, inProvider))
      .map((provider) => ({ provider, modelId: inProvider })),
    ...providers
      .filter((provider) => provider.models.some(({ modelId }) => modelId === name))
      .map((provider) => ({ provider, modelId: name })),
  ];
  const chosen = found.find(({ provider, modelId }) => isAllowed(provider, modelId, around));
  if (chosen) return { providerId: chosen.provider.id, modelId: chosen.modelId };
  if (found.length === 0) throw invalid(field, `${field}: no provider of yours has ${name}.`);
  const message = `${field}: ${name} is not part of your plan ${around.plan.name}.`;
  throw new DomainError('forbidden', message, { field });
}

function isAllowed(provider: Provider, modelId: string, { plan }: Circumstances): boolean {
  return provider.source === 'client' || planAllows(plan, provider.category, { ...provider, modelId });
}

/** A tenant's own provider has the models it lists and those known of its type; one that lists none has any. */
function offers(provider: Provider, modelId: string): boolean {
  const known = (list: Provider['models'] = []) => list.some((model) => model.modelId === modelId);
  if (known(provider.models)) return true;
  if (provider.source === 'global') return false;
  return provider.models.length === 0 || known(providerType(provider.category, provider.providerKey)?.models);
}
