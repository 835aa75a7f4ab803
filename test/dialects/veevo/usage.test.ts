import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Account, startVeevo, type Veevo } from './harness.ts';

let api: Veevo;
beforeAll(async () => {
  api = await startVeevo();
});
afterAll(() => api[Symbol.asyncDispose]());

interface UsageRecord {
  id: string;
  callSid: string;
  durationSeconds: number;
  costBreakdown: { totalCost: number };
}

const usage = async (of: Account, query: Record<string, string> = {}) =>
  (await api.ask('listUsageRecords', { bearer: of.key, query })).body;
const current = async (of: Account) => (await api.ask('getCurrentUsage', { bearer: of.key })).body;
const subscription = async (of: Account) => (await api.ask('getSubscription', { bearer: of.key })).body;
const ended = (of: Account, call: object = {}) =>
  api.platform.storeCall(of.id, { status: 'completed', ...call });

/** Ended calls, the newest first, all of one moment or another. */
async function endedCalls(of: Account, howMany: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < howMany; i++) ids.unshift(await ended(of));
  return ids;
}

describe('usage', () => {
  it('V-33 a call that ended shows with both numbers, its billed seconds and what they cost', async () => {
    const account = await api.account();
    const before = Date.now();
    const id = await ended(account, { from: '+19805551234', to: '+15551234567', durationMs: 46_200 });
    const page = await usage(account);
    expect(page).toEqual({
      records: [
        {
          id,
          callSid: expect.stringMatching(/^CA[0-9a-f]{32}$/),
          callerPhone: '+19805551234',
          calledNumber: '+15551234567',
          durationSeconds: 47,
          costBreakdown: { totalCost: 0.039167 },
          createdAt: expect.any(String),
        },
      ],
      total: 1,
      limit: 50,
      offset: 0,
    });
    expect(Date.parse(page.records[0].createdAt)).toBeGreaterThan(before - 60_000);
  });

  it('V-33 the SID is the carrier’s; a call without a carrier has one of the same form that stays', async () => {
    const account = await api.account();
    await ended(account, { carrierRef: 'CA00000000000000000000000000000007' });
    await ended(account, { carrierRef: null });
    const sids = async () => (await usage(account)).records.map(({ callSid }: UsageRecord) => callSid);
    const [derived, carriers] = await sids();
    expect(carriers).toBe('CA00000000000000000000000000000007');
    expect(derived).toMatch(/^CA[0-9a-f]{32}$/);
    expect(await sids()).toEqual([derived, carriers]);
  });

  it('V-33 a call that goes on is not there yet; one that failed is', async () => {
    const account = await api.account();
    await api.platform.storeCall(account.id, { status: 'active' });
    expect((await usage(account)).total).toBe(0);
    const failed = await api.platform.storeCall(account.id, { status: 'failed' });
    expect((await usage(account)).records.map(({ id }: UsageRecord) => id)).toEqual([failed]);
  });

  it('V-32 pages with limit and offset, newest first, and total counts all', async () => {
    const account = await api.account();
    const ids = await endedCalls(account, 5);
    const pages = [await usage(account, { limit: '2' }), await usage(account, { limit: '2', offset: '2' })];
    const last = await usage(account, { limit: '2', offset: '4' });
    for (const page of [...pages, last]) expect(page).toMatchObject({ total: 5, limit: 2 });
    expect(pages.map(({ offset }) => offset)).toEqual([0, 2]);
    const seen = [...pages, last].flatMap(({ records }) => records.map(({ id }: UsageRecord) => id));
    expect(seen).toEqual(ids);
    expect((await usage(account, { offset: '5' })).records).toEqual([]);
  });

  it('V-32 a limit above 100 is taken as 100, and no page holds more', async () => {
    const account = await api.account();
    expect(await usage(account, { limit: '101' })).toMatchObject({ limit: 100 });
    expect(await usage(account, { limit: '100' })).toMatchObject({ limit: 100 });
    expect(await usage(account)).toMatchObject({ limit: 50, offset: 0 });
  });

  it('pages after a record (`before`) stay right while calls are added', async () => {
    const account = await api.account();
    const ids = await endedCalls(account, 4);
    const first = await usage(account, { limit: '2' });
    await endedCalls(account, 2);
    const rest = await usage(account, { limit: '9', before: first.records[1].id });
    expect(rest.records.map(({ id }: UsageRecord) => id)).toEqual(ids.slice(2));
    expect(rest.total).toBe(6);
    const answer = await api.ask('listUsageRecords', { bearer: account.key, query: { before: 'x' } });
    expect(answer.status).toBe(400);
  });

  it('V-42 V-35 other accounts’ calls are in no list and no sum', async () => {
    const [mine, theirs] = [await api.account(), await api.account()];
    const theirCall = await ended(theirs);
    expect((await usage(mine)).total).toBe(0);
    expect((await usage(mine, { before: theirCall })).records).toEqual([]);
    expect((await current(mine)).allTime).toEqual({ calls: 0, minutes: 0 });
    expect(await subscription(mine)).toMatchObject({ totalCalls: 0, totalMinutes: 0 });
  });
});

describe('totals', () => {
  it('V-34 V-35 V-36 agree wherever they are shown, with the plan’s prices', async () => {
    const account = await api.account();
    for (const durationMs of [1, 999, 1_000, 59_001, 60_000, 61_500, 0]) await ended(account, { durationMs });
    const { records, total } = await usage(account);
    const seconds = records.reduce((sum: number, one: UsageRecord) => sum + one.durationSeconds, 0);
    expect(seconds).toBe(1 + 1 + 1 + 60 + 60 + 62);
    const summary = await current(account);
    expect(summary).toMatchObject({ perMinuteRate: 0.05, monthlyBase: 5 });
    expect(summary.allTime).toEqual({ calls: 7, minutes: seconds / 60 });
    expect(summary.currentMonth).toMatchObject(summary.allTime);
    expect(total).toBe(7);
    expect(summary.currentMonth.estimatedCost).toBeCloseTo(summary.currentMonth.minutes * 0.05, 9);
    expect(await subscription(account)).toMatchObject({
      perMinuteRate: 0.05,
      monthlyBase: 5,
      totalCalls: 7,
      totalMinutes: summary.allTime.minutes,
    });
    const cost = records.reduce((sum: number, one: UsageRecord) => sum + one.costBreakdown.totalCost, 0);
    expect(cost).toBeCloseTo(summary.currentMonth.estimatedCost, 5);
  });

  it('V-36 V-35 calls of earlier months count in allTime only', async () => {
    const account = await api.account();
    const call = await ended(account, { durationMs: 60_000 });
    await ended(account, { durationMs: 30_000 });
    await api.platform.age(call, 40);
    const summary = await current(account);
    expect(summary.currentMonth).toEqual({ calls: 1, minutes: 0.5, estimatedCost: 0.025 });
    expect(summary.allTime).toEqual({ calls: 2, minutes: 1.5 });
    expect((await usage(account)).total).toBe(2);
  });

  it('V-34 a fresh account has nothing to show', async () => {
    const account = await api.register();
    expect(await usage(account)).toEqual({ records: [], total: 0, limit: 50, offset: 0 });
    expect(await current(account)).toEqual({
      currentMonth: { calls: 0, minutes: 0, estimatedCost: 0 },
      allTime: { calls: 0, minutes: 0 },
      perMinuteRate: 0.05,
      monthlyBase: 5,
    });
  });
});
