import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { demoReceptionist } from '#runtime/demo-receptionist';
import { ADMIN_KEY, type TestServer } from '#test/support/server';

/** An answer of the server's HTTP API. */
export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into by every test
  body: any;
}

export interface Ask {
  method?: 'GET' | 'POST' | 'PATCH';
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
}

/** An organization with an API key. */
export interface Tenant {
  readonly id: string;
  readonly key: string;
  /** The Voicex dialect with this organization's key. */
  ask(path: string, ask?: Ask): Promise<Answer>;
  /** An assistant of the demo's kind. */
  makeAgent(fields?: object): Promise<string>;
}

export async function ask(
  server: TestServer,
  path: string,
  { method, body, headers }: Ask = {},
): Promise<Answer> {
  const answer = await fetch(server.url + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text,
  };
}

export const askOperator = (server: TestServer, path: string, given: Ask = {}) =>
  ask(server, `/admin${path}`, { ...given, headers: { 'x-admin-key': ADMIN_KEY } });

/** Signs up an organization and puts it on a plan. */
export async function signUp(server: TestServer, plan: string, status = 'active'): Promise<Tenant> {
  const email = `${randomBytes(6).toString('hex')}@company.example`;
  const person = { name: 'Jo Doe', email, password: 'min8chars', orgName: 'Company' };
  const { body } = await ask(server, '/voicex/api/auth/signup', { body: person });
  const id = String(body.organization._id);
  await askOperator(server, `/tenants/${id}`, { method: 'PATCH', body: { plan, status } });
  const issued = await askOperator(server, `/tenants/${id}/api-keys`, { body: { form: 'vx' } });
  return tenantOf(server, { id, key: String(issued.body.key) });
}

/** The demo tenant, and its receptionist. */
export async function demoOf(server: TestServer): Promise<Tenant & { agentId: string }> {
  const notes = JSON.parse(await readFile(join(server.dataDir, 'demo.json'), 'utf8'));
  return { ...tenantOf(server, { id: notes.tenantId, key: notes.apiKey }), agentId: notes.agentId };
}

export function tenantOf(server: TestServer, { id, key }: { id: string; key: string }): Tenant {
  const mine = (path: string, given: Ask = {}) =>
    ask(server, `/voicex/api/dashboard${path}`, { ...given, headers: { 'x-api-key': key } });
  return {
    id,
    key,
    ask: mine,
    async makeAgent(fields = {}) {
      const providers: { _id: string; category: string; providerKey: string }[] = (await mine('/providers'))
        .body;
      const idOf = (name: string) => providers.find(({ providerKey }) => providerKey === name)?._id;
      const { ttsModelId, ...receptionist } = demoReceptionist;
      const models = { llmModelId: 'concierge', ttsModelId };
      const made = await mine('/agents', {
        body: {
          ...receptionist,
          ...models,
          llmProviderId: idOf('concierge'),
          ttsProviderId: idOf('flite'),
          sttProviderId: idOf('moonshine'),
          ...fields,
        },
      });
      if (made.status !== 201) throw new Error(`no agent: ${JSON.stringify(made)}`);
      return made.body._id;
    },
  };
}
