import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Org, startVoicex, type Voicex } from './voicex/harness.ts';

let api: Voicex;
let org: Org;
beforeAll(async () => {
  api = await startVoicex();
  org = await api.org();
});
afterAll(() => api[Symbol.asyncDispose]());

const idsOf = (answer: { body: { _id: string }[] }) => answer.body.map(({ _id }) => _id);
const calls = async (query: Record<string, string> = {}, of = org) =>
  idsOf(await api.ask('listCalls', { token: of.token, query: { limit: '100', ...query } }));
const addCall = (of = org) => api.platform.storeCall(of.tenantId, { status: 'completed' });

describe('pages of calls', () => {
  beforeAll(async () => {
    for (let i = 0; i < 7; i++) await addCall();
  });

  it('X-31 from a call on they stay the same while calls are added', async () => {
    const all = await calls();
    const paged: string[] = [];
    for (let page = await calls({ limit: '2' }); page.length > 0; ) {
      paged.push(...page);
      await addCall();
      page = await calls({ limit: '2', before: page.at(-1)! });
    }
    expect(paged).toEqual(all);
  });

  it('X-31 with skip alone they shift: the reason for the above', async () => {
    const first = await calls({ limit: '2' });
    await addCall();
    expect((await calls({ limit: '2', skip: '2' }))[0]).toBe(first[1]);
  });

  it('X-31 newer ones are found from the last one known, none left out', async () => {
    const [known] = await calls({ limit: '1' });
    const added: string[] = [];
    for (let i = 0; i < 5; i++) added.unshift(await addCall());
    expect(await calls({ after: known! })).toEqual(added);
    const near = await calls({ after: known!, limit: '2' });
    expect(near).toEqual(added.slice(3));
    expect(await calls({ after: near[0]!, limit: '10' })).toEqual(added.slice(0, 3));
    expect(await calls({ after: added[0]! })).toEqual([]);
  });

  it('X-31 bounds combine with each other, with filters and with skip', async () => {
    const all = await calls();
    expect(await calls({ before: all[1]!, after: all[5]! })).toEqual(all.slice(2, 5));
    expect(await calls({ before: all[1]!, skip: '2', limit: '2' })).toEqual(all.slice(4, 6));
    expect(await calls({ before: all[1]!, status: 'failed' })).toEqual([]);
  });

  it('calls of one moment keep one order', async () => {
    await api.platform.sameMoment(org.tenantId);
    const all = await calls();
    const paged: string[] = [];
    for (let page = await calls({ limit: '3' }); page.length > 0; ) {
      paged.push(...page);
      page = await calls({ limit: '3', before: page.at(-1)! });
    }
    expect(paged).toEqual(all);
    expect(new Set(paged).size).toBe(paged.length);
  });

  it.each(['x', 'asst_00000000000000000000000000', ''])('X-07 the bound %j gives 400', async (before) => {
    const query = { before };
    expect((await api.ask('listCalls', { token: org.token, query })).status).toBe(400);
  });

  it('X-05 another organization’s call bounds nothing of ours', async () => {
    const other = await api.org();
    const theirs = await addCall(other);
    expect(await calls({ before: theirs })).toEqual([]);
    expect(await calls({ after: theirs })).toEqual([]);
  });
});

interface Found {
  items: { providerId: string; modelId: string; allowed: boolean }[];
  total: number;
  next: string | null;
}

describe('pages of the model search', () => {
  const search = async (query: Record<string, string>): Promise<Found> =>
    (await api.ask('searchModels', { token: org.token, query: { category: 'llm', ...query } })).body;
  const names = ({ items }: Found) => items.map(({ providerId, modelId }) => `${providerId} ${modelId}`);
  const addProvider = (name: string, models: string[]) =>
    api.ask('createProvider', {
      token: org.token,
      body: {
        category: 'llm',
        providerKey: 'openai',
        name,
        credentials: { apiKey: 'sk' },
        // One label for all: what comes first must not be chance.
        models: models.map((modelId) => ({ modelId, label: 'The same' })),
      },
    });

  it('X-22 X-23 from place to place they neither overlap nor leave out while models are added', async () => {
    await addProvider('M provider', ['m3', 'm1', 'm2']);
    const all = names(await search({ limit: '100' }));
    const paged: string[] = [];
    let added = 0;
    for (let after: string | null = ''; after !== null; ) {
      const query: Record<string, string> = after === '' ? { limit: '2' } : { limit: '2', after };
      const page: Found = await search(query);
      paged.push(...names(page));
      // Before everything that was shown already.
      await addProvider(`A provider ${added++}`, ['new']);
      after = page.next;
    }
    expect(paged).toEqual(all);
  });

  it('X-23 skip counts from the place; the last page has none', async () => {
    const all = await search({ limit: '100' });
    expect(all.next).toBeNull();
    const first = await search({ limit: '1' });
    expect(names(await search({ limit: '2', skip: '1', after: first.next! }))).toEqual(
      names(all).slice(2, 4),
    );
    expect(await search({ skip: '1000' })).toMatchObject({ items: [], next: null, total: all.total });
  });

  it.each(['x', 'W10', 'WzAsMSwyLDMsNF0', ''])('the place %j gives 400', async (after) => {
    const query = { category: 'llm', after };
    expect((await api.ask('searchModels', { token: org.token, query })).status).toBe(400);
  });
});

describe('pages of tenants', () => {
  it('stay while tenants are added', async () => {
    const { oversight } = api.platform.services;
    const all = (await oversight.tenants({ limit: 200 })).items.map(({ tenant }) => tenant.id);
    const paged: string[] = [];
    for (let after: string | null | undefined; after !== null; ) {
      const page = await oversight.tenants({ limit: 1, ...(after && { after }) });
      paged.push(...page.items.map(({ tenant }) => tenant.id));
      await api.signUp();
      after = page.next;
    }
    expect(paged).toEqual(all);
  });
});
