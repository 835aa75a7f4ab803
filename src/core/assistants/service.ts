import type { Assistant, AssistantView } from '#core/assistants/assistant';
import { blankAssistant } from '#core/assistants/defaults';
import type { AssistantDraft, AssistantEdit } from '#core/assistants/draft';
import { editAssistant } from '#core/assistants/edit';
import { chooseModels } from '#core/assistants/models';
import { type Circumstances, circumstances, viewOf } from '#core/assistants/status';
import { auditEntry } from '#core/audit/record';
import { notFound } from '#core/fields';
import { permit } from '#core/permission';
import type { OutboundHttp } from '#core/ports';
import type { Tx, UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import { type AssistantId, isId } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import type { Scope } from '#kernel/scope';

export type { AssistantDraft, AssistantEdit };

export interface Assistants {
  /** Oldest first. The tenant's default assistant is left out unless asked for. */
  list(scope: Scope, filter?: { includeDefault?: boolean }): Promise<AssistantView[]>;
  /** Throws `not_found`. */
  get(scope: Scope, id: string): Promise<AssistantView>;
  /** The one every tenant has from its first day. */
  getDefault(scope: Scope): Promise<AssistantView>;
  /**
   * Throws `invalid` (with the field; a provider that is unknown or another tenant's counts as one), `forbidden` (a
   * global model outside the plan) or `quota` (the plan has room for no more).
   */
  create(scope: Scope, draft: AssistantDraft): Promise<AssistantView>;
  /** Nested blocks are merged. Throws as `create`, and `not_found`; a refused update changes nothing. */
  update(scope: Scope, id: string, edit: AssistantEdit): Promise<AssistantView>;
  /** Throws `not_found`, and `precondition` for the default assistant. */
  remove(scope: Scope, id: string): Promise<void>;
}

export interface AssistantDeps {
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  /** Judges the addresses that tools name. */
  readonly urls: Pick<OutboundHttp, 'checkUrl'>;
}

export function makeAssistants(deps: AssistantDeps): Assistants {
  return new AssistantService(deps);
}

class AssistantService implements Assistants {
  readonly #deps: AssistantDeps;

  constructor(deps: AssistantDeps) {
    this.#deps = deps;
  }

  list(scope: Scope, filter: { includeDefault?: boolean } = {}): Promise<AssistantView[]> {
    return this.#deps.uow.read(scope, async (repos) => {
      const around = await circumstances(repos, this.#deps.clock.nowMs());
      const all = await repos.assistants.list({ includeDefault: filter.includeDefault ?? false });
      return all.map((assistant) => viewOf(assistant, around));
    });
  }

  get(scope: Scope, id: string): Promise<AssistantView> {
    return this.#deps.uow.read(scope, async (repos) => {
      const assistant = isId('asst', id) ? await repos.assistants.find(id) : null;
      if (!assistant) throw notFound('Agent');
      return viewOf(assistant, await circumstances(repos, this.#deps.clock.nowMs()));
    });
  }

  getDefault(scope: Scope): Promise<AssistantView> {
    return this.#deps.uow.read(scope, async (repos) => {
      const assistant = await repos.assistants.findDefault();
      if (!assistant) throw notFound('Agent');
      return viewOf(assistant, await circumstances(repos, this.#deps.clock.nowMs()));
    });
  }

  async create(scope: Scope, draft: AssistantDraft): Promise<AssistantView> {
    permit(scope, 'write');
    return this.#deps.uow.write(scope, async (tx) => {
      const around = await this.#locked(tx);
      const now = this.#now();
      const blank = blankAssistant(scope.tenantId, '', now);
      const assistant = this.#edited(blank, { ...draft, name: draft.name ?? '' }, around);
      const { maxAgents } = around.plan.limits;
      if ((await tx.assistants.count()) >= maxAgents) {
        throw new DomainError('quota', `Your plan ${around.plan.name} has room for ${maxAgents} agents.`);
      }
      await tx.assistants.insert(assistant);
      await this.#audit(tx, scope, { action: 'assistant.created', target: assistant.id });
      return viewOf(assistant, around);
    });
  }

  async update(scope: Scope, id: string, edit: AssistantEdit): Promise<AssistantView> {
    permit(scope, 'write');
    return this.#deps.uow.write(scope, async (tx) => {
      // Two edits at once are one after the other, so that neither is lost in the other's merge.
      const around = await this.#locked(tx);
      const before = isId('asst', id) ? await tx.assistants.find(id) : null;
      if (!before) throw notFound('Agent');
      const assistant = { ...this.#edited(before, edit, around), updatedAt: this.#now() };
      await tx.assistants.update(assistant);
      const fields = Object.entries(edit).flatMap(([key, value]) => (value === undefined ? [] : key));
      await this.#audit(tx, scope, { action: 'assistant.updated', target: assistant.id, fields });
      return viewOf(assistant, around);
    });
  }

  async remove(scope: Scope, id: string): Promise<void> {
    permit(scope, 'write');
    if (!isId('asst', id)) throw notFound('Agent');
    await this.#deps.uow.write(scope, async (tx) => {
      const assistant = await tx.assistants.find(id);
      if (!assistant) throw notFound('Agent');
      if (assistant.isDefault) {
        throw new DomainError(
          'precondition',
          'The default agent answers where no other does: it cannot be deleted.',
        );
      }
      if (!(await tx.assistants.remove(id))) throw notFound('Agent');
      await this.#audit(tx, scope, { action: 'assistant.removed', target: id });
    });
  }

  #edited(before: Assistant, edit: AssistantEdit, around: Circumstances): Assistant {
    return chooseModels(editAssistant(before, edit, this.#deps.urls), edit, around);
  }

  async #locked(tx: Tx): Promise<Circumstances> {
    return circumstances(tx, this.#deps.clock.nowMs(), await tx.tenant.lock());
  }

  async #audit(
    tx: Tx,
    { actor, tenantId }: Scope,
    deed: { action: string; target: AssistantId; fields?: string[] },
  ): Promise<void> {
    const { action, target, fields } = deed;
    const details: JsonObject = fields ? { fields } : {};
    await tx.audit.add(auditEntry(actor, { tenantId, action, target, details }, this.#now()));
  }

  #now(): Date {
    return new Date(this.#deps.clock.nowMs());
  }
}
