import type { Callbacks } from '#core/callbacks/callbacks';
import type { PhoneNumber } from '#core/numbers/number';
import type { AssistantId, NumberId } from '#kernel/ids';

export interface NumberRepo {
  /** Fails with `conflict` where anyone has the number already. */
  insert(number: PhoneNumber): Promise<void>;
  list(): Promise<PhoneNumber[]>;
  find(id: NumberId): Promise<PhoneNumber | null>;
  findByE164(e164: string): Promise<PhoneNumber | null>;
  update(
    id: NumberId,
    change: { assistantId?: AssistantId | null; label?: string; callbacks?: Callbacks; active?: boolean },
  ): Promise<PhoneNumber | null>;
  remove(id: NumberId): Promise<boolean>;
}

export interface NumberDirectory {
  findByE164(e164: string): Promise<PhoneNumber | null>;
}
