import { auditEntry, changedFields } from '#core/audit/record';
import { type Callbacks, NO_CALLBACKS } from '#core/callbacks/callbacks';
import { checkCallbacks } from '#core/callbacks/check-callbacks';
import { e164Field, invalid, notFound, textField } from '#core/fields';
import type { PhoneNumber } from '#core/numbers/number';
import { permit } from '#core/permission';
import type { OutboundHttp } from '#core/ports';
import type { Tx, UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import { type AssistantId, isId, newId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';

export interface Numbers {
  /** Throws `invalid` (`e164`, `assistantId`), `conflict` where any tenant has the number. */
  add(
    scope: Scope,
    order: { e164: string; assistantId?: string | null; label?: string },
  ): Promise<PhoneNumber>;
  /**
   * A number with who is told of its calls. One that is the tenant's own already gets the new addresses and answers
   * again. Throws `invalid` (`e164`, `callbacks.startUrl` and so on), `conflict` where another tenant has the number.
   */
  register(scope: Scope, order: { e164: string; callbacks: Callbacks }): Promise<PhoneNumber>;
  list(scope: Scope): Promise<PhoneNumber[]>;
  /** Throws `not_found`. */
  get(scope: Scope, id: string): Promise<PhoneNumber>;
  /** Throws `not_found`, `invalid`. */
  update(
    scope: Scope,
    id: string,
    change: { assistantId?: string | null; label?: string },
  ): Promise<PhoneNumber>;
  /** Frees the number for anyone. Throws `not_found`. */
  remove(scope: Scope, id: string): Promise<void>;
  /** Whose number it is, whichever tenant's; null for nobody's. For webhooks that carry no credential. */
  ownerOf(e164: string): Promise<PhoneNumber | null>;
}

export interface NumberDeps {
  readonly uow: UnitOfWork;
  readonly clock: Clock;
  /** Judges the addresses that tenants name. */
  readonly urls: Pick<OutboundHttp, 'checkUrl'>;
}

export function makeNumbers({ uow, clock, urls }: NumberDeps): Numbers {
  const now = () => new Date(clock.nowMs());
  const deed = (scope: Scope, { action, target, edit }: Change) => {
    const details = edit ? changedFields(edit) : {};
    return auditEntry(scope.actor, { tenantId: scope.tenantId, action, target, details }, now());
  };
  return {
    async add(scope, order) {
      permit(scope, 'write');
      const e164 = e164Field(order.e164, 'e164');
      const label = labelField(order.label ?? '');
      return uow.write(scope, async (tx) => {
        const assistantId = await chosenAssistant(tx, order.assistantId ?? null);
        const number = { ...blankNumber(scope, e164, now()), assistantId, label };
        await tx.numbers.insert(number);
        await tx.audit.add(deed(scope, { action: 'number.added', target: number.id }));
        return number;
      });
    },
    async register(scope, order) {
      permit(scope, 'write');
      const e164 = e164Field(order.e164, 'e164');
      const callbacks = checkCallbacks(urls, order.callbacks);
      return uow.write(scope, async (tx) => {
        // Of two registrations at once by one tenant the second finds what the first has made.
        await tx.tenant.lock();
        const own = await tx.numbers.findByE164(e164);
        if (own) {
          await tx.audit.add(
            deed(scope, { action: 'number.updated', target: own.id, edit: { callbacks, active: true } }),
          );
          return (await tx.numbers.update(own.id, { callbacks, active: true }))!;
        }
        const number = { ...blankNumber(scope, e164, now()), callbacks };
        await tx.numbers.insert(number);
        await tx.audit.add(deed(scope, { action: 'number.added', target: number.id }));
        return number;
      });
    },
    list: (scope) => uow.read(scope, (repos) => repos.numbers.list()),
    get: (scope, id) =>
      uow.read(scope, async (repos) => {
        const number = isId('num', id) ? await repos.numbers.find(id) : null;
        if (!number) throw notFound('Phone number');
        return number;
      }),
    async update(scope, id, { assistantId, label }) {
      permit(scope, 'write');
      return uow.write(scope, async (tx) => {
        if (!isId('num', id) || !(await tx.numbers.find(id))) throw notFound('Phone number');
        const change = {
          ...(assistantId === undefined ? {} : { assistantId: await chosenAssistant(tx, assistantId) }),
          ...(label === undefined ? {} : { label: labelField(label) }),
        };
        const number = Object.keys(change).length === 0 ? null : await tx.numbers.update(id, change);
        await tx.audit.add(deed(scope, { action: 'number.updated', target: id, edit: change }));
        return number ?? (await tx.numbers.find(id))!;
      });
    },
    async remove(scope, id) {
      permit(scope, 'write');
      await uow.write(scope, async (tx) => {
        if (!isId('num', id) || !(await tx.numbers.remove(id))) throw notFound('Phone number');
        await tx.audit.add(deed(scope, { action: 'number.removed', target: id }));
      });
    },
    ownerOf: (e164) => uow.system.read((repos) => repos.numbers.findByE164(e164)),
  };
}

/** A number that is answered, by whoever answers for the tenant, and nobody is told of. */
const blankNumber = ({ tenantId }: Scope, e164: string, createdAt: Date): PhoneNumber => ({
  id: newId('num'),
  tenantId,
  e164,
  assistantId: null,
  label: '',
  active: true,
  callbacks: NO_CALLBACKS,
  createdAt,
});

interface Change {
  readonly action: string;
  readonly target: string;
  /** What was given; only the names are kept. */
  readonly edit?: object;
}

const labelField = (label: unknown) => textField(label, 'label', { max: 200, empty: true });

async function chosenAssistant(tx: Tx, id: string | null): Promise<AssistantId | null> {
  if (id === null) return null;
  const assistant = isId('asst', id) ? await tx.assistants.find(id) : null;
  if (!assistant) throw invalid('assistantId', 'assistantId names no agent of yours.');
  return assistant.id;
}
