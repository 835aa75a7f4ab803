import type { ModelCategory } from '#core/plans/plan';
import type { Provider, ProviderModel } from '#core/providers/provider';
import type { JsonObject } from '#kernel/json';
import type { Scope } from '#kernel/scope';

export interface ProviderDraft {
  readonly category: ModelCategory;
  readonly providerKey: string;
  readonly name: string;
  readonly credentials: JsonObject;
  readonly models: readonly ProviderModel[];
  readonly settings?: JsonObject;
}

export interface ProviderEdit {
  readonly name?: string;
  readonly active?: boolean;
  readonly models?: readonly ProviderModel[];
  readonly settings?: JsonObject;
  readonly credentials?: JsonObject;
}

export interface Providers {
  /** Global ones and the tenant's own, or only the latter. */
  list(scope: Scope, filter?: { own?: boolean }): Promise<Provider[]>;
  /** Throws `not_found`. */
  get(scope: Scope, id: string): Promise<Provider>;
  /**
   * Throws `invalid` (unknown type, missing credential), `forbidden` (the plan has no custom providers), `quota` (it
   * has no more), `conflict` (the name is taken).
   */
  create(scope: Scope, draft: ProviderDraft): Promise<Provider>;
  /** Throws `not_found`, `forbidden` for a global one, `conflict`, `invalid`. */
  update(scope: Scope, id: string, edit: ProviderEdit): Promise<Provider>;
  /** Throws `conflict` with `details.agents` (`{ id, name }[]`) while an assistant uses it; else as `update`. */
  remove(scope: Scope, id: string): Promise<void>;
  /** For the operator. */
  listGlobal(): Promise<Provider[]>;
  createGlobal(draft: ProviderDraft): Promise<Provider>;
  updateGlobal(id: string, edit: ProviderEdit): Promise<Provider>;
  /** Adds the embedded providers where they are missing. */
  seed(): Promise<void>;
}
