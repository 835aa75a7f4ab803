import type { ModelCategory } from '#core/plans/plan';
import { providerType } from '#core/providers/catalogue';
import type { Provider } from '#core/providers/provider';
import type { ProviderId } from '#kernel/ids';

/** The embedded providers' ids are the same everywhere, so that seeding twice, or on two nodes at once, changes nothing. */
const EMBEDDED: Readonly<Record<ModelCategory, { id: ProviderId; providerKey: string; modelId: string }>> = {
  stt: { id: 'prov_00000000000000000000000001' as ProviderId, providerKey: 'moonshine', modelId: 'tiny' },
  tts: { id: 'prov_00000000000000000000000002' as ProviderId, providerKey: 'flite', modelId: 'rms' },
  llm: {
    id: 'prov_00000000000000000000000003' as ProviderId,
    providerKey: 'concierge',
    modelId: 'concierge',
  },
};

/** What an assistant runs on where nothing else is chosen, and what stands in when the chosen one fails. */
export function embeddedModel(category: ModelCategory): { providerId: ProviderId; modelId: string } {
  const { id, modelId } = EMBEDDED[category];
  return { providerId: id, modelId };
}

/** The three providers that exist from the first start. */
export function embeddedProviders(now: Date): Provider[] {
  return (['stt', 'tts', 'llm'] as const).map((category) => {
    const { id, providerKey } = EMBEDDED[category];
    const type = providerType(category, providerKey)!;
    return {
      id,
      tenantId: null,
      source: 'global',
      category,
      providerKey,
      name: type.name,
      models: type.models,
      settings: {},
      active: true,
      createdAt: now,
      updatedAt: now,
    };
  });
}
