import { randomBytes } from 'node:crypto';
import type { AssistantDraft } from '#core/assistants/service';
import type { Admitted } from '#core/calls/admission';
import type { Services } from '#core/services';
import { DomainError } from '#kernel/errors';
import { isJsonObject, parseJson } from '#kernel/json';
import type { Log } from '#kernel/log';
import type { Scope } from '#kernel/scope';

/** The tenant that `/talk` and `patchbay call` use: made at the first start, like any other that signed up. */
export interface Demo {
  readonly scope: Scope;
  readonly agentId: string;
  readonly apiKey: string;
  /** Leave for a visitor of the talk page to speak with the demo receptionist. */
  admitVisitor(): Promise<Admitted>;
}

export interface DemoDeps {
  services: Services;
  /** The demo tenant's credentials, kept where only the server's own user can read them. */
  notes: { read(): Promise<string | null>; write(text: string): Promise<void> };
  receptionist: AssistantDraft;
  log: Log;
}

/** Finds the demo tenant by its notes, or makes it. Bears notes that are lost, damaged or of another database. */
export async function openDemo(deps: DemoDeps): Promise<Demo> {
  const known = readNotes(await deps.notes.read());
  const demo = (known && (await reopen(deps, known))) ?? (await create(deps));
  return {
    ...demo,
    admitVisitor: () =>
      deps.services.admission.admit(demo.scope, {
        type: 'web',
        direction: 'inbound',
        from: 'web',
        to: 'talk',
        carrierRef: null,
        assistantId: demo.agentId,
      }),
  };
}

interface Notes {
  apiKey: string;
  agentId: string;
}

function readNotes(text: string | null): Notes | null {
  const notes = text === null ? undefined : parseJson(text);
  if (!isJsonObject(notes)) return null;
  const { apiKey, agentId } = notes;
  return typeof apiKey === 'string' && typeof agentId === 'string' ? { apiKey, agentId } : null;
}

async function reopen(deps: DemoDeps, notes: Notes): Promise<(Notes & { scope: Scope }) | null> {
  try {
    const { scope } = await deps.services.accounts.byKey(notes.apiKey);
    await deps.services.assistants.get(scope, notes.agentId);
    return { ...notes, scope };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    deps.log.warn({ code: error.code }, 'the demo tenant of demo.json is gone; making another');
    return null;
  }
}

async function create(deps: DemoDeps): Promise<Notes & { scope: Scope }> {
  const { accounts, oversight, assistants, keys } = deps.services;
  const mark = randomBytes(4).toString('hex');
  const email = `demo-${mark}@patchbay.example`;
  const password = randomBytes(18).toString('base64url');
  const session = await accounts.signUp({ name: 'Demo', email, password, orgName: 'Patchbay demo' });
  const { scope, tenant } = session.access;
  await oversight.updateTenant(tenant.id, { status: 'active', plan: 'pro' });
  const agent = await assistants.create(scope, deps.receptionist);
  const key = await keys.issue(scope, { label: 'patchbay call', form: 'vx' });
  const notes = { tenantId: tenant.id, agentId: agent.id, apiKey: key.secret, email, password };
  await deps.notes.write(`${JSON.stringify(notes, null, 2)}\n`);
  return { apiKey: key.secret, agentId: agent.id, scope };
}
