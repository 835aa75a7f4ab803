import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callSteps, inbound, NODE } from '#test/core/call-steps';
import { openPlatform, outcomes, type Platform } from '#test/core/platform';

let p: Platform;
beforeAll(async () => {
  p = await openPlatform();
});
afterAll(() => p.close());

const { order, begin } = callSteps(() => p);

describe('which assistant answers', () => {
  it('is the one mapped to the number, else the one asked for, else the newest active, else the default', async () => {
    const { scope } = await p.tenant('pro');
    const fallback = await p.assistants.getDefault(scope);
    const asked = async (over = {}) => (await p.admission.admit(scope, inbound(over))).assistantId;
    expect(await asked()).toBe(fallback.id);

    const older = await p.assistants.create(scope, { name: 'Older' });
    p.clock.advance(1_000);
    const newer = await p.assistants.create(scope, { name: 'Newer' });
    expect(await asked()).toBe(newer.id);
    expect(await asked({ assistantId: older.id })).toBe(older.id);

    await p.assistants.update(scope, newer.id, { active: false });
    expect(await asked()).toBe(older.id);
    await expect(asked({ assistantId: newer.id })).rejects.toMatchObject({ code: 'precondition' });
    await expect(asked({ assistantId: 'nonsense' })).rejects.toMatchObject({ code: 'not_found' });

    await p.numbers.add(scope, { e164: '+15551234567', assistantId: fallback.id });
    expect(await asked({ assistantId: older.id })).toBe(fallback.id);
  });

  it("is never another tenant's, even where the number is theirs", async () => {
    const { scope } = await p.tenant();
    const other = await p.tenant();
    const theirs = await p.assistants.create(other.scope, { name: 'Theirs' });
    await p.numbers.add(other.scope, { e164: '+15551239999', assistantId: theirs.id });
    const { assistantId } = await p.admission.admit(scope, inbound({ to: '+15551239999' }));
    expect(assistantId).toBe((await p.assistants.getDefault(scope)).id);
    await expect(p.admission.admit(scope, inbound({ assistantId: theirs.id }))).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

describe('admission', () => {
  it('X-06 is for active tenants only', async () => {
    const { scope } = await p.tenant();
    await p.oversight.updateTenant(scope.tenantId, { status: 'pending' });
    await expect(p.admission.admit(scope, inbound())).rejects.toMatchObject({ code: 'forbidden' });
    await p.oversight.updateTenant(scope.tenantId, { status: 'inactive' });
    await expect(p.admission.admit(scope, inbound())).rejects.toMatchObject({ code: 'payment_required' });
  });

  it('opens the whole order of a call, credentials in the clear, stand-ins last', async () => {
    const { scope } = await p.tenant('pro');
    const own = await p.providers.create(scope, {
      category: 'llm',
      providerKey: 'openai',
      name: 'Mine',
      credentials: { apiKey: 'sk-secret' },
      models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
      settings: { baseUrl: 'https://llm.example.com/v1/' },
    });
    await p.assistants.create(scope, {
      name: 'Bot',
      llmProviderId: own.id,
      llmModelId: 'gpt-4o',
      variables: { shop: 'Acme', city: 'Bonn' },
      thresholds: { maxCallDurationSec: 120 },
      timezone: 'Europe/Berlin',
    });
    const got = await order(scope, { variables: { city: 'Köln' }, from: '+1555\u00009876543' });
    expect(got).toMatchObject({
      tenantId: scope.tenantId,
      timezone: 'Europe/Berlin',
      variables: { shop: 'Acme', city: 'Köln' },
      from: '+15559876543',
      maxDurationMs: 120_000,
      assistant: { name: 'Bot' },
    });
    expect(got.providers.llm).toEqual([
      {
        id: own.id,
        category: 'llm',
        providerKey: 'openai',
        name: 'Mine',
        modelId: 'gpt-4o',
        credentials: { apiKey: 'sk-secret' },
        settings: { baseUrl: 'https://llm.example.com/v1' },
        source: 'client',
      },
      expect.objectContaining({ providerKey: 'concierge', modelId: 'concierge', credentials: {} }),
    ]);
    expect(got.providers.stt.map(({ modelId }) => modelId)).toEqual(['tiny']);
    expect(got.providers.tts.map(({ modelId }) => modelId)).toEqual(['rms']);
  });

  it('gives tokens that work once, for 60 seconds', async () => {
    const { scope } = await p.tenant();
    p.clock.advance(60_000);
    await p.admission.sweep();
    const { token, callId } = await p.admission.admit(scope, inbound());
    expect((await p.admission.redeem(token)).callId).toBe(callId);
    await expect(p.admission.redeem(token)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(p.admission.redeem('nonsense')).rejects.toMatchObject({ code: 'unauthenticated' });

    const late = await p.admission.admit(scope, inbound());
    p.clock.advance(60_000);
    await expect(p.admission.redeem(late.token)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(await p.admission.sweep()).toBe(1);
    expect(await p.admission.sweep()).toBe(0);
  });

  it('lets exactly one of several at once redeem a token, which is stored hashed', async () => {
    const { scope } = await p.tenant();
    const { token } = await p.admission.admit(scope, inbound());
    const [stored] = await p.rows<{ row: string }>('select to_json(t)::text as row from stream_tickets t');
    expect(stored?.row).not.toContain(token);
    const attempts = Array.from({ length: 8 }, () => p.admission.redeem(token));
    expect(await outcomes(attempts)).toEqual({ won: 1, codes: Array(7).fill('unauthenticated') });
  });

  it('refuses the order where the assistant was paused or removed meanwhile', async () => {
    const { scope } = await p.tenant();
    const bot = await p.assistants.create(scope, { name: 'Bot' });
    const first = await p.admission.admit(scope, inbound());
    await p.assistants.update(scope, bot.id, { active: false });
    await expect(p.admission.redeem(first.token)).rejects.toMatchObject({ code: 'precondition' });
    await p.assistants.remove(scope, bot.id);
    await expect(p.admission.redeem(first.token)).rejects.toMatchObject({ code: 'precondition' });
  });
});

describe('limits', () => {
  it('never run more calls at once than the plan has room for', async () => {
    const { scope } = await p.tenant();
    const orders = await Promise.all([order(scope), order(scope), order(scope), order(scope), order(scope)]);
    const begun = await Promise.allSettled(orders.map((one) => p.lifecycle.begin(one, NODE)));
    const running = begun.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(running).toHaveLength(2);
    await expect(p.admission.admit(scope, inbound())).rejects.toMatchObject({ code: 'quota' });
    await p.lifecycle.finish(scope, running[0]!.id, { reason: 'caller_hung_up', durationMs: 1_000 });
    await expect(begin(scope)).resolves.toBeDefined();
    await expect(p.admission.admit(scope, inbound())).rejects.toMatchObject({ code: 'quota' });
  });

  it('end at the minutes of the month where the plan has no overage, and shorten the last call', async () => {
    const { scope } = await p.tenant();
    const bot = await p.assistants.create(scope, { name: 'Bot' });
    const first = await begin(scope);
    await p.lifecycle.finish(scope, first, { reason: 'caller_hung_up', durationMs: 58 * 60_000 });
    expect((await p.usage.month(scope)).minutes).toBe(58);
    expect((await order(scope)).maxDurationMs).toBe(2 * 60_000);
    const second = await begin(scope);
    await p.lifecycle.finish(scope, second, { reason: 'caller_hung_up', durationMs: 3 * 60_000 });
    await expect(p.admission.admit(scope, inbound())).rejects.toMatchObject({ code: 'quota' });
    expect(await p.assistants.get(scope, bot.id)).toMatchObject({
      status: 'paused',
      pauseReason: expect.stringContaining('minutes'),
    });
    await p.oversight.updateTenant(scope.tenantId, { plan: 'starter' });
    expect((await order(scope)).maxDurationMs).toBe(900_000);
  });
});
