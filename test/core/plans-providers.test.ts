import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PLAN_CATALOGUE } from '#core/plans/catalogue';
import type { ProviderDraft } from '#core/providers/service';
import { openPlatform, outcomes, type Platform } from '#test/core/platform';

let p: Platform;
beforeAll(async () => {
  p = await openPlatform();
});
afterAll(() => p.close());

const openai = (name: string, over: object = {}): ProviderDraft => ({
  category: 'llm',
  providerKey: 'openai',
  name,
  credentials: { apiKey: 'sk-very-secret' },
  models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
  settings: {},
  ...over,
});

describe('plans', () => {
  it('X-09 shows the public plans that are not custom, with the figures of the contract', async () => {
    const { slug: _, rank: __, ...free } = PLAN_CATALOGUE[0]!;
    await p.plans.put('hidden', { ...free, public: false });
    await p.plans.put('acme', { ...free, custom: true });
    const slugs = (await p.plans.listPublic()).map(({ slug }) => slug);
    expect(slugs).toEqual(['free', 'payg', 'starter', 'advanced', 'pro', 'enterprise']);
    expect((await p.plans.list()).map(({ slug }) => slug)).toEqual(
      expect.arrayContaining(['hidden', 'acme']),
    );
    expect((await p.plans.listPublic())[0]).toMatchObject({
      description: 'Get started with voice AI',
      limits: { maxAgents: 1, maxConcurrentCalls: 2, maxCallDurationSec: 300, maxMonthlyMinutes: 60 },
      features: { customProviders: false, maxCustomProviders: 0 },
      pricing: { monthlyMicros: 0 },
    });
  });

  it('X-19 lists models as provider key, slash, model id, the embedded ones in every plan', async () => {
    for (const plan of await p.plans.list()) {
      for (const list of Object.values(plan.models)) {
        for (const name of list) expect(name).toMatch(/^[^/]+\/.+$/);
      }
      expect(plan.models.stt).toContain('moonshine/tiny');
      expect(plan.models.tts).toEqual(
        expect.arrayContaining(['flite/rms', 'flite/slt', 'flite/awb', 'flite/kal16']),
      );
      expect(plan.models.llm).toContain('concierge/concierge');
    }
  });

  it('can be changed and added by the operator, who is told what is wrong', async () => {
    const draft = {
      ...PLAN_CATALOGUE[1]!,
      name: 'Gold',
      models: { llm: ['openai/gpt-4o'], tts: [], stt: [] },
    };
    const gold = await p.plans.put('gold', draft);
    expect(gold.models.stt).toEqual(['moonshine/tiny']);
    const { scope } = await p.tenant('gold');
    expect(await p.plans.ofTenant(scope)).toEqual(gold);
    await p.plans.put('gold', { ...draft, limits: { ...draft.limits, maxAgents: 77 } });
    expect((await p.plans.ofTenant(scope)).limits.maxAgents).toBe(77);
    const wrong = { ...draft, limits: { ...draft.limits, maxAgents: -1 } };
    await expect(p.plans.put('gold', wrong)).rejects.toMatchObject({ field: 'limits.maxAgents' });
    await expect(p.plans.put('Not a slug', draft)).rejects.toMatchObject({ field: 'slug' });
    const noSlash = { ...draft, models: { ...draft.models, llm: ['gpt-4o'] } };
    await expect(p.plans.put('gold', noSlash)).rejects.toMatchObject({ field: 'models.llm[0]' });
  });

  it('are seeded once: what the operator changed stays, and what is missing is added', async () => {
    const pro = (await p.plans.list()).find(({ slug }) => slug === 'pro')!;
    await p.plans.put('pro', { ...pro, name: 'Professional' });
    await Promise.all([p.seed(), p.seed()]);
    expect((await p.plans.list()).find(({ slug }) => slug === 'pro')?.name).toBe('Professional');
    await p.plans.put('pro', pro);
    expect(await p.providers.listGlobal()).toHaveLength(3);
  });
});

