import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Account, CALLBACKS, startVeevo, type Veevo } from './veevo/harness.ts';

let api: Veevo;
let account: Account;
beforeAll(async () => {
  api = await startVeevo();
  account = await api.account();
});
afterAll(() => api[Symbol.asyncDispose]());

const log = async (limit = 200) =>
  (await api.platform.services.audit.all({ tenantId: account.id, limit })).items;
const ask = (operation: string, given: { id?: string; body?: unknown } = {}) =>
  api.ask(operation, { bearer: account.key, ...given });
const newKey = async () => (await ask('createApiKey', { body: { label: 'Audited' } })).body;

const SECRET = 'a_token_that_is_nobody_elses';

/** How each operation of veevo that changes something is asked, and what the log then says. */
const CHANGES: Record<string, () => Promise<{ action: string; target?: string }>> = {
  async createApiKey() {
    await newKey();
    return { action: 'key.issued' };
  },
  async revokeApiKey() {
    await newKey();
    const { apiKeys } = (await ask('listApiKeys')).body;
    const { id } = apiKeys.at(-1);
    expect((await ask('revokeApiKey', { id })).status).toBe(200);
    return { action: 'key.revoked', target: id };
  },
  async registerPhoneNumber() {
    const { id } = await api.number(account);
    return { action: 'number.added', target: id };
  },
  async removePhoneNumber() {
    const { id } = await api.number(account);
    await ask('removePhoneNumber', { id });
    return { action: 'number.removed', target: id };
  },
  async startOutboundCall() {
    const { phoneNumber: from } = await api.number(account);
    const credentials = {
      twilioAccountSid: 'AC00000000000000000000000000000001',
      twilioAuthToken: SECRET,
    };
    await ask('startOutboundCall', { body: { to: '+15559876543', from, ...CALLBACKS, ...credentials } });
    return { action: 'call.placed' };
  },
};

/** Asked with another method than GET, and nothing a tenant owns is changed: pages, sign-in, what a carrier tells. */
const CHANGES_NOTHING = ['logIn', 'receiveVoiceCall', 'openBillingPortal', 'openCheckout'];

describe('the audit log of veevo', () => {
  it('knows every operation that changes something', async () => {
    const { paths } = (await api.app.inject({ url: '/veevo/openapi.json' })).json();
    const changing = Object.values(paths as Record<string, Record<string, { operationId: string }>>).flatMap(
      (methods) =>
        Object.entries(methods).flatMap(([method, { operationId }]) => (method === 'get' ? [] : operationId)),
    );
    const known = [...Object.keys(CHANGES), ...CHANGES_NOTHING, 'registerAccount'];
    expect(changing.filter((id) => !known.includes(id))).toEqual([]);
  });

  it('begins with the registration', async () => {
    const entries = await log();
    expect(entries.map(({ action }) => action)).toContain('tenant.created');
    expect(entries.find(({ action }) => action === 'tenant.created')).toMatchObject({ actorKind: 'user' });
  });

  it.each(Object.entries(CHANGES))('tells of %s, and which key did it', async (_id, change) => {
    const before = (await log(1))[0]!;
    const { action, target } = await change();
    const [entry] = await log(1);
    expect(entry!.id).not.toBe(before.id);
    expect(entry).toMatchObject({ action, actorKind: 'key', ...(target && { target }) });
  });

  it('holds no credential', async () => {
    const text = JSON.stringify(await log());
    for (const secret of [SECRET, account.key, account.password]) expect(text).not.toContain(secret);
  });
});
