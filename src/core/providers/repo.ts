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
  readonly credentials?: SealedText;
}

/** Providers a tenant can see (global ones and its own); writing reaches its own only. */
export interface ProviderRepo {
  /** Global ones first, each group oldest first. */
  list(filter?: { category?: ModelCategory; source?: Provider['source'] }): Promise<Provider[]>;
  find(id: ProviderId): Promise<Provider | null>;
  /** Null where there are none. */
  credentialsOf(id: ProviderId): Promise<SealedText | null>;
  countOwn(): Promise<number>;
  /** False where the tenant has a provider of that name, whatever the case. */
  insert(provider: Provider, credentials: SealedText | null): Promise<boolean>;
  /** Null where the id is not an own provider's; `taken` where the name is another's. */
  update(id: ProviderId, change: ProviderChange): Promise<Provider | 'taken' | null>;
  remove(id: ProviderId): Promise<boolean>;
  /** Assistants that name the provider. */
  usesOf(id: ProviderId): Promise<ProviderUse[]>;
}

export interface GlobalProviderRepo {
  list(): Promise<Provider[]>;
  find(id: ProviderId): Promise<Provider | null>;
  insert(provider: Provider, credentials: SealedText | null): Promise<boolean>;
  update(id: ProviderId, change: ProviderChange): Promise<Provider | 'taken' | null>;
}
