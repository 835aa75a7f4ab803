import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '#kernel/json';
import {
  type Answer,
  agentDraft,
  makeAgent,
  makeKey,
  type Org,
  startVoicex,
  type Voicex,
} from './harness.ts';

let api: Voicex;
let org: Org;
beforeAll(async () => {
  api = await startVoicex();
  org = await api.org();
});
afterAll(() => api[Symbol.asyncDispose]());

interface Entry extends JsonObject {
  _id: string;
  actor: { kind: string; id: string | null };
  action: string;
  target: string;
  details: { fields?: string[] };
}

const send = async (url: string, of: Org, query: Record<string, string> = {}) =>
  api.app.inject({ url, query, headers: { authorization: `Bearer ${of.token}` } });
const log = async (of = org, query: Record<string, string> = {}): Promise<{ items: Entry[]; next: string }> =>
  (await send('/voicex/api/dashboard/audit', of, query)).json();
const newest = async (of = org) => (await log(of)).items[0]!;

let count = 0;
const SECRET = 'sk-not-for-the-log';
const providerDraft = () => ({
  category: 'llm',
  providerKey: 'openai',
  name: `Audited ${++count}`,
  credentials: { apiKey: SECRET },
  models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
});
const ask = (operationId: string, given: { id?: string; body?: unknown } = {}) =>
  api.ask(operationId, { token: org.token, ...given });
const idOf = (answer: Answer) => String(answer.body._id);

/** How each operation that changes something is asked, and what the log then says. */
const CHANGES: Record<string, () => Promise<{ target: string; action: string; fields?: string[] }>> = {
  async updateOrganization() {
    await ask('updateOrganization', { body: { name: 'Audited' } });
    return { target: org.tenantId, action: 'tenant.updated', fields: ['name'] };
  },
  async createAgent() {
    const body = await agentDraft(api, org);
    return { target: idOf(await ask('createAgent', { body })), action: 'assistant.created' };
  },
  async updateAgent() {
    const id = String((await makeAgent(api, org))._id);
    await ask('updateAgent', { id, body: { name: 'New', knowledge: 'private facts' } });
    return { target: id, action: 'assistant.updated', fields: ['knowledge', 'name'] };
  },
  async deleteAgent() {
    const id = String((await makeAgent(api, org))._id);
    await ask('deleteAgent', { id });
    return { target: id, action: 'assistant.removed' };
  },
  async createApiKey() {
    return { target: idOf(await ask('createApiKey', { body: { name: 'A' } })), action: 'key.issued' };
  },
  async revokeApiKey() {
    const { id } = await makeKey(api, org);
    await ask('revokeApiKey', { id });
    return { target: id, action: 'key.revoked' };
  },
  async createProvider() {
    const made = await ask('createProvider', { body: providerDraft() });
    return { target: idOf(made), action: 'provider.created' };
  },
  async updateProvider() {
    const id = idOf(await ask('createProvider', { body: providerDraft() }));
    await ask('updateProvider', { id, body: { active: false } });
    return { target: id, action: 'provider.updated', fields: ['active'] };
  },
  async deleteProvider() {
    const id = idOf(await ask('createProvider', { body: providerDraft() }));
    await ask('deleteProvider', { id });
    return { target: id, action: 'provider.removed' };
  },
};

/** Operations that are asked with another method than GET and yet change nothing a tenant owns. */
const CHANGES_NOTHING = ['signIn', 'receiveVoiceCall', 'testProvider'];

