import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '#kernel/json';
import { agentDraft, makeAgent, type Org, providersOf, startVoicex, type Voicex } from './harness.ts';

let api: Voicex;
let org: Org;
let other: Org;
beforeAll(async () => {
  api = await startVoicex();
  org = await api.org();
  other = await api.org();
});
afterAll(() => api[Symbol.asyncDispose]());

const list = async (of: Org): Promise<JsonObject[]> =>
  (await api.ask('listAgents', { token: of.token })).body;

describe('creating an agent', () => {
  it('X-25 keeps what was sent and computes status and pauseReason itself', async () => {
    const draft = await agentDraft(api, org);
    const body = { ...draft, status: 'paused', pauseReason: 'because I say so', unknown: { extra: 1 } };
    const created = await api.ask('createAgent', { token: org.token, body });
    expect(created.status).toBe(201);
    const { body: agent } = await api.ask('getAgent', { token: org.token, id: created.body._id });
    expect(agent).toMatchObject({ ...draft, active: true, status: 'active', pauseReason: null });
    expect((await list(org)).find((a) => a._id === agent._id)).toMatchObject({
      name: 'Sales Bot',
      status: 'active',
      pauseReason: null,
    });
  });

  it('X-25 an agent that is switched off is paused, with a reason; in the list and singly', async () => {
    const agent = await makeAgent(api, org);
    const id = String(agent._id);
    await api.ask('updateAgent', { token: org.token, id, body: { active: false, status: 'active' } });
    const { body } = await api.ask('getAgent', { token: org.token, id });
    expect(body.active).toBe(false);
    expect(body.status).not.toBe('active');
    expect(body.pauseReason).toEqual(expect.any(String));
    const listed = (await list(org)).find((a) => a._id === id);
    expect([listed?.status, listed?.pauseReason]).toEqual([body.status, body.pauseReason]);
  });

  it('X-26 is refused at the plan’s limit, and nothing is created', async () => {
    const free = await api.org('free');
    const { maxAgents } = (await api.ask('getPlan', { token: free.token })).body.limits;
    for (let i = 0; i < maxAgents; i++) await makeAgent(api, free);
    const body = await agentDraft(api, free);
    const refused = await api.ask('createAgent', { token: free.token, body });
    expect(refused.status).toBe(403);
    expect(await list(free)).toHaveLength(maxAgents);
  });

  it('X-26 of many at once no more than the limit are created', async () => {
    const free = await api.org('free');
    const { maxAgents } = (await api.ask('getPlan', { token: free.token })).body.limits;
    const body = await agentDraft(api, free);
    const answers = await Promise.all(
      Array.from({ length: maxAgents + 4 }, () => api.ask('createAgent', { token: free.token, body })),
    );
    expect(answers.filter((a) => a.status === 201)).toHaveLength(maxAgents);
    expect(await list(free)).toHaveLength(maxAgents);
  });

  it.each(['llmProviderId', 'ttsProviderId', 'sttProviderId'])(
    'X-27 %s must exist, be of its category, and be global or the organization’s own',
    async (field) => {
      const draft = await agentDraft(api, org);
      const { llm, stt } = await providersOf(api, org);
      const foreign = await ownProvider(other, field === 'llmProviderId' ? 'llm' : field.slice(0, 3));
      const wrongCategory = field === 'llmProviderId' ? stt._id! : llm._id!;
      const before = (await list(org)).length;
      for (const id of ['prov_unknown', 'x', '../..', foreign, wrongCategory]) {
        const answer = await api.ask('createAgent', { token: org.token, body: { ...draft, [field]: id } });
        expect({ id, status: answer.status }).toEqual({ id, status: 400 });
      }
      expect(await list(org)).toHaveLength(before);
    },
  );

  it('X-28 a global model outside the plan is refused; a model of the own provider is not gated', async () => {
    const pro = await api.org('pro');
    const global = await api.platform.services.providers.createGlobal({
      category: 'llm',
      providerKey: 'anthropic',
      name: `Anthropic ${pro.tenantId}`,
      credentials: { apiKey: 'sk-platform' },
      models: [{ modelId: 'claude-not-in-any-plan', label: 'Claude' }],
    });
    const draft = await agentDraft(api, pro);
    const unknown = { ...draft, llmModelId: 'no such model' };
    expect((await api.ask('createAgent', { token: pro.token, body: unknown })).status).toBe(403);
    const gated = { ...draft, llmProviderId: global.id, llmModelId: 'claude-not-in-any-plan' };
    expect((await api.ask('createAgent', { token: pro.token, body: gated })).status).toBe(403);
    const own = await ownProvider(pro, 'llm', [{ modelId: 'my-model', label: 'Mine' }]);
    const ungated = { ...draft, llmProviderId: own, llmModelId: 'my-model' };
    expect((await api.ask('createAgent', { token: pro.token, body: ungated })).status).toBe(201);
  });

  it.each(['name', 'persona', 'llmProviderId', 'llmModelId', 'ttsProviderId', 'ttsModelId', 'sttProviderId'])(
    'without %s it answers 400',
    async (field) => {
      const { [field]: _left, ...body } = await agentDraft(api, org);
      const answer = await api.ask('createAgent', { token: org.token, body });
      expect(answer.status).toBe(400);
      expect(answer.body.error).toContain(field);
    },
  );

  it.each([
    { name: '' },
    { name: 5 },
    { persona: {} },
    { persona: 'x' },
    { llmConfig: { temperature: 'hot' } },
    { llmConfig: { temperature: 99 } },
    { thresholds: { endpointingMs: -1 } },
    { thresholds: { interruptionSensitivity: 'extreme' } },
    { ttsConfig: { speed: 0 } },
  ])('%j answers 400', async (change) => {
    const body = { ...(await agentDraft(api, org)), ...change };
    expect((await api.ask('createAgent', { token: org.token, body })).status).toBe(400);
  });
});

