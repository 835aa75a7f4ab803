import type { ModelRef } from '#core/assistants/assistant';
import type { AuditEntry } from '#core/audit/audit-entry';
import { auditEntry, changedFields } from '#core/audit/record';
import { flagField, invalid, notFound, objectField, textField, wordField } from '#core/fields';
import { permit } from '#core/permission';
import { MODEL_CATEGORIES, type ModelCategory } from '#core/plans/plan';
import { planOf } from '#core/plans/plan-of';
import type { OutboundHttp, SealedText, Secrets } from '#core/ports';
import { type ProviderType, providerType } from '#core/providers/catalogue';
import { checkCredentials, openCredentials, sealCredentials } from '#core/providers/credentials';
import { embeddedProviders } from '#core/providers/embedded';
import { type ProbeResult, probeProvider } from '#core/providers/probe';
import type { OpenedProvider, Provider, ProviderModel } from '#core/providers/provider';
import type { ProviderChange } from '#core/providers/repo';
import type { Tx, UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { isId, newId, type ProviderId, type TenantId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import type { Actor, Scope } from '#kernel/scope';

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
  /** A model with its provider's credentials in the clear, for one use of it; null where it is gone or switched off. */
  openModel(scope: Scope, ref: ModelRef): Promise<OpenedProvider | null>;
  /**
   * Throws `invalid` (unknown type, missing credential), `forbidden` (the plan has no custom providers), `quota` (it
   * has no more), `conflict` (the name is taken).
   */
  create(scope: Scope, draft: ProviderDraft): Promise<Provider>;
  /** Throws `not_found`, `forbidden` for a global one, `conflict`, `invalid`. */
  update(scope: Scope, id: string, edit: ProviderEdit): Promise<Provider>;
  /** Throws `conflict` with `details.agents` (`{ id, name }[]`) while an assistant uses it; else as `update`. */
  remove(scope: Scope, id: string): Promise<void>;
  /** Asks the vendor, with the provider's key, whether it would serve. Throws `not_found`, `forbidden` for a global one. */
  test(scope: Scope, id: string, signal: AbortSignal): Promise<ProbeResult>;
  /** The same for the operator's. */
  testGlobal(id: string, signal: AbortSignal): Promise<ProbeResult>;
  /** For the operator. */
  listGlobal(): Promise<Provider[]>;
  createGlobal(draft: ProviderDraft): Promise<Provider>;
  updateGlobal(id: string, edit: ProviderEdit): Promise<Provider>;
  /** Adds the embedded providers where they are missing. */
  seed(): Promise<void>;
}

export interface ProviderDeps {
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** Judges the addresses that tenants name, and reaches them. */
  readonly urls: OutboundHttp;
}

export function makeProviders(deps: ProviderDeps): Providers {
  return new ProviderService(deps);
}

const OPERATOR: Actor = { kind: 'operator' };

class ProviderService implements Providers {
  readonly #deps: ProviderDeps;

  constructor(deps: ProviderDeps) {
    this.#deps = deps;
  }

  list(scope: Scope, { own = false }: { own?: boolean } = {}): Promise<Provider[]> {
    return this.#deps.uow.read(scope, (repos) => repos.providers.list(own ? { source: 'client' } : {}));
  }

  get(scope: Scope, id: string): Promise<Provider> {
    return this.#deps.uow.read(scope, async (repos) => {
      const provider = isId('prov', id) ? await repos.providers.find(id) : null;
      if (!provider) throw notFound('Provider');
      return provider;
    });
  }

  openModel(scope: Scope, { providerId, modelId }: ModelRef): Promise<OpenedProvider | null> {
    return this.#deps.uow.read(scope, async (repos) => {
      const provider = await repos.providers.find(providerId);
      if (!provider?.active) return null;
      const { id, source, category, providerKey, name, settings } = provider;
      const credentials = openCredentials(this.#deps.secrets, id, await repos.providers.credentialsOf(id));
      return { id, source, category, providerKey, name, modelId, credentials, settings };
    });
  }

  async create(scope: Scope, draft: ProviderDraft): Promise<Provider> {
    permit(scope, 'manage');
    const { provider, sealed } = this.#drafted(draft, scope.tenantId);
    await this.#deps.uow.write(scope, async (tx) => {
      const plan = await planOf(tx, await tx.tenant.lock());
      const { customProviders, maxCustomProviders } = plan.features;
      if (!customProviders) {
        throw new DomainError('forbidden', `Your plan ${plan.name} has no providers of your own.`);
      }
      if ((await tx.providers.countOwn()) >= maxCustomProviders) {
        throw new DomainError(
          'quota',
          `Your plan ${plan.name} has room for ${maxCustomProviders} providers.`,
        );
      }
      await tx.providers.insert(provider, sealed);
      await tx.audit.add(this.#deed(scope.actor, provider, { action: 'provider.created' }));
    });
    return provider;
  }

  async update(scope: Scope, id: string, edit: ProviderEdit): Promise<Provider> {
    permit(scope, 'manage');
    return this.#deps.uow.write(scope, async (tx) => {
      const before = await this.#own(tx, id);
      const provider = await tx.providers.update(before.id, this.#change(before, edit));
      if (!provider) throw notFound('Provider');
      await tx.audit.add(this.#deed(scope.actor, provider, { action: 'provider.updated', edit }));
      return provider;
    });
  }

  async remove(scope: Scope, id: string): Promise<void> {
    permit(scope, 'manage');
    await this.#deps.uow.write(scope, async (tx) => {
      // Whoever gives an assistant a provider holds the same lock.
      await tx.tenant.lock();
      const provider = await this.#own(tx, id);
      const agents = await tx.providers.usesOf(provider.id);
      if (agents.length > 0) {
        throw new DomainError('conflict', 'The provider is in use by agents.', { details: { agents } });
      }
      if (!(await tx.providers.remove(provider.id))) throw notFound('Provider');
      await tx.audit.add(this.#deed(scope.actor, provider, { action: 'provider.removed' }));
    });
  }

  async test(scope: Scope, id: string, signal: AbortSignal): Promise<ProbeResult> {
    permit(scope, 'manage');
    const [provider, sealed] = await this.#deps.uow.read(scope, async (repos) => {
      const own = ownOf(isId('prov', id) ? await repos.providers.find(id) : null);
      return [own, await repos.providers.credentialsOf(own.id)] as const;
    });
    return this.#probe(provider, sealed, signal);
  }

  async testGlobal(id: string, signal: AbortSignal): Promise<ProbeResult> {
    const [provider, sealed] = await this.#deps.uow.system.read(async (repos) => {
      const found = isId('prov', id) ? await repos.providers.find(id) : null;
      if (!found) throw notFound('Provider');
      return [found, await repos.providers.credentialsOf(found.id)] as const;
    });
    return this.#probe(provider, sealed, signal);
  }

  async #probe(provider: Provider, sealed: SealedText | null, signal: AbortSignal): Promise<ProbeResult> {
    const { secrets, urls: http, clock } = this.#deps;
    const type = typeOf(provider);
    const credentials = openCredentials(secrets, provider.id, sealed);
    return probeProvider({ type, provider, credentials, http, nowMs: () => clock.nowMs() }, signal);
  }

  listGlobal(): Promise<Provider[]> {
    return this.#deps.uow.system.read((repos) => repos.providers.list());
  }

  async createGlobal(draft: ProviderDraft): Promise<Provider> {
    const { provider, sealed } = this.#drafted(draft, null);
    await this.#deps.uow.system.write(async (tx) => {
      await tx.providers.insert(provider, sealed);
      await tx.audit.add(this.#deed(OPERATOR, provider, { action: 'provider.created' }));
    });
    return provider;
  }

  updateGlobal(id: string, edit: ProviderEdit): Promise<Provider> {
    return this.#deps.uow.system.write(async (tx) => {
      const before = isId('prov', id) ? await tx.providers.find(id) : null;
      const provider = before && (await tx.providers.update(before.id, this.#change(before, edit)));
      if (!provider) throw notFound('Provider');
      await tx.audit.add(this.#deed(OPERATOR, provider, { action: 'provider.updated', edit }));
      return provider;
    });
  }

  async seed(): Promise<void> {
    const providers = embeddedProviders(this.#now());
    await this.#deps.uow.system.write((tx) => tx.providers.seed(providers));
  }

  async #own(tx: Tx, id: string): Promise<Provider> {
    return ownOf(isId('prov', id) ? await tx.providers.find(id) : null);
  }

  #drafted(
    draft: ProviderDraft,
    tenantId: TenantId | null,
  ): { provider: Provider; sealed: SealedText | null } {
    const category = wordField(draft.category, 'category', MODEL_CATEGORIES);
    const type =
      typeof draft.providerKey === 'string' ? providerType(category, draft.providerKey) : undefined;
    if (!type || (type.embedded && tenantId !== null)) {
      throw invalid('providerKey', `providerKey names no type of ${category} provider that can be added.`);
    }
    const id = newId('prov');
    const now = this.#now();
    const provider: Provider = {
      id,
      tenantId,
      source: tenantId === null ? 'global' : 'client',
      category,
      providerKey: type.providerKey,
      name: textField(draft.name, 'name', { max: 200 }),
      models: modelsField(draft.models),
      settings: this.#settings(type, draft.settings ?? {}, tenantId !== null),
      active: true,
      createdAt: now,
      updatedAt: now,
    };
    return { provider, sealed: this.#sealed(type, id, draft.credentials) };
  }

  #change(before: Provider, edit: ProviderEdit): ProviderChange {
    const type = typeOf(before);
    const sealed =
      edit.credentials === undefined ? undefined : this.#sealed(type, before.id, edit.credentials);
    return {
      ...(edit.name === undefined ? {} : { name: textField(edit.name, 'name', { max: 200 }) }),
      ...(edit.active === undefined ? {} : { active: flagField(edit.active, 'active') }),
      ...(edit.models === undefined ? {} : { models: modelsField(edit.models) }),
      ...(edit.settings === undefined
        ? {}
        : { settings: this.#settings(type, edit.settings, before.source === 'client') }),
      ...(sealed === undefined ? {} : { credentials: sealed }),
    };
  }

  /** A tenant's base URL is judged like any address that tenants name; the operator may name what they like. */
  #settings(type: ProviderType, given: unknown, ofTenant: boolean): JsonObject {
    const settings = objectField(given, 'settings', 16_000);
    const { baseUrl } = settings;
    const field = 'settings.baseUrl';
    if (baseUrl === undefined || baseUrl === null || baseUrl === '') {
      const isLocal = type.baseUrl?.startsWith('http://localhost') ?? !type.embedded;
      if (type.baseUrl === null && !type.embedded) throw invalid(field, `${field} is missing.`);
      if (isLocal && ofTenant) throw invalid(field, `${field} is missing: it says where your server is.`);
      return settings;
    }
    const url = textField(baseUrl, field, { max: 2_000 });
    if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) throw invalid(field, `${field} must be a URL.`);
    if (ofTenant) this.#deps.urls.checkUrl(url, field);
    return { ...settings, baseUrl: url.replace(/\/+$/, '') };
  }

  #sealed(type: ProviderType, id: ProviderId, credentials: unknown): SealedText | null {
    return sealCredentials(this.#deps.secrets, id, checkCredentials(type, credentials));
  }

  #deed(
    actor: Actor,
    { id, tenantId }: Provider,
    { action, edit }: { action: string; edit?: ProviderEdit },
  ): AuditEntry {
    const details = edit ? changedFields(edit) : {};
    return auditEntry(actor, { tenantId, action, target: id, details }, this.#now());
  }

  #now(): Date {
    return new Date(this.#deps.clock.nowMs());
  }
}

