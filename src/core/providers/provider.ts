import type { ModelCategory } from '#core/plans/plan';
import type { ProviderId, TenantId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';

export interface ProviderModel {
  readonly modelId: string;
  readonly label: string;
}

/** A source of models: global (of every tenant, `tenantId` null) or one tenant's own. Never carries credentials. */
export interface Provider {
  readonly id: ProviderId;
  readonly tenantId: TenantId | null;
  readonly source: 'global' | 'client';
  readonly category: ModelCategory;
  /** The type's key in the catalogue: `openai`, `moonshine`. */
  readonly providerKey: string;
  readonly name: string;
  /** For text-to-speech these are voices. */
  readonly models: readonly ProviderModel[];
  readonly settings: JsonObject;
  readonly active: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A provider and model ready to be called, for one call of the engine only: credentials are in the clear. */
export interface OpenedProvider {
  readonly id: ProviderId;
  /** A client's own is reached at public addresses only. */
  readonly source: Provider['source'];
  readonly category: ModelCategory;
  readonly providerKey: string;
  readonly name: string;
  readonly modelId: string;
  readonly credentials: Readonly<Record<string, string>>;
  readonly settings: JsonObject;
}

/** An agent that uses a provider, as shown when deleting the provider is refused. */
export interface ProviderUse {
  readonly id: string;
  readonly name: string;
}
