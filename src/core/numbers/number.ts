import type { Callbacks } from '#core/callbacks/callbacks';
import type { AssistantId, NumberId, TenantId } from '#kernel/ids';

/** A phone number that belongs to a tenant; no other tenant can have it meanwhile. */
export interface PhoneNumber {
  readonly id: NumberId;
  readonly tenantId: TenantId;
  readonly e164: string;
  /** Who answers it; null leaves the choice to the tenant's newest active assistant. */
  readonly assistantId: AssistantId | null;
  readonly label: string;
  /** Whether calls to it are answered. */
  readonly active: boolean;
  /** Who is told of its calls. */
  readonly callbacks: Callbacks;
  readonly createdAt: Date;
}
