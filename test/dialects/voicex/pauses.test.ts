import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlanDraft } from '#core/plans/service';
import type { JsonObject } from '#kernel/json';
import { agentDraft, makeAgent, makeKey, type Org, startVoicex, type Voicex } from './harness.ts';

let api: Voicex;
beforeAll(async () => {
  api = await startVoicex();
  await put('roomy', {});
});
afterAll(() => api[Symbol.asyncDispose]());

const POLITE = /<Say[^>]*>I'm sorry|<Say[^>]*>I&apos;m sorry/;

/** A custom plan; what `change` says differs from the largest one. */
async function put(slug: string, change: { limits?: object; models?: object; features?: object }) {
  const { plans } = api.platform.services;
  const largest = (await plans.list()).find((plan) => plan.slug === 'enterprise')!;
  const { slug: _slug, rank: _rank, ...draft } = largest;
  const custom: PlanDraft = {
    ...draft,
    name: slug,
    public: false,
    custom: true,
    limits: { ...draft.limits, ...change.limits },
    models: { ...draft.models, ...change.models },
    features: { ...draft.features, overage: false, ...change.features },
  };
  await plans.put(slug, custom);
}

const setPlan = (org: Org, plan: string) =>
  api.platform.services.oversight.updateTenant(org.tenantId, { plan });
const setStatus = (org: Org, status: 'active' | 'suspended' | 'pending' | 'inactive') =>
  api.platform.services.oversight.updateTenant(org.tenantId, { status });

interface Line {
  org: Org;
  key: string;
  agentId: string;
}

async function line(
  plan = 'roomy',
  agent: (org: Org) => Promise<JsonObject> = async () => ({}),
): Promise<Line> {
  const org = await api.org(plan);
  const made = await makeAgent(api, org, await agent(org));
  const { rawKey } = await makeKey(api, org);
  return { org, key: rawKey, agentId: String(made._id) };
}