describe('the audit log', () => {
  it('is written by every operation that changes something', async () => {
    const { paths } = (await api.app.inject({ url: '/voicex/openapi.json' })).json();
    const changing = Object.values(paths as Record<string, Record<string, { operationId: string }>>).flatMap(
      (methods) =>
        Object.entries(methods).flatMap(([method, { operationId }]) => (method === 'get' ? [] : operationId)),
    );
    expect([...Object.keys(CHANGES), ...CHANGES_NOTHING, 'signUp'].sort()).toEqual(
      expect.arrayContaining(changing.sort()),
    );
  });

  it.each(Object.entries(CHANGES))('tells of %s: who, what, which fields', async (_id, change) => {
    const before = await newest();
    const { target, action, fields } = await change();
    const entry = await newest();
    expect(entry._id).not.toBe(before._id);
    expect(entry).toMatchObject({ target, action, actor: { kind: 'user', id: org.userId } });
    if (fields) expect([...(entry.details.fields ?? [])].sort()).toEqual(fields);
  });

  it('tells of signing up, and of what the operator did to the organization', async () => {
    const fresh = await api.org('pro');
    const { items } = await log(fresh);
    expect(items.map(({ action, actor }) => [action, actor.kind])).toEqual([
      ['tenant.updated', 'operator'],
      ['tenant.created', 'user'],
    ]);
    expect(items[0]!.details).toMatchObject({ status: 'active', planSlug: 'pro' });
  });

  it('names the API key that acted', async () => {
    const { rawKey, id } = await makeKey(api, org);
    await api.ask('createApiKey', { key: rawKey, body: { name: 'By a key' } });
    expect(await newest()).toMatchObject({ action: 'key.issued', actor: { kind: 'key', id } });
  });

  it('a refused change leaves no entry', async () => {
    const before = await newest();
    expect((await ask('updateOrganization', { body: { name: ' ' } })).status).toBe(400);
    expect((await ask('createProvider', { body: { ...providerDraft(), providerKey: 'x' } })).status).toBe(
      400,
    );
    expect((await ask('revokeApiKey', { id: 'key_none' })).status).toBe(404);
    expect(await newest()).toEqual(before);
  });

  it('holds no secret and no value', async () => {
    const whole = await send('/voicex/api/dashboard/audit', org, { limit: '200' });
    expect(whole.body).not.toContain(SECRET);
    expect(whole.body).not.toContain('private facts');
    expect(whole.body).not.toMatch(/vx_[0-9a-f]{8}/);
  });

  it('X-05 shows one organization its own only', async () => {
    const other = await api.org();
    const theirs = (await log(other)).items.map(({ _id }) => _id);
    expect((await log(org, { limit: '200' })).items.map(({ _id }) => _id)).not.toEqual(
      expect.arrayContaining(theirs),
    );
    expect((await send('/voicex/api/dashboard/audit', await api.signUp())).statusCode).toBe(403);
    expect((await api.app.inject({ url: '/voicex/api/dashboard/audit' })).statusCode).toBe(401);
  });

  it('pages stay while entries are added', async () => {
    const all = (await log(org, { limit: '200' })).items.map(({ _id }) => _id);
    const paged: string[] = [];
    for (let after: string | null = ''; after !== null; ) {
      const query: Record<string, string> = after === '' ? { limit: '3' } : { limit: '3', after };
      const page: { items: Entry[]; next: string | null } = await log(org, query);
      paged.push(...page.items.map(({ _id }) => _id));
      after = page.next;
      await makeKey(api, org);
    }
    expect(paged).toEqual(all);
  });

  it.each<Record<string, string>>([{ limit: '0' }, { limit: '201' }, { after: 'x' }])(
    '%j gives 400',
    async (query) => {
      expect((await send('/voicex/api/dashboard/audit', org, query)).statusCode).toBe(400);
    },
  );
});

describe('for the operator', () => {
  it('all tenants and the platform, or one', async () => {
    const { audit, plans } = api.platform.services;
    const { slug: _slug, rank: _rank, ...draft } = (await plans.list())[0]!;
    await plans.put('audited', { ...draft, name: 'Audited' });
    const all = await audit.all({ limit: 5 });
    expect(all.items[0]).toMatchObject({ action: 'plan.put', target: 'audited', tenantId: null });
    const one = await audit.all({ tenantId: org.tenantId, limit: 200 });
    expect(new Set(one.items.map(({ tenantId }) => tenantId))).toEqual(new Set([org.tenantId]));
    await expect(audit.all({ tenantId: 'x' })).rejects.toMatchObject({ code: 'not_found' });
  });
});
