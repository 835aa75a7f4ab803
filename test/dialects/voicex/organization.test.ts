import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeAgent, type Org, startVoicex, type Voicex } from './harness.ts';

let api: Voicex;
let org: Org;
beforeAll(async () => {
  api = await startVoicex();
  org = await api.org('pro');
});
afterAll(() => api[Symbol.asyncDispose]());

describe('organization', () => {
  it('X-16 shows plan and limits as the plan does', async () => {
    const info = (await api.ask('getOrganization', { token: org.token })).body;
    const plan = (await api.ask('getPlan', { token: org.token })).body;
    expect(info).toMatchObject({ _id: org.tenantId, name: 'Acme Corp', status: 'active' });
    expect([info.planSlug, info.planName, info.limits]).toEqual([plan.slug, plan.name, plan.limits]);
    expect(info.planSlug).toBe('pro');
  });

  it('X-17 a new name is all that changes', async () => {
    const other = await api.org('starter');
    const before = (await api.ask('getOrganization', { token: other.token })).body;
    const patched = await api.ask('updateOrganization', {
      token: other.token,
      body: { name: 'New Name', planSlug: 'enterprise', status: 'suspended' },
    });
    expect(patched.body).toMatchObject({ _id: other.tenantId, name: 'New Name' });
    const after = (await api.ask('getOrganization', { token: other.token })).body;
    expect(after).toEqual({ ...before, name: 'New Name' });
  });

  it.each([{}, { name: '' }, { name: '  ' }, { name: 7 }, { name: null }, 'text', { name: 'a\u0000b' }])(
    'X-17 %j has no usable name',
    async (body) => {
      expect((await api.ask('updateOrganization', { token: org.token, body })).status).toBe(400);
      expect((await api.ask('getOrganization', { token: org.token })).body.name).toBe('Acme Corp');
    },
  );

  it('X-05 naming another organization has no effect', async () => {
    const victim = await api.org();
    await api.ask('updateOrganization', {
      token: org.token,
      body: { name: 'Acme Corp', _id: victim.tenantId, organizationId: victim.tenantId },
      query: { organizationId: victim.tenantId },
    });
    expect((await api.ask('getOrganization', { token: victim.token })).body._id).toBe(victim.tenantId);
    const info = await api.ask('getOrganization', {
      token: org.token,
      query: { organizationId: victim.tenantId },
    });
    expect(info.body._id).toBe(org.tenantId);
  });

  it('X-18 all counts of a new organization are 0', async () => {
    const fresh = await api.org();
    const { body } = await api.ask('getStats', { token: fresh.token });
    expect(body).toMatchObject({ totalCalls: 0, activeAgents: 0, totalMinutes: 0 });
    await makeAgent(api, fresh);
    expect((await api.ask('getStats', { token: fresh.token })).body.activeAgents).toBe(1);
  });
});

describe('plan and models', () => {
  it('X-19 lists models by category as provider/model, the embedded ones always', async () => {
    for (const plan of ['free', 'starter', 'pro', 'enterprise', 'payg']) {
      const tenant = await api.org(plan);
      const { body } = await api.ask('getPlan', { token: tenant.token });
      expect(body.models.llm).toContain('concierge/concierge');
      expect(body.models.stt.some((name: string) => name.startsWith('moonshine/'))).toBe(true);
      expect(body.models.tts.some((name: string) => name.startsWith('flite/'))).toBe(true);
    }
  });

  const search = (query: Record<string, string>) => api.ask('searchModels', { token: org.token, query });

  it.each<Record<string, string>>([{}, { category: 'vision' }, { category: '' }])(
    'X-20 %j is no category',
    async (query) => {
      expect((await search(query)).status).toBe(400);
    },
  );

  it.each<Record<string, string>>([{ skip: '-1' }, { limit: '0' }, { limit: 'ten' }, { skip: '1.5' }])(
    'X-23 %j is refused',
    async (query) => {
      expect((await search({ category: 'llm', ...query })).status).toBe(400);
    },
  );

  it('X-23 skip is 0 and limit 10 when left out; total is the number of matches whatever the page', async () => {
    const first = (await search({ category: 'tts' })).body;
    expect([first.skip, first.limit]).toEqual([0, 10]);
    const second = (await search({ category: 'tts', skip: '1', limit: '2' })).body;
    expect([second.skip, second.limit, second.total]).toEqual([1, 2, first.total]);
    expect(second.items).toEqual(first.items.slice(1, 3));
  });

  it('X-21 the query is found in id and label, whatever the case', async () => {
    const all = (await search({ category: 'tts' })).body;
    const sample = all.items[0];
    for (const text of [sample.label.toUpperCase(), sample.modelId.toUpperCase()]) {
      const found = (await search({ category: 'tts', query: text })).body;
      expect(found.items.map((item: { modelId: string }) => item.modelId)).toContain(sample.modelId);
    }
    expect((await search({ category: 'tts', query: 'no such model' })).body).toMatchObject({
      items: [],
      total: 0,
    });
    expect((await search({ category: 'tts', query: '%' })).body.total).toBe(0);
    expect((await search({ category: 'tts', query: '' })).body.total).toBe(all.total);
  });

  it('X-22 X-24 allowed models come first across pages; the others name the plan they need', async () => {
    const free = await api.org('free');
    await api.platform.services.providers.createGlobal({
      category: 'llm',
      providerKey: 'openai',
      name: 'OpenAI',
      credentials: { apiKey: 'sk-platform' },
      models: [
        { modelId: 'gpt-4o-mini', label: 'GPT-4o Mini' },
        { modelId: 'gpt-4o', label: 'GPT-4o' },
        { modelId: 'aaa-unlisted', label: 'AAA' },
      ],
    });
    const ask = (query: Record<string, string>) =>
      api.ask('searchModels', { token: free.token, query: { category: 'llm', ...query } });
    const { body } = await ask({ limit: '50' });
    const flags: boolean[] = body.items.map((item: { allowed: boolean }) => item.allowed);
    expect(flags).toEqual([...flags].sort((a, b) => Number(b) - Number(a)));
    expect(new Set(flags)).toEqual(new Set([true, false]));
    const plan = (await api.ask('getPlan', { token: free.token })).body;
    const slugs = (await api.platform.services.plans.list()).map((p) => p.slug);
    for (const item of body.items) {
      expect(item.allowed).toBe(plan.models.llm.includes(`${item.providerKey}/${item.modelId}`));
      if (item.allowed) expect(item.requiredPlan).toBeNull();
      else if (item.requiredPlan !== null) expect(slugs).toContain(item.requiredPlan);
    }
    const paged = [];
    for (let skip = 0; skip < body.total; skip++)
      paged.push(...(await ask({ skip: String(skip), limit: '1' })).body.items);
    expect(paged).toEqual(body.items);
  });
});
