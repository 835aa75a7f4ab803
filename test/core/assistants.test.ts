import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AssistantDraft } from '#core/assistants/service';
import type { Provider } from '#core/providers/provider';
import { makeScope } from '#kernel/scope';
import { openPlatform, outcomes, type Platform, type TestTenant } from '#test/core/platform';

let p: Platform;
let openai: Provider;
let eleven: Provider;
let deepgram: Provider;
beforeAll(async () => {
  p = await openPlatform();
  const credentials = { apiKey: 'platform' };
  openai = await p.providers.createGlobal({
    category: 'llm',
    providerKey: 'openai',
    name: 'OpenAI',
    credentials,
    models: ['gpt-4o', 'gpt-4o-mini'].map((modelId) => ({ modelId, label: modelId })),
  });
  eleven = await p.providers.createGlobal({
    category: 'tts',
    providerKey: 'elevenlabs',
    name: 'ElevenLabs',
    credentials,
    models: [{ modelId: '21m00Tcm4TlvDq8ikWAM', label: 'Rachel' }],
  });
  deepgram = await p.providers.createGlobal({
    category: 'stt',
    providerKey: 'deepgram',
    name: 'Deepgram',
    credentials,
    models: ['nova-3', 'nova-2'].map((modelId) => ({ modelId, label: modelId })),
  });
});
afterAll(() => p.close());

/** The agent of the contract's example. */
const salesBot = (over: object = {}): AssistantDraft => ({
  name: 'Sales Bot',
  persona: {
    systemPrompt: 'You are a sales assistant...',
    greeting: 'Hi! How can I help?',
    personality: 'friendly',
    language: 'en-us',
    guardrails: 'Keep responses short.',
  },
  llmProviderId: openai.id,
  llmModelId: 'gpt-4o-mini',
  llmConfig: { temperature: 0.4, maxTokens: 200 },
  ttsProviderId: eleven.id,
  ttsModelId: '21m00Tcm4TlvDq8ikWAM',
  ttsConfig: { speed: 1.0 },
  sttProviderId: deepgram.id,
  thresholds: {
    silenceTimeoutMs: 700,
    maxCallDurationSec: 1800,
    interruptionSensitivity: 'medium',
    endpointingMs: 200,
  },
  ...over,
});

