import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OutboundResponse } from '#core/ports';
import { CATALOGUE } from '#core/providers/catalogue';
import { DomainError } from '#kernel/errors';
import { type Org, startVoicex, type Voicex } from './harness.ts';

let api: Voicex;
let org: Org;
beforeAll(async () => {
  api = await startVoicex();
  org = await api.org();
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => api.platform.web.reset());

const SECRET = 'sk-a-key-that-must-not-come-back';
let count = 0;

async function provider(change: object = {}, of = org): Promise<string> {
  const body = {
    category: 'llm',
    providerKey: 'openai',
    name: `Probed ${++count}`,
    credentials: { apiKey: SECRET },
    models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
    ...change,
  };
  const made = await api.ask('createProvider', { token: of.token, body });
  expect(made.status, made.text).toBe(201);
  return made.body._id;
}

const probe = async (id: string, of = org) => {
  const url = `/voicex/api/dashboard/providers/${id}/test`;
  const answer = await api.app.inject({
    method: 'POST',
    url,
    headers: { authorization: `Bearer ${of.token}` },
  });
  expect(answer.body).not.toContain(SECRET);
  return { status: answer.statusCode, body: answer.json() };
};

const json = (status: number, body: unknown): OutboundResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

const vendors = CATALOGUE.filter(({ embedded }) => !embedded);

describe('trying a provider', () => {
  it.each(vendors.map((type) => [`${type.category}/${type.providerKey}`, type] as const))(
    '%s: the vendor is asked with the key, in its own way',
    async (_name, type) => {
      const { category, providerKey, credentials } = type;
      const models = type.models.slice(0, 2).map((model) => ({ ...model }));
      const needsUrl = type.baseUrl === null || type.baseUrl.startsWith('http://localhost');
      const id = await provider({
        category,
        providerKey,
        models,
        credentials: credentials.length > 0 ? { apiKey: SECRET } : {},
        settings: needsUrl ? { baseUrl: 'https://models.example.com/v1' } : {},
      });
      const lists = type.probe!.lists;
      const entries = models.map(({ modelId }) => (lists ? { [lists.id]: modelId } : {}));
      api.platform.web.answer = () =>
        json(200, lists?.list === '' ? entries : { [lists?.list ?? 'x']: entries });
      const { status, body } = await probe(id);
      expect(status).toBe(200);
      expect(body).toMatchObject({ ok: true, outcome: 'ok', status: 200, unknownModels: [] });
      const [request] = api.platform.web.requests;
      expect(request!.method).toBe('GET');
      expect(request!.url.startsWith(needsUrl ? 'https://models.example.com/v1/' : type.baseUrl!)).toBe(true);
      expect(request!.url).not.toContain(SECRET);
      const carried = Object.values(request!.headers).some((value) => value.endsWith(SECRET));
      expect(carried).toBe(credentials.length > 0);
    },
  );

  it.each([
    [401, 'refused'],
    [403, 'refused'],
    [429, 'rate_limited'],
    [500, 'unavailable'],
    [503, 'unavailable'],
    [404, 'unexpected'],
    [302, 'unexpected'],
  ])('a vendor that answers %i is %s', async (status, outcome) => {
    const id = await provider();
    // Vendors repeat the key in what they say.
    api.platform.web.answer = () => json(status, { error: { message: `Incorrect API key: ${SECRET}` } });
    const { body } = await probe(id);
    expect(body).toMatchObject({ ok: false, outcome, status });
    expect(body.message).toContain('OpenAI');
  });

  it('one that answers with a page is not its API', async () => {
    const id = await provider();
    api.platform.web.answer = () => ({ status: 200, headers: {}, body: '<html>Welcome</html>' });
    expect((await probe(id)).body).toMatchObject({ ok: false, outcome: 'unexpected' });
  });

  it('one that does not answer is unavailable', async () => {
    const id = await provider();
    api.platform.web.answer = () => {
      throw new DomainError('upstream', 'The address did not answer in time.');
    };
    expect((await probe(id)).body).toMatchObject({ ok: false, outcome: 'unavailable', status: null });
  });

  it('a private address is not asked', async () => {
    const id = await provider();
    api.platform.web.answer = () => {
      throw new DomainError('invalid', 'The address must be public.');
    };
    const { body } = await probe(id);
    expect(body).toMatchObject({ ok: false, outcome: 'unavailable', status: null });
    expect(body.message).toContain('must be public');
  });

  it('models that the vendor does not list are named', async () => {
    const models = [
      { modelId: 'gpt-4o', label: 'GPT-4o' },
      { modelId: 'gpt-99', label: 'GPT-99' },
    ];
    const id = await provider({ models });
    api.platform.web.answer = () => json(200, { data: [{ id: 'gpt-4o' }, { id: 'gpt-4.1' }] });
    expect((await probe(id)).body).toMatchObject({ ok: true, unknownModels: ['gpt-99'] });
  });

  it('X-05 X-43 another organization’s is not found, a global one not the tenant’s to try', async () => {
    const other = await api.org();
    expect((await probe(await provider({}, other))).status).toBe(404);
    expect((await probe('prov_none')).status).toBe(404);
    expect((await probe('prov_00000000000000000000000001')).status).toBe(403);
    expect(api.platform.web.requests).toEqual([]);
  });

  it('X-41 the key is sealed where it is kept', async () => {
    await provider();
    expect(await api.platform.holds(SECRET)).toBe(false);
  });

  it('the operator tries global ones; an embedded one asks nobody', async () => {
    const { providers } = api.platform.services;
    const made = await providers.createGlobal({
      category: 'llm',
      providerKey: 'openai',
      name: 'Platform',
      credentials: { apiKey: 'sk-platform' },
      models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
    });
    api.platform.web.answer = () => json(200, { data: [{ id: 'gpt-4o' }] });
    expect(await providers.testGlobal(made.id, AbortSignal.timeout(5_000))).toMatchObject({ outcome: 'ok' });
    expect(api.platform.web.requests[0]!.headers.authorization).toBe('Bearer sk-platform');
    api.platform.web.reset();
    const embedded = 'prov_00000000000000000000000001';
    expect(await providers.testGlobal(embedded, AbortSignal.timeout(5_000))).toMatchObject({ outcome: 'ok' });
    expect(api.platform.web.requests).toEqual([]);
  });
});
