import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Account, startVeevo, type Veevo } from './harness.ts';

let api: Veevo;
let mine: Account;
let theirs: Account;
beforeAll(async () => {
  api = await startVeevo();
  mine = await api.account();
  theirs = await api.account();
});
afterAll(() => api[Symbol.asyncDispose]());

const create = async (of: Account, body: unknown = { label: 'Production' }) =>
  (await api.ask('createApiKey', { bearer: of.key, body })).body;
const list = async (of: Account) => (await api.ask('listApiKeys', { bearer: of.token })).body.apiKeys;
const listed = async (of: Account, id: string) =>
  (await list(of)).find((key: { id: string }) => key.id === id);

describe('API keys', () => {
  it('V-13 V-14 a new key is shown in full once, begins with its prefix and works at once', async () => {
    const { status, body } = await api.ask('createApiKey', {
      bearer: mine.key,
      body: { label: 'Production' },
    });
    expect(status).toBe(201);
    expect(body.key).toMatch(/^rtk_[0-9a-f]{48}$/);
    expect(body.keyPrefix).toBe(body.key.slice(0, 7));
    expect(body.label).toBe('Production');
    expect((await api.ask('getAccount', { bearer: body.key })).body.account.id).toBe(mine.id);
  });

  it.each([[{}], [undefined]])('V-13 the label may be left out: %j', async (body) => {
    const answer = await api.ask('createApiKey', { bearer: mine.key, body });
    expect(answer.status).toBe(201);
    expect((await listed(mine, answer.body.id)).label).toBe(answer.body.label);
  });

  it.each([[{ label: 5 }], [{ label: '' }], [{ label: 'x'.repeat(201) }], [[]], ['{'], ['"Production"']])(
    'V-13 %j is refused with 400',
    async (body) => {
      const before = (await list(mine)).length;
      expect((await api.ask('createApiKey', { bearer: mine.key, body })).status).toBe(400);
      expect(await list(mine)).toHaveLength(before);
    },
  );

  it('V-15 the list shows prefixes only, and the first key as Default', async () => {
    const made = await create(mine);
    const { text } = await api.ask('listApiKeys', { bearer: mine.key });
    expect(text).not.toContain(made.key);
    expect(text).not.toContain(mine.key);
    expect(text).not.toMatch(/hash|[0-9a-f]{40}/i);
    const [first] = await list(mine);
    expect(first).toMatchObject({ label: 'Default', keyPrefix: mine.key.slice(0, 7) });
    const shown = await listed(mine, made.id);
    expect(Object.keys(shown).sort()).toEqual(['createdAt', 'id', 'keyPrefix', 'label', 'lastUsedAt']);
  });

  it('V-15 keys of other dialects’ forms are neither listed nor counted', async () => {
    const before = await list(mine);
    await api.platform.services.oversight.issueKey(mine.id, { form: 'vx' });
    expect(await list(mine)).toEqual(before);
    const { account } = (await api.ask('getAccount', { bearer: mine.token })).body;
    expect(account._count.apiKeys).toBe(before.length);
  });

  it('V-16 lastUsedAt is null until the key is used, then a time', async () => {
    const { id, key } = await create(mine);
    expect((await listed(mine, id)).lastUsedAt).toBeNull();
    await api.ask('getAccount', { bearer: key });
    const { lastUsedAt } = await listed(mine, id);
    expect(Math.abs(Date.parse(lastUsedAt) - Date.now())).toBeLessThan(60_000);
  });

  it('V-17 a revoked key gets 401 from the next request on, and leaves the list', async () => {
    const { id, key } = await create(mine);
    expect((await api.ask('getAccount', { bearer: key })).status).toBe(200);
    const answer = await api.ask('revokeApiKey', { bearer: mine.key, id });
    expect([answer.status, answer.body]).toEqual([200, { revoked: true }]);
    expect((await api.ask('getAccount', { bearer: key })).status).toBe(401);
    expect(await listed(mine, id)).toBeUndefined();
  });

  it('V-17 a key may revoke itself, the last one too: the JWT goes on working', async () => {
    const account = await api.account();
    const [{ id }] = await list(account);
    expect((await api.ask('revokeApiKey', { bearer: account.key, id })).status).toBe(200);
    expect((await api.ask('getAccount', { bearer: account.key })).status).toBe(401);
    expect(await list(account)).toEqual([]);
    expect((await create({ ...account, key: account.token })).key).toMatch(/^rtk_/);
  });

  it('V-18 an unknown id gives 404, one revoked already too', async () => {
    const { id } = await create(mine);
    await api.ask('revokeApiKey', { bearer: mine.key, id });
    for (const gone of [id, 'clx123', 'key_00000000000000000000000000', '../account'])
      expect((await api.ask('revokeApiKey', { bearer: mine.key, id: gone })).status).toBe(404);
  });

  it('V-18 V-42 another account’s key is not found, not listed, and goes on working', async () => {
    const { id, key } = await create(theirs);
    expect(await listed(mine, id)).toBeUndefined();
    expect((await api.ask('revokeApiKey', { bearer: mine.key, id })).status).toBe(404);
    expect((await api.ask('getAccount', { bearer: key })).body.account.id).toBe(theirs.id);
  });

  it('V-41 an id that no database can hold gives 400', async () => {
    expect((await api.ask('revokeApiKey', { bearer: mine.key, id: '\u0000' })).status).toBe(400);
  });

  it('a repeat with its Idempotency-Key makes one key and shows the same one', async () => {
    const before = (await list(mine)).length;
    const again = () =>
      api.ask('createApiKey', {
        bearer: mine.key,
        body: { label: 'Once' },
        headers: { 'idempotency-key': 'make-one-key' },
      });
    const [first, second] = [await again(), await again()];
    expect(second.body).toEqual(first.body);
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect(await list(mine)).toHaveLength(before + 1);
  });
});
