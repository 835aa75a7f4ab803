import type { Assistant } from '#core/assistants/assistant';
import type { AssistantId } from '#kernel/ids';

export interface AssistantRepo {
  insert(assistant: Assistant): Promise<void>;
  find(id: AssistantId): Promise<Assistant | null>;
  findDefault(): Promise<Assistant | null>;
  /** Oldest first. */
  list(filter: { includeDefault: boolean }): Promise<Assistant[]>;
  /** Newest first, switched on by its owner, the default one left out. */
  listOn(): Promise<Assistant[]>;
  /** Without the default one. */
  count(): Promise<number>;
  /** Replaces all but id, tenant, `isDefault` and `createdAt`. False where it is gone. */
  update(assistant: Assistant): Promise<boolean>;
  /** Never removes the default one. Numbers that it answered fall back to the tenant's choice. */
  remove(id: AssistantId): Promise<boolean>;
}
