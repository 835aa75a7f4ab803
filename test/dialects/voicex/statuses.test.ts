import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPERATIONS } from './contract.ts';
import {
  type Answer,
  type Ask,
  agentDraft,
  makeAgent,
  makeKey,
  type Org,
  startVoicex,
  type Voicex,
} from './harness.ts';

/** Statuses the contract permits that no request brings about here, and why. */
const NEVER: Readonly<Record<string, readonly number[]>> = {
  // Nothing behind it can fail.
  checkHealth: [500],
  // A provider that does not exist is a field that is not valid.
  createAgent: [404],
};

/** The contract lists alternatives; one of them is answered. */
const ALTERNATIVES = [200, 201, 204];

const seen = new Map<string, Set<number>>();
let api: Voicex;
let org: Org;
let key: string;
beforeAll(async () => {
  api = await startVoicex();
  org = await api.org();
  key = (await makeKey(api, org)).rawKey;
});
afterAll(() => api[Symbol.asyncDispose]());

/** Asks; the harness checks the answer against the contract. */
async function ask(id: string, given: Ask = {}, of: Voicex = api): Promise<Answer> {
  const answer = await of.ask(id, given);
  const statuses = seen.get(id) ?? new Set();
  seen.set(id, statuses.add(answer.status));
  return answer;
}

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const CALL = { CallSid: 'CA1', From: '+15559876543', To: '+15551230000' };
const LONG_ID = 'x'.repeat(129);
let count = 0;
const provider = () => ({
  category: 'llm',
  providerKey: 'openai',
  name: `Provider ${++count}`,
  credentials: { apiKey: 'sk' },
  models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
});
const person = () => ({
  name: 'Ann',
  email: `ann${++count}@example.org`,
  password: 'min8chars',
  orgName: 'A',
});

interface Recipe {
  /** What succeeds. */
  good: () => Promise<Ask>;
  /** What is refused as not valid. */
  bad?: Ask;
  /** What is in the way of something else. */
  conflict?: () => Promise<Ask>;
}

const idOf = async (operation: string, body: unknown): Promise<string> =>
  (await ask(operation, { token: org.token, body })).body._id;
const providerId = () => idOf('createProvider', provider());
const agentId = async () => String((await makeAgent(api, org))._id);

const RECIPES: Record<string, Recipe> = {
  checkHealth: { good: async () => ({}) },
  listPublicPlans: { good: async () => ({}) },
  getSetupStatus: { good: async () => ({}) },
  signUp: {
    good: async () => ({ body: person() }),
    bad: { body: { ...person(), password: 'short' } },
    conflict: async () => ({ body: { ...person(), email: org.email } }),
  },
  signIn: {
    good: async () => ({ body: { email: org.email, password: org.password } }),
    bad: { body: { email: 'a@b.co' } },
  },
  getCurrentUser: { good: async () => ({}) },
  getOrganization: { good: async () => ({}) },
  updateOrganization: { good: async () => ({ body: { name: 'New' } }), bad: { body: { name: '' } } },
  getStats: { good: async () => ({}) },
  getPlan: { good: async () => ({}) },
  searchModels: { good: async () => ({ query: { category: 'llm' } }), bad: { query: { category: 'x' } } },
  listAgents: { good: async () => ({}) },
  createAgent: { good: async () => ({ body: await agentDraft(api, org) }), bad: { body: { name: 'Bare' } } },
  getAgent: { good: async () => ({ id: await agentId() }), bad: { id: LONG_ID } },
  updateAgent: {
    good: async () => ({ id: await agentId(), body: { name: 'New' } }),
    bad: { id: 'asst_x', body: { name: 7 } },
  },
  deleteAgent: { good: async () => ({ id: await agentId() }), bad: { id: LONG_ID } },
  listCalls: { good: async () => ({}), bad: { query: { status: 'ringing' } } },
  countCalls: { good: async () => ({}) },
  getCall: {
    good: async () => ({
      id: await api.platform.storeCall(org.tenantId, { status: 'completed', detailed: true }),
    }),
    bad: { id: LONG_ID },
  },
  getUsageAnalytics: { good: async () => ({ query: { days: '30' } }), bad: { query: { days: '0' } } },
  listApiKeys: { good: async () => ({}) },
  createApiKey: { good: async () => ({ body: { name: 'Key' } }), bad: { body: {} } },
  revokeApiKey: { good: async () => ({ id: (await makeKey(api, org)).id }), bad: { id: LONG_ID } },
  listProviderTypes: { good: async () => ({}) },
  listProviders: { good: async () => ({}), bad: { query: { client: 'maybe' } } },
  createProvider: {
    good: async () => ({ body: provider() }),
    bad: { body: { ...provider(), category: 'x' } },
    conflict: async () => {
      const body = provider();
      await idOf('createProvider', body);
      return { body };
    },
  },
  getProvider: { good: async () => ({ id: await providerId() }), bad: { id: LONG_ID } },
  updateProvider: {
    good: async () => ({ id: await providerId(), body: { active: false } }),
    bad: { id: 'prov_x', body: { name: '' } },
    conflict: async () => {
      const taken = provider();
      await idOf('createProvider', taken);
      return { id: await providerId(), body: { name: taken.name } };
    },
  },
  deleteProvider: {
    good: async () => ({ id: await providerId() }),
    bad: { id: LONG_ID },
    conflict: async () => {
      const id = await providerId();
      await makeAgent(api, org, { llmProviderId: id, llmModelId: 'gpt-4o' });
      return { id };
    },
  },
  receiveVoiceCall: {
    good: async () => ({ body: CALL, headers: form }),
    bad: { body: { CallSid: 'CA1' }, headers: form },
  },
};

