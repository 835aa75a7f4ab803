import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKey, type Org, startVoicex, type Voicex } from './harness.ts';

let api: Voicex;
let org: Org;
beforeAll(async () => {
  api = await startVoicex();
  org = await api.org();
});
afterAll(() => api[Symbol.asyncDispose]());

const listed = async (of: Org, id: string) =>
  (await api.ask('listApiKeys', { token: of.token })).body.find((key: { _id: string }) => key._id === id);

describe('API keys', () => {
  it('X-36 the key is shown once, begins with its prefix, and works at once', async () => {
    const created = await api.ask('createApiKey', { token: org.token, body: { name: 'Production Key' } });
    expect(created.status).toBe(201);
    const { rawKey, keyPrefix, name, _id } = created.body;
    expect(rawKey).toMatch(/^vx_[0-9a-f]{48}$/);
    expect(rawKey.startsWith(keyPrefix)).toBe(true);
    expect(name).toBe('Production Key');
    expect((await api.ask('getOrganization', { key: rawKey })).body._id).toBe(org.tenantId);
    expect(await listed(org, _id)).toMatchObject({ keyPrefix, name });
  });

  it('X-35 the list never holds a key or its hash', async () => {
    const { rawKey, id } = await makeKey(api, org);
    const list = await api.ask('listApiKeys', { token: org.token });
    expect(list.text).not.toContain(rawKey);
    expect(list.text).not.toMatch(/hash|[0-9a-f]{40}/i);
    expect(Object.keys(await listed(org, id)).sort()).toEqual([
      '_id',
      'createdAt',
      'keyPrefix',
      'lastUsedAt',
      'name',
    ]);
  });

  it.each([{}, { name: '' }, { name: 5 }])('X-36 %j has no name: 400', async (body) => {
    expect((await api.ask('createApiKey', { token: org.token, body })).status).toBe(400);
  });

  it('X-38 lastUsedAt is null until the key is used', async () => {
    const { rawKey, id } = await makeKey(api, org);
    expect((await listed(org, id)).lastUsedAt).toBeNull();
    await api.ask('getStats', { key: rawKey });
    await expect.poll(async () => (await listed(org, id)).lastUsedAt).toEqual(expect.any(String));
  });

  it('X-37 a revoked key gets 401 from then on, and revoking it again gives 404', async () => {
    const { rawKey, id } = await makeKey(api, org);
    expect((await api.ask('revokeApiKey', { token: org.token, id })).status).toBe(200);
    expect((await api.ask('getOrganization', { key: rawKey })).status).toBe(401);
    expect(await listed(org, id)).toBeUndefined();
    expect((await api.ask('revokeApiKey', { token: org.token, id })).status).toBe(404);
  });

  it('X-05 X-37 another organization’s key is not listed and cannot be revoked', async () => {
    const other = await api.org();
    const { rawKey, id } = await makeKey(api, other);
    expect(await listed(org, id)).toBeUndefined();
    expect((await api.ask('revokeApiKey', { token: org.token, id })).status).toBe(404);
    expect((await api.ask('getOrganization', { key: rawKey })).status).toBe(200);
  });

  it('X-07 an unknown or malformed id gives 404 or 400', async () => {
    for (const id of ['x', 'key_00000000000000000000000000', '%00'])
      expect([400, 404]).toContain((await api.ask('revokeApiKey', { token: org.token, id })).status);
  });

  it('X-35 keys of other dialects’ forms open this one but do not show here', async () => {
    const { secret, id } = await api.platform.services.oversight.issueKey(org.tenantId, { form: 'rtk' });
    expect((await api.ask('getOrganization', { key: secret })).status).toBe(200);
    expect(await listed(org, id)).toBeUndefined();
  });
});