/** One that its tenant may change. Throws `not_found`, `forbidden`. */
function ownOf(provider: Provider | null): Provider {
  if (!provider) throw notFound('Provider');
  if (provider.source === 'client') return provider;
  throw new DomainError('forbidden', 'This provider belongs to the platform: it cannot be changed.');
}

function typeOf({ category, providerKey }: Provider): ProviderType {
  const type = providerType(category, providerKey);
  if (type) return type;
  throw new DomainError('unsupported', 'This type of provider is not known to the server any more.');
}

const MAX_MODELS = 500;

function modelsField(given: unknown): ProviderModel[] {
  if (!Array.isArray(given)) throw invalid('models', 'models must be a list.');
  if (given.length > MAX_MODELS) throw invalid('models', `models must have at most ${MAX_MODELS} entries.`);
  const seen = new Set<string>();
  return given.map((entry: unknown, at) => {
    const { modelId, label } = objectField(entry, `models[${at}]`, 2_000);
    const id = textField(modelId, `models[${at}].modelId`, { max: 200 });
    if (seen.has(id)) throw invalid(`models[${at}].modelId`, `The model ${id} is listed twice.`);
    seen.add(id);
    return {
      modelId: id,
      label: textField(label ?? id, `models[${at}].label`, { max: 200, empty: true }) || id,
    };
  });
}
