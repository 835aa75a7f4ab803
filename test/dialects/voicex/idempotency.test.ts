import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Ask, agentDraft, makeKey, type Org, startVoicex, type Voicex } from './harness.ts';

let api: Voicex;
let org: Org;
beforeAll(async () => {
  api = await startVoicex();
  org = await api.org();
});
afterAll(() => api[Symbol.asyncDispose]());

let count = 0;
const newKey = () => `order-${++count}`;
const ask = (operation: string, given: Ask & { once: string }): Promise<Answer> =>
  api.ask(operation, { token: org.token, ...given, headers: { 'idempotency-key': given.once } });
const countOf = async (listing: string) =>
  (await api.ask(listing, { token: org.token, query: listing === 'listProviders' ? { client: 'true' } : {} }))
    .body.length;

const bodies: Record<string, () => Promise<unknown>> = {
  createApiKey: async () => ({ name: 'Once' }),
  createAgent: () => agentDraft(api, org),
  createProvider: async () => ({
    category: 'llm',
    providerKey: 'openai',
    name: `Once ${++count}`,
    credentials: { apiKey: 'sk-once' },
    models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
  }),
};

describe('Idempotency-Key', () => {
  it.each([
    ['createApiKey', 'listApiKeys'],
    ['createAgent', 'listAgents'],
    ['createProvider', 'listProviders'],
  ])('%s once: the repeat gets the same answer and makes nothing', async (operation, listing) => {
    const body = await bodies[operation]!();
    const once = newKey();
    const before = await countOf(listing);
    const first = await ask(operation, { once, body });
    expect(first.status, first.text).toBe(201);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    const second = await ask(operation, { once, body });
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect([second.status, second.text]).toEqual([first.status, first.text]);
    expect(second.headers['content-type']).toBe(first.headers['content-type']);
    expect(await countOf(listing)).toBe(before + 1);
  });

  it('the order of a body’s members does not make it another one', async () => {
    const once = newKey();
    const draft = (await bodies.createProvider!()) as Record<string, unknown>;
    const turned = Object.fromEntries(Object.entries(draft).reverse());
    const first = await ask('createProvider', { once, body: draft });
    expect((await ask('createProvider', { once, body: turned })).text).toBe(first.text);
  });

  it('another body, another operation: 400', async () => {
    const once = newKey();
    await ask('createApiKey', { once, body: { name: 'A' } });
    const other = await ask('createApiKey', { once, body: { name: 'B' } });
    expect(other.status).toBe(400);
    expect(other.body.error).toContain('Idempotency-Key');
    expect((await ask('createAgent', { once, body: await agentDraft(api, org) })).status).toBe(400);
  });

  it('of many at once one is done; the others get 409 with Retry-After, or its answer', async () => {
    const once = newKey();
    const before = await countOf('listApiKeys');
    // Beyond the contract: without the header nobody gets this 409.
    const send = () =>
      api.app.inject({
        method: 'POST',
        url: '/voicex/api/dashboard/api-keys',
        headers: { authorization: `Bearer ${org.token}`, 'idempotency-key': once },
        payload: { name: 'Crowd' },
      });
    const answers = await Promise.all(Array.from({ length: 12 }, send));
    expect(await countOf('listApiKeys')).toBe(before + 1);
    const ids = new Set(answers.filter((a) => a.statusCode === 201).map((a) => a.json()._id));
    expect(ids.size).toBe(1);
    for (const refused of answers.filter((a) => a.statusCode !== 201)) {
      expect(refused.statusCode).toBe(409);
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
      expect(refused.json()).toEqual({ error: expect.any(String) });
    }
  });

  it('a refusal is kept as well', async () => {
    const once = newKey();
    const draft = { ...(await agentDraft(api, org)), llmProviderId: 'prov_none' };
    const first = await ask('createAgent', { once, body: draft });
    expect(first.status).toBe(400);
    const second = await ask('createAgent', { once, body: draft });
    expect([second.text, second.headers['idempotency-replayed']]).toEqual([first.text, 'true']);
  });

  it('a key is the organization’s own, and any of its credentials gets the answer', async () => {
    const once = newKey();
    const body = { name: 'Shared' };
    const first = await ask('createApiKey', { once, body });
    const other = await api.org();
    const theirs = await ask('createApiKey', { once, body, token: other.token });
    expect(theirs.body._id).not.toBe(first.body._id);
    const { rawKey } = await makeKey(api, org);
    const headers = { 'idempotency-key': once };
    const byKey = await api.ask('createApiKey', { key: rawKey, body, headers });
    expect(byKey.text).toBe(first.text);
  });

  it.each(['', 'x'.repeat(256), 'ümlaut'])('%j is no key: 400, and nothing happens', async (once) => {
    const before = await countOf('listApiKeys');
    expect((await ask('createApiKey', { once, body: { name: 'Never' } })).status).toBe(400);
    expect(await countOf('listApiKeys')).toBe(before);
  });

  it('after a fault of ours the same key may try again', async () => {
    await using broken = await startVoicex();
    const tenant = await broken.org();
    const headers = { 'idempotency-key': 'again' };
    const send = () => broken.ask('createApiKey', { token: tenant.token, body: { name: 'Retry' }, headers });
    const restore = await broken.platform.refuseKeys();
    expect((await send()).status).toBe(500);
    await restore();
    const second = await send();
    expect([second.status, second.headers['idempotency-replayed']]).toEqual([201, undefined]);
  });

  it('is shown in the reference of the operations that take it, and of no other', async () => {
    const { paths } = (await api.app.inject({ url: '/voicex/openapi.json' })).json();
    const taking = Object.values(paths as Record<string, Record<string, Documented>>)
      .flatMap((methods) => Object.values(methods))
      .filter((operation) => operation.parameters?.some((p) => p.name === 'idempotency-key'))
      .map((operation) => [operation.operationId, operation.responses[409] !== undefined]);
    expect(Object.fromEntries(taking)).toMatchObject({
      createAgent: true,
      createApiKey: true,
      createProvider: true,
    });
    expect(taking.map(([id]) => id)).not.toContain('signUp');
  });
});

interface Documented {
  operationId: string;
  parameters?: { name: string }[];
  responses: Record<number, unknown>;
}
