import type { ModelCategory } from '#core/plans/plan';
import type { SealedText } from '#core/ports';
import type { Provider, ProviderModel, ProviderUse } from '#core/providers/provider';
import type { ProviderId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';

export interface ProviderChange {
  readonly name?: string;
  readonly active?: boolean;
  readonly models?: readonly ProviderModel[];
  readonly settings?: JsonObject;
  /** Null removes them. */
  readonly credentials?: SealedText | null;
}

/** Providers a tenant can see (global ones and its own); writing reaches its own only. */
export interface ProviderRepo {
  /** Global ones first, each group oldest first. */
  list(filter?: { category?: ModelCategory; source?: Provider['source'] }): Promise<Provider[]>;
  find(id: ProviderId): Promise<Provider | null>;
  /** Null where there are none. */
  credentialsOf(id: ProviderId): Promise<SealedText | null>;
  countOwn(): Promise<number>;
  /** Fails with `conflict` where the tenant has a provider of that name, whatever the case. */
  insert(provider: Provider, credentials: SealedText | null): Promise<void>;
  /** Null where the id is not an own provider's. Fails with `conflict` as `insert`. */
  update(id: ProviderId, change: ProviderChange): Promise<Provider | null>;
  remove(id: ProviderId): Promise<boolean>;
  /** Assistants that name the provider. */
  usesOf(id: ProviderId): Promise<ProviderUse[]>;
}

export interface GlobalProviderRepo {
  list(): Promise<Provider[]>;
  find(id: ProviderId): Promise<Provider | null>;
  credentialsOf(id: ProviderId): Promise<SealedText | null>;
  /** Fails with `conflict` where a global provider of the category has that name. */
  insert(provider: Provider, credentials: SealedText | null): Promise<void>;
  update(id: ProviderId, change: ProviderChange): Promise<Provider | null>;
  /** Adds those whose id is free, and brings the models of the others up to date. */
  seed(providers: readonly Provider[]): Promise<void>;
}