describe('creating agents', () => {
  it('keeps what was given and fills in the rest', async () => {
    const { scope } = await p.tenant('pro');
    const agent = await p.assistants.create(scope, salesBot());
    expect(agent).toMatchObject({
      name: 'Sales Bot',
      persona: { language: 'en-US', guardrails: 'Keep responses short.' },
      llm: { providerId: openai.id, modelId: 'gpt-4o-mini' },
      stt: { providerId: deepgram.id, modelId: 'nova-3' },
      thresholds: { maxCallDurationSec: 1800 },
      effectiveMaxCallDurationSec: 1800,
      status: 'active',
      pauseReason: null,
      isDefault: false,
    });
    expect(await p.assistants.get(scope, agent.id)).toEqual(agent);
    expect(await p.assistants.list(scope)).toEqual([agent]);
    const bare = await p.assistants.create(scope, { name: 'Bare' });
    expect(bare).toMatchObject({
      thresholds: {
        silenceTimeoutMs: 700,
        endpointingMs: 500,
        interruptionSensitivity: 'medium',
        maxCallDurationSec: null,
      },
      effectiveMaxCallDurationSec: 3600,
      stt: { modelId: 'tiny' },
      status: 'active',
    });
  });

  it('X-26 stops at the plan, the default assistant not counted, and X-30 a deleted one frees its place', async () => {
    const { scope } = await p.tenant();
    const only = await p.assistants.create(scope, { name: 'Only' });
    await expect(p.assistants.create(scope, { name: 'Second' })).rejects.toMatchObject({ code: 'quota' });
    expect(await p.assistants.list(scope)).toHaveLength(1);
    await p.assistants.remove(scope, only.id);
    await expect(p.assistants.get(scope, only.id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(p.assistants.remove(scope, only.id)).rejects.toMatchObject({ code: 'not_found' });
    await expect(p.assistants.create(scope, { name: 'Third' })).resolves.toMatchObject({ name: 'Third' });
  });

  it('X-26 stops at the plan when several are made at once', async () => {
    const { scope } = await p.tenant('starter');
    const attempts = Array.from({ length: 8 }, (_, i) => p.assistants.create(scope, { name: `Bot ${i}` }));
    expect(await outcomes(attempts)).toEqual({ won: 3, codes: Array(5).fill('quota') });
    expect(await p.assistants.list(scope)).toHaveLength(3);
  });

  it("X-27 refuses providers that are unknown, of another category, or another organization's", async () => {
    const { scope } = await p.tenant('pro');
    const stranger = await p.tenant('pro');
    const theirs = await p.providers.create(stranger.scope, {
      category: 'llm',
      providerKey: 'openai',
      name: 'Theirs',
      credentials: { apiKey: 'x' },
      models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
    });
    for (const llmProviderId of [theirs.id, 'prov_00000000000000000000000099', 'nonsense', eleven.id, '']) {
      await expect(p.assistants.create(scope, salesBot({ llmProviderId }))).rejects.toMatchObject({
        code: 'invalid',
        field: 'llmProviderId',
      });
    }
    expect(await p.assistants.list(scope)).toEqual([]);
  });

  it("X-28 refuses a global model outside the plan; an own provider's models are not gated", async () => {
    const { scope } = await p.tenant('starter');
    const gated = salesBot({ llmModelId: 'gpt-4o', ttsProviderId: undefined, ttsModelId: undefined });
    await expect(p.assistants.create(scope, gated)).rejects.toMatchObject({
      code: 'forbidden',
      field: 'llmModelId',
    });
    const own = await p.providers.create(scope, {
      category: 'llm',
      providerKey: 'openai',
      name: 'My OpenAI',
      credentials: { apiKey: 'sk' },
      models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
    });
    const agent = await p.assistants.create(scope, {
      name: 'Own',
      llmProviderId: own.id,
      llmModelId: 'gpt-4o',
    });
    expect(agent.status).toBe('active');
    const unknown = { name: 'Odd', llmProviderId: own.id, llmModelId: 'no-such-model' };
    await expect(p.assistants.create(scope, unknown)).rejects.toMatchObject({ code: 'invalid' });
    const stt = await p.assistants.create(scope, { name: 'Ears', sttProviderId: deepgram.id });
    expect(stt.stt.modelId).toBe('nova-2');
    const free = await p.tenant();
    await expect(
      p.assistants.create(free.scope, { name: 'Ears', sttProviderId: deepgram.id }),
    ).rejects.toMatchObject({ code: 'forbidden', field: 'sttModelId' });
  });

  it.each([
    ['name', { name: '' }],
    ['persona.language', { persona: { language: 'not a tag' } }],
    ['persona.systemPrompt', { persona: { systemPrompt: 'x'.repeat(50_001) } }],
    ['llmConfig.temperature', { llmConfig: { temperature: 3 } }],
    ['llmConfig.maxTokens', { llmConfig: { maxTokens: 0.5 } }],
    ['ttsConfig.speed', { ttsConfig: { speed: 0 } }],
    ['thresholds.silenceTimeoutMs', { thresholds: { silenceTimeoutMs: -1 } }],
    ['thresholds.endpointingMs', { thresholds: { endpointingMs: Number.POSITIVE_INFINITY } }],
    ['thresholds.maxCallDurationSec', { thresholds: { maxCallDurationSec: 0 } }],
    ['thresholds.interruptionSensitivity', { thresholds: { interruptionSensitivity: 'extreme' } }],
    ['firstMessageMode', { firstMessageMode: 'silence' }],
    ['transferOnFailureTo', { transferOnFailureTo: '555-1234' }],
    ['timezone', { timezone: 'Atlantis' }],
    ['variables', { variables: { 'no word': 'x' } }],
    ['tools.http[0].url', { tools: { http: [tool({ url: 'http://127.0.0.1/' })] } }],
    ['tools.http[0].url', { tools: { http: [tool({ url: 'https://{{host}}/x' })] } }],
    ['tools.http[0].parameters', { tools: { http: [tool({ parameters: { type: 'string' } })] } }],
    ['tools.http[0].name', { tools: { http: [tool({ name: 'two words' })] } }],
    ['tools.http', { tools: { http: [tool({}), tool({})] } }],
    ['tools.transfers[0].to', { tools: { transfers: [{ name: 'sales', to: '911', description: '' }] } }],
  ])('refuses a nonsense %s', async (field, change) => {
    const { scope } = await p.tenant();
    const draft = { name: 'Bot', ...change } as AssistantDraft;
    await expect(p.assistants.create(scope, draft)).rejects.toMatchObject({ code: 'invalid', field });
  });

  it('is refused to viewers', async () => {
    const { scope } = await p.tenant();
    const viewer = makeScope(scope.tenantId, scope.actor, 'viewer');
    await expect(p.assistants.create(viewer, { name: 'No' })).rejects.toMatchObject({ code: 'forbidden' });
    expect(await p.assistants.list(viewer)).toEqual([]);
  });
});

function tool(over: object) {
  return {
    name: 'look_up',
    description: 'Looks up an order',
    parameters: { type: 'object', properties: { id: { type: 'string' } } },
    method: 'GET',
    url: 'https://api.example.com/orders/{{id}}',
    headers: { authorization: 'Bearer x' },
    timeoutMs: 5_000,
    whenInterrupted: 'abort',
    ...over,
  };
}

describe('changing agents', () => {
  it('X-29 merges nested blocks and keeps the rest', async () => {
    const { scope } = await p.tenant('pro');
    const before = await p.assistants.create(scope, salesBot({ tools: { http: [tool({})] } }));
    const after = await p.assistants.update(scope, before.id, {
      name: 'Support Bot',
      persona: { greeting: 'Hello!' },
      thresholds: { endpointingMs: 300 },
      llmConfig: { temperature: 0.9 },
      llmModelId: 'gpt-4o',
      recording: { enabled: true },
    });
    expect(after).toEqual({
      ...before,
      name: 'Support Bot',
      persona: { ...before.persona, greeting: 'Hello!' },
      thresholds: { ...before.thresholds, endpointingMs: 300 },
      llmConfig: { temperature: 0.9, maxTokens: 200 },
      llm: { providerId: openai.id, modelId: 'gpt-4o' },
      recording: { enabled: true, announce: true },
      updatedAt: after.updatedAt,
    });
    expect(await p.assistants.get(scope, before.id)).toEqual(after);
  });

  it('X-29 changes nothing when any part is refused', async () => {
    const { scope } = await p.tenant('pro');
    const before = await p.assistants.create(scope, salesBot());
    for (const edit of [
      { name: 'New', llmProviderId: 'nonsense' },
      { name: 'New', llmModelId: 'gpt-4.1' },
      { name: 'New', thresholds: { endpointingMs: -5 } },
    ]) {
      await expect(p.assistants.update(scope, before.id, edit)).rejects.toThrow();
    }
    expect(await p.assistants.get(scope, before.id)).toEqual(before);
  });

  it('loses neither of two edits at once', async () => {
    const { scope } = await p.tenant('pro');
    const { id } = await p.assistants.create(scope, salesBot());
    await Promise.all([
      p.assistants.update(scope, id, { persona: { greeting: 'One' } }),
      p.assistants.update(scope, id, { persona: { personality: 'two' } }),
      p.assistants.update(scope, id, { thresholds: { endpointingMs: 333 } }),
    ]);
    expect(await p.assistants.get(scope, id)).toMatchObject({
      persona: { greeting: 'One', personality: 'two' },
      thresholds: { endpointingMs: 333 },
    });
  });

  it("X-05 finds no other organization's agent", async () => {
    const { scope } = await p.tenant();
    const stranger = await p.tenant();
    const { id } = await p.assistants.create(scope, { name: 'Mine' });
    for (const act of [
      () => p.assistants.get(stranger.scope, id),
      () => p.assistants.update(stranger.scope, id, { name: 'Stolen' }),
      () => p.assistants.remove(stranger.scope, id),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: 'not_found' });
    }
    expect((await p.assistants.get(scope, id)).name).toBe('Mine');
  });

  it('never deletes the default assistant, which can be changed', async () => {
    const { scope } = await p.tenant();
    const { id } = await p.assistants.getDefault(scope);
    await expect(p.assistants.remove(scope, id)).rejects.toMatchObject({ code: 'precondition' });
    await p.assistants.update(scope, id, { name: 'Front desk' });
    expect(await p.assistants.getDefault(scope)).toMatchObject({ id, name: 'Front desk' });
    expect(await p.assistants.list(scope, { includeDefault: true })).toHaveLength(1);
  });
});

describe('the computed status', () => {
  const reason = async ({ scope }: TestTenant, id: string) => (await p.assistants.get(scope, id)).pauseReason;

  it('X-25 tells why an agent is paused: switched off, provider off, model out of the plan, tenant, minutes', async () => {
    const tenant = await p.tenant('pro');
    const { scope } = tenant;
    const agent = await p.assistants.create(scope, salesBot({ llmModelId: 'gpt-4o' }));
    expect(await reason(tenant, agent.id)).toBeNull();

    const off = await p.assistants.update(scope, agent.id, { active: false });
    expect(off).toMatchObject({ status: 'paused', pauseReason: expect.stringContaining('switched off') });
    await p.assistants.update(scope, agent.id, { active: true });

    await p.providers.updateGlobal(eleven.id, { active: false });
    expect(await reason(tenant, agent.id)).toContain('"ElevenLabs" is switched off');
    await p.providers.updateGlobal(eleven.id, { active: true });

    await p.oversight.updateTenant(scope.tenantId, { plan: 'starter' });
    expect(await reason(tenant, agent.id)).toContain('openai/gpt-4o is not part of the plan Starter');
    await p.oversight.updateTenant(scope.tenantId, { plan: 'pro', status: 'suspended' });
    expect(await reason(tenant, agent.id)).toContain('suspended');
    await p.oversight.updateTenant(scope.tenantId, { status: 'active' });
    expect(await p.assistants.get(scope, agent.id)).toMatchObject({ status: 'active', pauseReason: null });
  });

  it('X-25 is not for clients to set', async () => {
    const { scope } = await p.tenant();
    const draft = { name: 'Bot', status: 'paused', pauseReason: 'because' } as AssistantDraft;
    expect(await p.assistants.create(scope, draft)).toMatchObject({ status: 'active', pauseReason: null });
  });
});

describe('phone numbers', () => {
  it('belong to one tenant at a time, also when two register one at once', async () => {
    const a = await p.tenant();
    const b = await p.tenant();
    const e164 = '+15551230001';
    const { won, codes } = await outcomes([
      p.numbers.add(a.scope, { e164 }),
      p.numbers.add(b.scope, { e164 }),
    ]);
    expect({ won, codes }).toEqual({ won: 1, codes: ['conflict'] });
    const owner = (await p.numbers.ownerOf(e164))!;
    const [mine, other] = owner.tenantId === a.scope.tenantId ? [a, b] : [b, a];
    await expect(p.numbers.remove(other.scope, owner.id)).rejects.toMatchObject({ code: 'not_found' });
    await p.numbers.remove(mine.scope, owner.id);
    expect(await p.numbers.ownerOf(e164)).toBeNull();
    await expect(p.numbers.add(other.scope, { e164 })).resolves.toMatchObject({ e164 });
  });

  it('map to an agent of the tenant, and fall back when it is deleted', async () => {
    const { scope } = await p.tenant();
    const agent = await p.assistants.create(scope, { name: 'Line' });
    const number = await p.numbers.add(scope, { e164: '+15551230002', assistantId: agent.id, label: 'Main' });
    expect(await p.numbers.list(scope)).toEqual([number]);
    const stranger = await p.tenant();
    const foreign = p.numbers.add(stranger.scope, { e164: '+15551230003', assistantId: agent.id });
    await expect(foreign).rejects.toMatchObject({ code: 'invalid', field: 'assistantId' });
    await expect(p.numbers.add(scope, { e164: '5551230003' })).rejects.toMatchObject({ field: 'e164' });
    expect(await p.numbers.update(scope, number.id, { label: 'Other' })).toMatchObject({ label: 'Other' });
    await p.assistants.remove(scope, agent.id);
    expect(await p.numbers.get(scope, number.id)).toMatchObject({ assistantId: null, label: 'Other' });
  });
});
