import { randomBytes } from 'node:crypto';
import type { TestServer } from '#test/support/server';
import { type Answer, ask, askOperator, type Tenant, tenantOf } from './tenants.ts';

/** A veevo account that has paid, with a number to call from. */
export interface VeevoAccount {
  readonly from: string;
  /** The same account through the Voicex dialect. */
  readonly tenant: Tenant;
  ask(path: string, body?: unknown): Promise<Answer>;
}

/** The number's calls are told of at `backend`. */
export async function openAccount(server: TestServer, backend: string): Promise<VeevoAccount> {
  const email = `${randomBytes(6).toString('hex')}@company.example`;
  const { body } = await ask(server, '/veevo/api/auth/register', { body: { email, password: 'min8chars' } });
  const found = await askOperator(server, `/tenants?query=${email}`);
  const { id } = found.body.items[0];
  await askOperator(server, `/tenants/${id}`, { method: 'PATCH', body: { status: 'active' } });
  const issued = await askOperator(server, `/tenants/${id}/api-keys`, { body: { form: 'vx' } });
  const from = `+1555${randomBytes(4).readUInt32BE().toString().padStart(10, '0').slice(-7)}`;
  const account: VeevoAccount = {
    from,
    tenant: tenantOf(server, { id, key: issued.body.key }),
    ask: (path, given) =>
      ask(server, `/veevo${path}`, {
        headers: { authorization: `Bearer ${body.apiKey}` },
        ...(given === undefined ? {} : { body: given }),
      }),
  };
  const callbacks = { onCallStartUrl: backend, onCallEndUrl: backend };
  const added = await account.ask('/api/phone-numbers', { phoneNumber: from, ...callbacks });
  if (added.status !== 201) throw new Error(`no number: ${JSON.stringify(added)}`);
  return account;
}
