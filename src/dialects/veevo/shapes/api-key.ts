import { type Static, Type } from 'typebox';
import type { ApiKey, IssuedKey } from '#core/keys/key';
import { nullable } from '#http/operation';
import { Id, Timestamp } from '../schemas.ts';

const keyFields = {
  id: Id,
  keyPrefix: Type.String({ description: 'Leading part of the key.' }),
  label: nullable(Type.String()),
  createdAt: Timestamp,
};

export const ApiKeysBody = Type.Object({
  apiKeys: Type.Array(Type.Object({ ...keyFields, lastUsedAt: nullable(Timestamp) })),
});

export const CreatedApiKeyBody = Type.Object({
  ...keyFields,
  key: Type.String({ description: 'The key in full, shown this once.' }),
});

/** Keys issued by other dialects have other forms, which this one's list has no room for. */
export function shownKeys(keys: readonly ApiKey[]): ApiKey[] {
  return keys.filter((key) => key.form === 'rtk');
}

export function showApiKeys(keys: readonly ApiKey[]): Static<typeof ApiKeysBody> {
  const apiKeys = shownKeys(keys).map((key) => ({
    ...showFields(key),
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  }));
  return { apiKeys };
}

export function showCreatedApiKey(key: IssuedKey): Static<typeof CreatedApiKeyBody> {
  return { ...showFields(key), key: key.secret };
}

function showFields({ id, prefix, label, createdAt }: ApiKey) {
  return { id, keyPrefix: prefix, label, createdAt: createdAt.toISOString() };
}