const all = [...OPERATIONS.values()];
const listing = (status: number) => all.filter(({ statuses }) => statuses.includes(status));
/** The credential in the place the operation takes it. */
const credential = (id: string, token = org.token, apiKey = key): Ask =>
  id === 'receiveVoiceCall' ? { query: { api_key: apiKey } } : { token };

describe('every status of every operation that a request can bring about', () => {
  it.each(all.map(({ id }) => id))('%s succeeds', async (id) => {
    const answer = await ask(id, { ...credential(id), ...(await RECIPES[id]!.good()) });
    expect(ALTERNATIVES, answer.text).toContain(answer.status);
  });

  it.each(listing(400).map(({ id }) => id))('%s 400', async (id) => {
    const { bad } = RECIPES[id]!;
    expect((await ask(id, { ...credential(id), ...bad })).status).toBe(400);
  });

  it.each(listing(401).map(({ id }) => id))('%s 401', async (id) => {
    const given = id === 'signIn' ? { body: { email: org.email, password: 'not the one' } } : {};
    expect((await ask(id, { ...given, ...(id === 'receiveVoiceCall' && { headers: form }) })).status).toBe(
      401,
    );
  });

  it.each(listing(403).map(({ id }) => id))('%s 403', async (id) => {
    const pending = await api.signUp();
    const { secret } = await api.platform.services.oversight.issueKey(pending.tenantId, { form: 'vx' });
    const body = id === 'receiveVoiceCall' ? { body: CALL, headers: form } : {};
    expect((await ask(id, { ...credential(id, pending.token, secret), ...body })).status).toBe(403);
  });

  it.each(listing(404).filter(({ id }) => !NEVER[id]?.includes(404)))('$id 404', async ({ id }) => {
    const unknown =
      id === 'receiveVoiceCall'
        ? { body: CALL, headers: form, query: { api_key: key, agentId: 'asst_none' } }
        : { id: 'none', ...(id.startsWith('update') && { body: {} }) };
    expect((await ask(id, { ...credential(id), ...unknown })).status).toBe(404);
  });

  it.each(listing(409).map(({ id }) => id))('%s 409', async (id) => {
    const given = await RECIPES[id]!.conflict!();
    expect((await ask(id, { ...credential(id), ...given })).status).toBe(409);
  });

  it('429: each, once the allowance is used up', async () => {
    await using limited = await startVoicex({ rateLimitPerMinute: 1 });
    await ask('checkHealth', {}, limited);
    for (const { id } of all) {
      const headers = id === 'receiveVoiceCall' ? form : {};
      const answer = await ask(id, { headers }, limited);
      expect({ id, status: answer.status }).toEqual({ id, status: 429 });
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    }
  });

  it('500: each, once the database is gone', async () => {
    await using broken = await startVoicex();
    const tenant = await broken.org();
    const { rawKey } = await makeKey(broken, tenant);
    const asks = await Promise.all(
      listing(500)
        .filter(({ id }) => !NEVER[id]?.includes(500))
        .map(async ({ id }) => ({ id, given: await RECIPES[id]!.good() })),
    );
    await broken.platform.breakEverything();
    for (const { id, given } of asks) {
      const answer = await ask(id, { ...credential(id, tenant.token, rawKey), ...given }, broken);
      expect({ id, status: answer.status }).toEqual({ id, status: 500 });
      expect(Object.keys(answer.body)).toEqual(['error']);
    }
  });

  it('are all that the contract lists, but for those named above', () => {
    for (const { id, statuses } of all) {
      const wanted = statuses.filter(
        (status) => !NEVER[id]?.includes(status) && !ALTERNATIVES.includes(status),
      );
      const got = [...seen.get(id)!].filter((status) => !ALTERNATIVES.includes(status));
      expect({ id, got: got.sort() }).toEqual({ id, got: [...wanted].sort() });
    }
  });
});