describe('model search', () => {
  it('X-21 to X-24 finds models whatever the case, allowed ones first, across pages', async () => {
    await p.providers.createGlobal(
      openai('OpenAI', {
        models: [
          { modelId: 'gpt-4o', label: 'GPT-4o' },
          { modelId: 'gpt-4o-mini', label: 'GPT-4o Mini' },
          { modelId: 'o-unlisted', label: 'In no plan (GPT)' },
        ],
      }),
    );
    const { scope } = await p.tenant('starter');
    const search = { category: 'llm', query: 'gPt', skip: 0, limit: 10 } as const;
    const all = await p.plans.searchModels(scope, search);
    expect(all.items.map(({ modelId, allowed, requiredPlan }) => [modelId, allowed, requiredPlan])).toEqual([
      ['gpt-4o-mini', true, null],
      ['gpt-4o', false, 'gold'],
      ['o-unlisted', false, 'enterprise'],
    ]);
    expect(all.total).toBe(3);
    const second = await p.plans.searchModels(scope, { ...search, skip: 1, limit: 1 });
    expect(second).toMatchObject({ items: [all.items[1]], total: 3 });
    const own = await p.providers.create(scope, openai('My own'));
    const withOwn = await p.plans.searchModels(scope, { ...search, query: 'gpt-4o' });
    expect(withOwn.items[0]).toMatchObject({ providerId: own.id, source: 'client', allowed: true });
    expect(withOwn.items.findIndex(({ allowed }) => !allowed)).toBe(2);
    const everything = await p.plans.searchModels(scope, { ...search, query: '' });
    expect(everything.total).toBeGreaterThan(withOwn.total);
    await p.providers.update(scope, own.id, { active: false });
    expect((await p.plans.searchModels(scope, { ...search, query: 'gpt-4o' })).items).toHaveLength(2);
  });

  it('X-20 X-23 refuses an unknown category and nonsense pages', async () => {
    const { scope } = await p.tenant();
    const search = { category: 'llm', query: '', skip: 0, limit: 10 } as const;
    for (const [field, change] of [
      ['category', { category: 'vision' }],
      ['skip', { skip: -1 }],
      ['limit', { limit: 0 }],
      ['limit', { limit: Number.NaN }],
    ] as const) {
      const refused = p.plans.searchModels(scope, { ...search, ...change } as never);
      await expect(refused).rejects.toMatchObject({ code: 'invalid', field });
    }
  });
});

