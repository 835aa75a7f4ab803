import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startVoicex, type Voicex } from './harness.ts';

let api: Voicex;
beforeAll(async () => {
  api = await startVoicex();
});
afterAll(() => api[Symbol.asyncDispose]());

describe('public endpoints', () => {
  it('X-10 setup is not completed before anyone signed up, and completed from then on', async () => {
    expect((await api.ask('getSetupStatus')).body).toEqual({ completed: false });
    await api.signUp();
    expect((await api.ask('getSetupStatus')).body).toEqual({ completed: true });
  });

  it('X-01 X-08 health needs no credential and tells the time in milliseconds', async () => {
    const before = Date.now();
    const { status, body } = await api.ask('checkHealth');
    expect(status).toBe(200);
    expect(body.timestamp).toBeGreaterThanOrEqual(before - 5_000);
    expect(body.timestamp).toBeLessThanOrEqual(Date.now() + 5_000);
  });

  it('X-01 a bad credential does not matter where none is needed', async () => {
    for (const operation of ['checkHealth', 'listPublicPlans', 'getSetupStatus'])
      expect((await api.ask(operation, { token: 'garbage', key: 'vx_no' })).status).toBe(200);
  });

  it('X-09 only public plans that are not custom show', async () => {
    const { services } = api.platform;
    const plans = await services.plans.list();
    const base = plans.find((plan) => plan.slug === 'free')!;
    const { slug: _slug, rank: _rank, ...draft } = base;
    await services.plans.put('hidden', { ...draft, name: 'Hidden', public: false });
    await services.plans.put('bespoke', { ...draft, name: 'Bespoke', custom: true });
    await services.plans.put('visible', { ...draft, name: 'Visible' });
    const slugs = (await api.ask('listPublicPlans')).body.map((plan: { slug: string }) => plan.slug);
    const expected = (await services.plans.list()).filter((p) => p.public && !p.custom).map((p) => p.slug);
    expect([...slugs].sort()).toEqual([...expected].sort());
    expect(slugs).toContain('visible');
    expect(slugs).not.toContain('hidden');
    expect(slugs).not.toContain('bespoke');
  });
});
