import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '#kernel/json';
import { makeAgent, type Org, startVoicex, type Voicex } from './harness.ts';

let api: Voicex;
let org: Org;
let other: Org;
beforeAll(async () => {
  api = await startVoicex();
  org = await api.org();
  other = await api.org();
});
afterAll(() => api[Symbol.asyncDispose]());

const SECRET = 'sk-this-must-never-come-back';
let count = 0;
const draft = (): JsonObject => ({
  category: 'llm',
  providerKey: 'openai',
  name: `My OpenAI ${++count}`,
  credentials: { apiKey: SECRET },
  models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
  settings: {},
});
const create = (of: Org, body: unknown) => api.ask('createProvider', { token: of.token, body });

describe('the catalog', () => {
  it('X-39 holds provider types with their models', async () => {
    const { body } = await api.ask('listProviderTypes', { token: org.token });
    const keys = body.map((type: JsonObject) => `${type.category}/${type.providerKey}`);
    expect(keys).toEqual(
      expect.arrayContaining(['stt/moonshine', 'tts/flite', 'llm/concierge', 'llm/openai']),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('listing', () => {
  it('X-40 global and client providers; with client=true only the latter', async () => {
    const own = (await create(org, draft())).body;
    const all = (await api.ask('listProviders', { token: org.token })).body;
    expect(all.map((p: JsonObject) => p._id)).toContain(own._id);
    expect(all.map((p: JsonObject) => p.providerKey)).toEqual(
      expect.arrayContaining(['moonshine', 'flite', 'concierge']),
    );
    const clients = (await api.ask('listProviders', { token: org.token, query: { client: 'true' } })).body;
    expect(clients.map((p: JsonObject) => p._id)).toContain(own._id);
    expect(clients.every((p: JsonObject) => p.source === 'client')).toBe(true);
    expect((await api.ask('listProviders', { token: org.token, query: { client: 'maybe' } })).status).toBe(
      400,
    );
  });

  it('X-05 another organization’s are not listed, not shown, not changed, not deleted', async () => {
    const id = (await create(other, draft())).body._id;
    const all = (await api.ask('listProviders', { token: org.token })).body;
    expect(all.map((p: JsonObject) => p._id)).not.toContain(id);
    expect((await api.ask('getProvider', { token: org.token, id })).status).toBe(404);
    expect((await api.ask('updateProvider', { token: org.token, id, body: { name: 'Mine' } })).status).toBe(
      404,
    );
    expect((await api.ask('deleteProvider', { token: org.token, id })).status).toBe(404);
    expect((await api.ask('getProvider', { token: other.token, id })).status).toBe(200);
  });

  it('X-41 credentials are in no answer', async () => {
    const created = await create(org, draft());
    const id = created.body._id;
    const answers = [
      created,
      await api.ask('getProvider', { token: org.token, id }),
      await api.ask('updateProvider', { token: org.token, id, body: { name: `Renamed ${id}` } }),
      await api.ask('listProviders', { token: org.token }),
      await api.ask('listProviders', { token: org.token, query: { client: 'true' } }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBeLessThan(300);
      expect(answer.text).not.toContain(SECRET);
      expect(answer.text).not.toMatch(/credentials/i);
    }
  });
});

describe('creating', () => {
  it('keeps what was sent', async () => {
    const body = draft();
    const created = await create(org, body);
    expect(created.status).toBe(201);
    const shown = (await api.ask('getProvider', { token: org.token, id: created.body._id })).body;
    const { credentials: _secret, ...rest } = body;
    expect(shown).toMatchObject({ ...rest, active: true, source: 'client' });
  });

  it('X-42 a plan without custom providers answers 403', async () => {
    const free = await api.org('free');
    expect((await api.ask('getPlan', { token: free.token })).body.features.customProviders).toBe(false);
    expect((await create(free, draft())).status).toBe(403);
    expect((await api.ask('listProviders', { token: free.token, query: { client: 'true' } })).body).toEqual(
      [],
    );
  });

  it('X-42 one more than the plan’s number answers 403', async () => {
    const pro = await api.org('pro');
    const { maxCustomProviders } = (await api.ask('getPlan', { token: pro.token })).body.features;
    for (let i = 0; i < maxCustomProviders; i++) expect((await create(pro, draft())).status).toBe(201);
    expect((await create(pro, draft())).status).toBe(403);
  });

  it('X-42 a name that is taken answers 409; another organization’s name is not', async () => {
    const body = draft();
    expect((await create(org, body)).status).toBe(201);
    expect((await create(org, body)).status).toBe(409);
    expect((await create(other, body)).status).toBe(201);
  });

  it('X-42 of several of one name at once exactly one is made', async () => {
    const body = draft();
    const answers = await Promise.all(Array.from({ length: 6 }, () => create(org, body)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
  });

  it.each(['category', 'providerKey', 'name', 'credentials', 'models'])(
    'without %s it answers 400',
    async (field) => {
      const { [field]: _left, ...body } = draft();
      expect((await create(org, body)).status).toBe(400);
    },
  );

  it.each([
    { category: 'vision' },
    { providerKey: 'no-such-type' },
    { name: '' },
    { credentials: {} },
    { credentials: 'sk' },
    { models: [{ label: 'no id' }] },
  ])('%j answers 400', async (change) => {
    expect((await create(org, { ...draft(), ...change })).status).toBe(400);
  });
});

describe('changing and deleting', () => {
  it('renames and switches off', async () => {
    const id = (await create(org, draft())).body._id;
    const body = { name: `Updated ${id}`, active: false };
    expect((await api.ask('updateProvider', { token: org.token, id, body })).body).toMatchObject(body);
    const taken = (await create(org, draft())).body;
    const clash = await api.ask('updateProvider', { token: org.token, id, body: { name: taken.name } });
    expect(clash.status).toBe(409);
    expect((await api.ask('updateProvider', { token: org.token, id, body: { name: '' } })).status).toBe(400);
  });

  it('X-43 a global provider can be neither changed nor deleted', async () => {
    const all = (await api.ask('listProviders', { token: org.token })).body;
    const global = all.find((p: JsonObject) => p.source === 'global');
    const id = global._id;
    expect([403, 404]).toContain(
      (await api.ask('updateProvider', { token: org.token, id, body: { name: 'Mine' } })).status,
    );
    expect([403, 404]).toContain((await api.ask('deleteProvider', { token: org.token, id })).status);
    expect((await api.ask('getProvider', { token: org.token, id })).body).toEqual(global);
  });

  it('X-44 one that an agent uses stays, with the agents named; unused, it goes', async () => {
    const id = (await create(org, draft())).body._id;
    const agent = await makeAgent(api, org, { llmProviderId: id, llmModelId: 'gpt-4o', name: 'User of it' });
    const refused = await api.ask('deleteProvider', { token: org.token, id });
    expect(refused.status).toBe(409);
    expect(refused.body.agents).toEqual([{ _id: agent._id, name: 'User of it' }]);
    expect((await api.ask('getProvider', { token: org.token, id })).status).toBe(200);
    await api.ask('deleteAgent', { token: org.token, id: String(agent._id) });
    expect((await api.ask('deleteProvider', { token: org.token, id })).status).toBe(200);
    expect((await api.ask('getProvider', { token: org.token, id })).status).toBe(404);
    expect((await api.ask('deleteProvider', { token: org.token, id })).status).toBe(404);
  });

  it('X-07 unknown and malformed ids give 404 or 400', async () => {
    for (const id of ['x', 'registry2', 'prov_none', '%00']) {
      expect([400, 404]).toContain((await api.ask('getProvider', { token: org.token, id })).status);
      expect([400, 404]).toContain((await api.ask('deleteProvider', { token: org.token, id })).status);
    }
  });
});