/** A call comes in for that agent. */
async function ring({ key, agentId }: Line) {
  const response = await api.app.inject({
    method: 'POST',
    url: `/voicex/api/twilio/voice?api_key=${key}&agentId=${agentId}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'CallSid=CA1&From=%2B15559876543&To=%2B15551230000',
  });
  const token = /name="token" value="([^"]+)"/.exec(response.body)?.[1];
  return { status: response.statusCode, body: response.body, token };
}

async function expectAnswered(one: Line) {
  const { status, token, body } = await ring(one);
  expect(status, body).toBe(200);
  expect(token, body).toBeDefined();
  return api.platform.services.admission.redeem(token!);
}

async function expectRefused(one: Line) {
  const { status, token, body } = await ring(one);
  expect({ status, token }).toEqual({ status: 200, token: undefined });
  expect(body).toMatch(POLITE);
  expect(body).toContain('<Hangup/>');
}

const agentOf = async ({ org, agentId }: Line) =>
  (await api.ask('getAgent', { token: org.token, id: agentId })).body;

const ownProvider = async (org: Org) =>
  (
    await api.ask('createProvider', {
      token: org.token,
      body: {
        category: 'llm',
        providerKey: 'openai',
        name: 'Mine',
        credentials: { apiKey: 'sk-mine' },
        models: [{ modelId: 'mine', label: 'Mine' }],
      },
    })
  ).body._id as string;

/** What pauses an agent: how it comes about, how it passes, and what is told of it. */
const REASONS: Record<
  string,
  {
    line?: () => Promise<Line>;
    pause: (one: Line) => Promise<unknown>;
    resume: (one: Line) => Promise<unknown>;
    says: RegExp;
  }
> = {
  'the agent is switched off': {
    pause: ({ org, agentId }) =>
      api.ask('updateAgent', { token: org.token, id: agentId, body: { active: false } }),
    resume: ({ org, agentId }) =>
      api.ask('updateAgent', { token: org.token, id: agentId, body: { active: true } }),
    says: /switched off/,
  },
  'its own provider is switched off': {
    line: () => line('roomy', async (org) => ({ llmProviderId: await ownProvider(org), llmModelId: 'mine' })),
    pause: (one) => switchProvider(one, false),
    resume: (one) => switchProvider(one, true),
    says: /provider "Mine" is switched off/,
  },
  'a global provider is switched off': {
    line: async () => {
      const { id } = await globalProvider('Switched', ['gpt-4o']);
      return line('roomy', async () => ({ llmProviderId: id, llmModelId: 'gpt-4o' }));
    },
    pause: (one) => switchGlobal(one, false),
    resume: (one) => switchGlobal(one, true),
    says: /provider "Switched" is switched off/,
  },
  'the model is no longer in the plan': {
    line: async () => {
      const { id } = await globalProvider('Gated', ['gpt-4o']);
      await put('gated', { models: { llm: ['openai/gpt-4o'] } });
      return line('gated', async () => ({ llmProviderId: id, llmModelId: 'gpt-4o' }));
    },
    pause: () => put('gated', { models: { llm: [] } }),
    resume: () => put('gated', { models: { llm: ['openai/gpt-4o'] } }),
    says: /not part of the plan gated/,
  },
  'the organization went to a plan without the model': {
    line: async () => {
      const { id } = await globalProvider('Gated too', ['gpt-4o']);
      return line('roomy', async () => ({ llmProviderId: id, llmModelId: 'gpt-4o' }));
    },
    pause: async ({ org }) => {
      await put('bare', { models: { llm: [] } });
      await setPlan(org, 'bare');
    },
    resume: ({ org }) => setPlan(org, 'roomy'),
    says: /not part of the plan bare/,
  },
  'the minutes of the month are used up': {
    pause: async ({ org }) => {
      await put('minute', { limits: { maxMonthlyMinutes: 1 } });
      await setPlan(org, 'minute');
      for (let i = 0; i < 5; i++) await api.platform.storeCall(org.tenantId, { status: 'completed' });
    },
    resume: async ({ org }) => {
      // A new month: what was used lies behind its first day.
      const calls = (await api.ask('listCalls', { token: org.token })).body as { _id: string }[];
      for (const { _id } of calls) await api.platform.age(_id, 40);
    },
    says: /minutes of this month are used up/,
  },
};

async function globalProvider(name: string, models: string[]) {
  return api.platform.services.providers.createGlobal({
    category: 'llm',
    providerKey: 'openai',
    name,
    credentials: { apiKey: 'sk-platform' },
    models: models.map((modelId) => ({ modelId, label: modelId })),
  });
}

async function switchProvider(one: Line, active: boolean) {
  const { llmProviderId } = await agentOf(one);
  await api.ask('updateProvider', { token: one.org.token, id: llmProviderId, body: { active } });
}

async function switchGlobal(one: Line, active: boolean) {
  const { llmProviderId } = await agentOf(one);
  await api.platform.services.providers.updateGlobal(llmProviderId, { active });
}

describe('X-25 what pauses an agent keeps it from answering, and no longer than it lasts', () => {
  it.each(Object.entries(REASONS))('%s', async (_name, reason) => {
    const one = await (reason.line ?? line)();
    expect(await agentOf(one)).toMatchObject({ status: 'active', pauseReason: null });
    const waiting = (await ring(one)).token!;
    await reason.pause(one);
    const paused = await agentOf(one);
    expect(paused.status).toBe('paused');
    expect(paused.pauseReason).toMatch(reason.says);
    const list = (await api.ask('listAgents', { token: one.org.token })).body as { _id: string }[];
    expect(list.find(({ _id }) => _id === one.agentId)).toMatchObject({
      status: 'paused',
      pauseReason: paused.pauseReason,
    });
    expect((await api.ask('getStats', { token: one.org.token })).body.activeAgents).toBe(0);
    await expectRefused(one);
    // A call that was let in before, and whose socket opens only now.
    await expect(api.platform.services.admission.redeem(waiting)).rejects.toMatchObject({
      code: 'precondition',
    });
    await reason.resume(one);
    expect(await agentOf(one)).toMatchObject({ status: 'active', pauseReason: null });
    expect((await expectAnswered(one)).assistant.id).toBe(one.agentId);
  });

  it.each(['suspended', 'pending', 'inactive'] as const)(
    'X-06 the organization is %s: no call is let in, and none that was before',
    async (status) => {
      const one = await line();
      const waiting = (await ring(one)).token!;
      await setStatus(one.org, status);
      const refused = await ring(one);
      expect({ status: refused.status, token: refused.token }).toEqual({ status: 403, token: undefined });
      await expect(api.platform.services.admission.redeem(waiting)).rejects.toMatchObject({
        code: 'precondition',
      });
      await setStatus(one.org, 'active');
      await expectAnswered(one);
    },
  );

  it('a paused agent leaves the call to the next one; where none is left the default one answers', async () => {
    const { org, key, agentId } = await line();
    const second = String((await makeAgent(api, org))._id);
    const anyone = { org, key, agentId: '' };
    const answering = async () => {
      const url = `/voicex/api/twilio/voice?api_key=${anyone.key}`;
      const response = await api.app.inject({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: 'CallSid=CA1&From=%2B15559876543&To=%2B15551230000',
      });
      const token = /name="token" value="([^"]+)"/.exec(response.body)![1]!;
      return (await api.platform.services.admission.redeem(token)).assistant;
    };
    expect((await answering()).id).toBe(second);
    await api.ask('updateAgent', { token: org.token, id: second, body: { active: false } });
    expect((await answering()).id).toBe(agentId);
    await api.ask('updateAgent', { token: org.token, id: agentId, body: { active: false } });
    expect((await answering()).isDefault).toBe(true);
  });
});

describe('limits of a custom plan hold on calls', () => {
  it('calls at once: one more is told politely, and taken when one has ended', async () => {
    await put('two-lines', { limits: { maxConcurrentCalls: 2 } });
    const one = await line('two-lines');
    const first = await api.platform.storeCall(one.org.tenantId, { status: 'active' });
    await expectAnswered(one);
    await api.platform.storeCall(one.org.tenantId, { status: 'active' });
    await expectRefused(one);
    const { lifecycle, accounts } = api.platform.services;
    const { scope } = await accounts.byToken(one.org.token);
    await lifecycle.finish(scope, first as never, { reason: 'caller_hung_up', durationMs: 1_000 });
    await expectAnswered(one);
  });

  it('calls at once: of many sockets that open together no more begin than the plan has room for', async () => {
    await put('two-sockets', { limits: { maxConcurrentCalls: 2 } });
    const one = await line('two-sockets');
    const { admission, lifecycle } = api.platform.services;
    const tokens = await Promise.all(Array.from({ length: 6 }, async () => (await ring(one)).token!));
    const begun = await Promise.allSettled(
      tokens.map(async (token) =>
        lifecycle.begin(await admission.redeem(token), { nodeId: 'test', carrierRef: null }),
      ),
    );
    expect(begun.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    const active = await api.ask('listCalls', { token: one.org.token, query: { status: 'active' } });
    expect(active.body).toHaveLength(2);
  });

  it('call duration: the shorter of the plan’s and the agent’s', async () => {
    await put('short', { limits: { maxCallDurationSec: 90 } });
    const one = await line('short');
    expect((await expectAnswered(one)).maxDurationMs).toBe(90_000);
    const body = { thresholds: { maxCallDurationSec: 45 } };
    await api.ask('updateAgent', { token: one.org.token, id: one.agentId, body });
    expect((await expectAnswered(one)).maxDurationMs).toBe(45_000);
  });

  it('monthly minutes: what is left bounds a call; with overage nothing does', async () => {
    await put('few-minutes', { limits: { maxMonthlyMinutes: 1, maxCallDurationSec: 1_800 } });
    const one = await line('few-minutes');
    for (let i = 0; i < 2; i++) await api.platform.storeCall(one.org.tenantId, { status: 'completed' });
    // Two calls of 12.5 s are billed as 13 s each.
    expect((await expectAnswered(one)).maxDurationMs).toBe(34_000);
    for (let i = 0; i < 3; i++) await api.platform.storeCall(one.org.tenantId, { status: 'completed' });
    await expectRefused(one);
    await put('few-minutes', {
      limits: { maxMonthlyMinutes: 1, maxCallDurationSec: 1_800 },
      features: { overage: true },
    });
    expect((await expectAnswered(one)).maxDurationMs).toBe(1_800_000);
  });

  it('X-26 X-42 agents and providers', async () => {
    await put('small', { limits: { maxAgents: 1 }, features: { maxCustomProviders: 1 } });
    const { org } = await line('small');
    expect((await api.ask('getPlan', { token: org.token })).body.limits.maxAgents).toBe(1);
    const again = await api.ask('createAgent', { token: org.token, body: await agentDraft(api, org) });
    expect(again.status).toBe(403);
    await ownProvider(org);
    const body = {
      category: 'llm',
      providerKey: 'openai',
      name: 'Second',
      credentials: { apiKey: 'sk' },
      models: [],
    };
    expect((await api.ask('createProvider', { token: org.token, body })).status).toBe(403);
  });

  it('X-09 X-16 the plan is shown to its organization and to nobody else', async () => {
    await put('secret-deal', { limits: { maxAgents: 77 } });
    const org = await api.org('secret-deal');
    const info = (await api.ask('getOrganization', { token: org.token })).body;
    expect(info).toMatchObject({ planSlug: 'secret-deal', limits: { maxAgents: 77 } });
    expect((await api.ask('listPublicPlans')).text).not.toContain('secret-deal');
  });
});

describe('figures after calls', () => {
  it('X-18 X-33 X-34 stats, count and usage by day agree', async () => {
    const { org, agentId } = await line();
    for (let i = 0; i < 3; i++)
      await api.platform.storeCall(org.tenantId, {
        assistantId: agentId,
        status: 'completed',
        detailed: true,
      });
    await api.platform.storeCall(org.tenantId, { assistantId: agentId, status: 'failed' });
    await api.platform.storeCall(org.tenantId, { assistantId: agentId, status: 'active' });
    const stats = (await api.ask('getStats', { token: org.token })).body;
    expect(stats).toMatchObject({ totalCalls: 5, activeAgents: 1 });
    expect(stats.averageDuration).toBeCloseTo(12.5, 3);
    expect((await api.ask('countCalls', { token: org.token })).body.count).toBe(5);
    const days = (await api.ask('getUsageAnalytics', { token: org.token })).body;
    expect(days).toHaveLength(1);
    expect(days[0]).toMatchObject({ calls: 4, tokens: 360, ttsChars: 120 });
    expect(days[0].minutes).toBeCloseTo(stats.totalMinutes, 6);
    expect(days[0].date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });
});