describe('providers', () => {
  it('X-40 lists the embedded ones and the own; X-05 never those of another tenant', async () => {
    const { scope } = await p.tenant('pro');
    const stranger = await p.tenant('pro');
    const mine = await p.providers.create(scope, openai('Mine'));
    const all = await p.providers.list(scope);
    expect(all.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['Moonshine (built in)', 'Flite (built in)', 'Concierge (built in)', 'Mine']),
    );
    expect(await p.providers.list(scope, { own: true })).toEqual([mine]);
    expect((await p.providers.list(stranger.scope)).some(({ id }) => id === mine.id)).toBe(false);
    for (const act of [
      () => p.providers.get(stranger.scope, mine.id),
      () => p.providers.update(stranger.scope, mine.id, { name: 'Stolen' }),
      () => p.providers.remove(stranger.scope, mine.id),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: 'not_found' });
    }
    expect((await p.providers.get(scope, mine.id)).name).toBe('Mine');
  });

  it('X-41 never show credentials, which are stored sealed', async () => {
    const { scope } = await p.tenant('pro');
    const made = await p.providers.create(scope, openai('Secret'));
    const updated = await p.providers.update(scope, made.id, { credentials: { apiKey: 'sk-other-secret' } });
    const shown = JSON.stringify([made, updated, await p.providers.list(scope)]);
    expect(shown).not.toMatch(/secret"|sk-/);
    const rows = await p.rows<{ row: string; credentials: string }>(
      'select to_json(p)::text as row, credentials from providers p where id = $1',
      [made.id],
    );
    expect(rows[0]?.credentials).toMatch(/^v1\./);
    expect(rows[0]?.row).not.toContain('sk-');
  });

  it('X-42 need a plan that allows them, room in it, and a free name', async () => {
    const free = await p.tenant();
    await expect(p.providers.create(free.scope, openai('No'))).rejects.toMatchObject({ code: 'forbidden' });
    const { scope } = await p.tenant('advanced');
    await p.providers.create(scope, openai('One'));
    const twice = p.providers.create(scope, openai('ONE'));
    await expect(twice).rejects.toMatchObject({ code: 'conflict', field: 'name' });
    const two = await p.providers.create(scope, openai('Two'));
    await expect(p.providers.update(scope, two.id, { name: 'one' })).rejects.toMatchObject({
      code: 'conflict',
    });
    await p.providers.create(scope, openai('Three'));
    await expect(p.providers.create(scope, openai('Four'))).rejects.toMatchObject({ code: 'quota' });
    const stranger = await p.tenant('advanced');
    await expect(p.providers.create(stranger.scope, openai('One'))).resolves.toMatchObject({ name: 'One' });
  });

  it('X-42 keeps to the limit when several are made at once', async () => {
    for (let round = 0; round < 4; round++) {
      const { scope } = await p.tenant('advanced');
      const attempts = Array.from({ length: 6 }, (_, i) => p.providers.create(scope, openai(`P${i}`)));
      expect(await outcomes(attempts)).toEqual({ won: 3, codes: ['quota', 'quota', 'quota'] });
    }
  });

  it.each([
    ['category', { category: 'vision' }],
    ['providerKey', { providerKey: 'skynet' }],
    ['providerKey', { category: 'stt', providerKey: 'moonshine' }],
    ['credentials', { credentials: undefined }],
    ['credentials.apiKey', { credentials: {} }],
    ['credentials.apiKey', { credentials: { apiKey: '  ' } }],
    ['credentials.apiKey', { credentials: { apiKey: 'two\nlines' } }],
    ['name', { name: '' }],
    ['models', { models: 'gpt-4o' }],
    ['models[0].modelId', { models: [{ label: 'No id' }] }],
    ['settings.baseUrl', { settings: { baseUrl: 'http://169.254.169.254/v1' } }],
    ['settings.baseUrl', { providerKey: 'openai-compatible' }],
    ['settings.baseUrl', { providerKey: 'ollama' }],
  ])('refuses a provider with a wrong %s', async (field, change) => {
    const { scope } = await p.tenant('pro');
    const refused = p.providers.create(scope, openai('Wrong', change));
    await expect(refused).rejects.toMatchObject({ code: 'invalid', field });
  });

  it('X-43 leaves global providers to the operator', async () => {
    const { scope } = await p.tenant('pro');
    const flite = (await p.providers.listGlobal()).find(({ providerKey }) => providerKey === 'flite')!;
    await expect(p.providers.update(scope, flite.id, { active: false })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(p.providers.remove(scope, flite.id)).rejects.toMatchObject({ code: 'forbidden' });
    const renamed = await p.providers.updateGlobal(flite.id, { name: 'Flite' });
    expect(renamed.name).toBe('Flite');
    await p.providers.updateGlobal(flite.id, { name: flite.name });
    await expect(p.providers.updateGlobal('prov_none', { name: 'x' })).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('X-44 stay while agents use them, which are named, and go once none does', async () => {
    const { scope } = await p.tenant('pro');
    const provider = await p.providers.create(scope, openai('Used'));
    const agent = await p.assistants.create(scope, {
      name: 'Sales Bot',
      llmProviderId: provider.id,
      llmModelId: 'gpt-4o',
    });
    await expect(p.providers.remove(scope, provider.id)).rejects.toMatchObject({
      code: 'conflict',
      details: { agents: [{ id: agent.id, name: 'Sales Bot' }] },
    });
    expect((await p.providers.get(scope, provider.id)).id).toBe(provider.id);
    await p.assistants.remove(scope, agent.id);
    await p.providers.remove(scope, provider.id);
    await expect(p.providers.get(scope, provider.id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('X-44 cannot vanish under an agent that is given it at the same moment', async () => {
    const { scope } = await p.tenant('pro');
    for (let round = 0; round < 5; round++) {
      const provider = await p.providers.create(scope, openai(`Round ${round}`));
      const draft = { name: 'Bot', llmProviderId: provider.id, llmModelId: 'gpt-4o' };
      const [made] = await Promise.allSettled([
        p.assistants.create(scope, draft),
        p.providers.remove(scope, provider.id),
      ]);
      const stillThere = (await p.providers.list(scope, { own: true })).some(({ id }) => id === provider.id);
      expect(stillThere).toBe(made.status === 'fulfilled');
      if (made.status === 'fulfilled') await p.assistants.remove(scope, made.value.id);
      if (stillThere) await p.providers.remove(scope, provider.id);
    }
  });
});
