import { type Static, Type } from 'typebox';
import type { ApiKey, IssuedKey } from '#core/keys/key';
import { nullable } from '#http/operation';
import { Id, Timestamp } from '../schemas.ts';

const keyFields = {
  _id: Id,
  keyPrefix: Type.String({ examples: ['vx_0123456'] }),
  name: Type.String({ examples: ['Production Key'] }),
  createdAt: Timestamp,
  lastUsedAt: nullable(Timestamp),
};

export const ApiKeyBody = Type.Object(keyFields);

export const CreatedApiKeyBody = Type.Object({
  ...keyFields,
  rawKey: Type.String({ description: 'The key, shown this once.' }),
});

/** Keys issued by other dialects have other forms, which this one's list has no room for. */
export function showApiKeys(keys: readonly ApiKey[]): Static<typeof ApiKeyBody>[] {
  return keys.filter((key) => key.form === 'vx').map(showApiKey);
}

function showApiKey(key: ApiKey): Static<typeof ApiKeyBody> {
  return {
    _id: key.id,
    keyPrefix: key.prefix,
    name: key.label,
    createdAt: key.createdAt.toISOString(),
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  };
}

export function showCreatedApiKey(key: IssuedKey): Static<typeof CreatedApiKeyBody> {
  return { ...showApiKey(key), rawKey: key.secret };
}
