import type { PhoneNumber } from '#core/numbers/number';
import type { Scope } from '#kernel/scope';

export interface Numbers {
  /** Throws `invalid` (`e164`, `assistantId`), `conflict` where any tenant has the number. */
  add(
    scope: Scope,
    order: { e164: string; assistantId?: string | null; label?: string },
  ): Promise<PhoneNumber>;
  list(scope: Scope): Promise<PhoneNumber[]>;
  get(scope: Scope, id: string): Promise<PhoneNumber>;
  update(
    scope: Scope,
    id: string,
    change: { assistantId?: string | null; label?: string },
  ): Promise<PhoneNumber>;
  remove(scope: Scope, id: string): Promise<void>;
  /** Whose number it is, whichever tenant's; null for nobody's. For webhooks that carry no credential. */
  ownerOf(e164: string): Promise<PhoneNumber | null>;
}