async function ownProvider(
  of: Org,
  category: string,
  models = [{ modelId: 'm', label: 'M' }],
): Promise<string> {
  const providerKey = { llm: 'openai', tts: 'openai', stt: 'deepgram' }[category]!;
  const name = `Mine ${category} ${Math.random()}`;
  const body = { category, providerKey, name, credentials: { apiKey: 'sk-mine' }, models };
  const answer = await api.ask('createProvider', { token: of.token, body });
  expect(answer.status, answer.text).toBe(201);
  return answer.body._id;
}

describe('changing an agent', () => {
  it('X-29 changes what is given and keeps the rest', async () => {
    const agent = await makeAgent(api, org);
    const id = String(agent._id);
    const before = (await api.ask('getAgent', { token: org.token, id })).body;
    expect(
      (await api.ask('updateAgent', { token: org.token, id, body: { name: 'Support Bot' } })).status,
    ).toBe(200);
    const after = (await api.ask('getAgent', { token: org.token, id })).body;
    expect(after).toEqual({ ...before, name: 'Support Bot', updatedAt: after.updatedAt });
    expect((await api.ask('updateAgent', { token: org.token, id, body: {} })).status).toBe(200);
  });

  it('X-29 checks providers and models again; a refused update changes nothing', async () => {
    const agent = await makeAgent(api, org);
    const id = String(agent._id);
    const before = (await api.ask('getAgent', { token: org.token, id })).body;
    const foreign = await ownProvider(other, 'llm');
    for (const body of [
      { name: 'Changed', llmProviderId: foreign },
      { name: 'Changed', llmModelId: 'no such model' },
      { name: 'Changed', ttsConfig: { speed: -1 } },
      { name: '' },
    ]) {
      const answer = await api.ask('updateAgent', { token: org.token, id, body });
      expect([400, 403]).toContain(answer.status);
    }
    expect((await api.ask('getAgent', { token: org.token, id })).body).toEqual(before);
  });

  it('goes beyond the contract: recording, knowledge, tools; header values never come back', async () => {
    const agent = await makeAgent(api, org);
    const id = String(agent._id);
    const body = {
      recording: { enabled: true, announce: true },
      knowledge: 'We open at nine.',
      variables: { city: 'Berlin' },
      tools: {
        http: [
          {
            name: 'order_status',
            description: 'Looks up an order',
            parameters: { type: 'object', properties: { id: { type: 'string' } } },
            method: 'GET',
            url: 'https://shop.example.com/orders/{{id}}',
            headers: { authorization: 'Bearer shop-secret' },
            timeoutMs: 5000,
            whenInterrupted: 'abort',
          },
        ],
      },
    };
    const patched = await api.ask('updateAgent', { token: org.token, id, body });
    expect(patched.status, patched.text).toBe(200);
    const shown = await api.ask('getAgent', { token: org.token, id });
    expect(shown.body).toMatchObject({
      recording: { enabled: true, announce: true },
      knowledge: 'We open at nine.',
      variables: { city: 'Berlin' },
    });
    expect(shown.body.tools.http[0]).toMatchObject({ headerNames: ['authorization'] });
    expect(shown.body.tools.http[0].parameters.properties.id).toEqual({ type: 'string' });
    expect(shown.text + patched.text).not.toContain('shop-secret');
  });
});

describe('deleting an agent', () => {
  it('X-30 it leaves the list, gives 404 from then on, and frees its place', async () => {
    const free = await api.org('free');
    const { maxAgents } = (await api.ask('getPlan', { token: free.token })).body.limits;
    const made = [];
    for (let i = 0; i < maxAgents; i++) made.push(await makeAgent(api, free));
    const id = String(made[0]!._id);
    expect((await api.ask('deleteAgent', { token: free.token, id })).status).toBe(200);
    expect((await list(free)).map((a) => a._id)).not.toContain(id);
    expect((await api.ask('getAgent', { token: free.token, id })).status).toBe(404);
    expect((await api.ask('deleteAgent', { token: free.token, id })).status).toBe(404);
    expect((await api.ask('updateAgent', { token: free.token, id, body: { name: 'x' } })).status).toBe(404);
    await makeAgent(api, free);
  });
});

describe('another organization’s agent', () => {
  it('X-05 is not listed, not found, not changed, not deleted', async () => {
    const id = String((await makeAgent(api, other))._id);
    expect((await list(org)).map((a) => a._id)).not.toContain(id);
    expect((await api.ask('getAgent', { token: org.token, id })).status).toBe(404);
    expect((await api.ask('updateAgent', { token: org.token, id, body: { name: 'Mine now' } })).status).toBe(
      404,
    );
    expect((await api.ask('deleteAgent', { token: org.token, id })).status).toBe(404);
    expect((await api.ask('getAgent', { token: other.token, id })).body.name).toBe('Sales Bot');
  });

  it.each(['x', 'asst_', '%00', "' or 1=1", 'a/b', '😀', 'a'.repeat(129), 'a'.repeat(700)])(
    'X-07 the malformed id %j gives 400 or 404',
    async (id) => {
      expect([400, 404]).toContain((await api.ask('getAgent', { token: org.token, id })).status);
      expect([400, 404]).toContain((await api.ask('deleteAgent', { token: org.token, id })).status);
      expect([400, 404]).toContain((await api.ask('updateAgent', { token: org.token, id, body: {} })).status);
    },
  );
});
