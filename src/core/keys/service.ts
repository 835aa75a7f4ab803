import { auditEntry } from '#core/audit/record';
import { notFound, textField, wordField } from '#core/fields';
import { type ApiKey, type IssuedKey, KEY_FORMS, type KeyForm } from '#core/keys/key';
import { newKeySecret, prefixOf, secretHash } from '#core/keys/secret';
import { permit } from '#core/permission';
import type { Tx, UnitOfWork } from '#core/uow';
import type { Clock } from '#kernel/clock';
import { isId, newId, type TenantId } from '#kernel/ids';
import type { Actor, Scope } from '#kernel/scope';

export interface Keys {
  /** `label` is `API key` when left out. Throws `invalid` (`label`) for an empty or overlong one, and `forbidden`. */
  issue(scope: Scope, order: { label?: string; form: KeyForm }): Promise<IssuedKey>;
  /** Live keys, oldest first. */
  list(scope: Scope): Promise<ApiKey[]>;
  /** From then on the key opens nothing. Throws `not_found`, for a key of another tenant too. */
  revoke(scope: Scope, id: string): Promise<void>;
}

/** Whose key, what for, and who has it made. */
export interface KeyOrder {
  readonly tenantId: TenantId;
  readonly actor: Actor;
  readonly label?: string;
  readonly form: KeyForm;
}

/** Makes a key inside a transaction of its tenant. */
export async function issueKey(tx: Tx, order: KeyOrder, at: Date): Promise<IssuedKey> {
  const form = wordField(order.form, 'form', KEY_FORMS);
  const secret = newKeySecret(form);
  const key: ApiKey = {
    id: newId('key'),
    tenantId: order.tenantId,
    form,
    prefix: prefixOf(secret),
    label: textField(order.label ?? 'API key', 'label', { max: 200 }),
    createdAt: at,
    lastUsedAt: null,
  };
  const deed = { tenantId: key.tenantId, action: 'key.issued', target: key.id };
  await Promise.all([
    tx.keys.insert(key, secretHash(secret)),
    tx.audit.add(auditEntry(order.actor, deed, at)),
  ]);
  return { ...key, secret };
}

export function makeKeys({ uow, clock }: { uow: UnitOfWork; clock: Clock }): Keys {
  const now = () => new Date(clock.nowMs());
  return {
    async issue(scope, order) {
      permit(scope, 'manage');
      const { tenantId, actor } = scope;
      return uow.write(scope, (tx) => issueKey(tx, { ...order, tenantId, actor }, now()));
    },
    list: (scope) => uow.ask(scope, (repos) => repos.keys.list()),
    async revoke(scope, id) {
      permit(scope, 'manage');
      if (!isId('key', id)) throw notFound('API key');
      await uow.write(scope, async (tx) => {
        if (!(await tx.keys.revoke(id, now()))) throw notFound('API key');
        const deed = { tenantId: scope.tenantId, action: 'key.revoked', target: id };
        await tx.audit.add(auditEntry(scope.actor, deed, now()));
      });
    },
  };
}
