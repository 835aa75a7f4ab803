import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallId, TenantId } from '#kernel/ids';
import { type Org, startVoicex, type Voicex } from './harness.ts';

let api: Voicex;
let org: Org;
let stranger: Org;
beforeAll(async () => {
  api = await startVoicex();
  org = await api.org();
  stranger = await api.org();
});
afterAll(() => api[Symbol.asyncDispose]());

const get = async (path: string, { token }: { token: string }) => {
  const response = await api.app.inject({
    url: `/voicex/api/dashboard${path}`,
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: response.statusCode, body: response.json() };
};

async function makeAgent(fields: object): Promise<{ _id: string; endedWebhookUrl: string | null }> {
  const listed = await api.ask('listProviders', { token: org.token });
  const idOf = (category: string) =>
    (listed.body as { _id: string; category: string }[]).find((one) => one.category === category)!._id;
  const body = {
    name: 'Ann',
    persona: { systemPrompt: 'You answer.' },
    llmProviderId: idOf('llm'),
    llmModelId: 'concierge',
    ttsProviderId: idOf('tts'),
    ttsModelId: 'rms',
    sttProviderId: idOf('stt'),
    ...fields,
  };
  return (await api.ask('createAgent', { token: org.token, body })).body;
}

describe('webhooks, beyond the contract', () => {
  it('an agent is given the address, shows it, and gives it up', async () => {
    const endedWebhookUrl = 'https://example.com/calls';
    const made = await makeAgent({ endedWebhookUrl });
    expect(made.endedWebhookUrl).toBe(endedWebhookUrl);
    const one = { token: org.token, id: made._id };
    expect((await api.ask('getAgent', one)).body.endedWebhookUrl).toBe(endedWebhookUrl);
    const edited = await api.ask('updateAgent', { ...one, body: { endedWebhookUrl: null } });
    expect(edited.body.endedWebhookUrl).toBeNull();
    expect((await makeAgent({})).endedWebhookUrl).toBeNull();
  });

  it('an organization sees the secret of its own signatures', async () => {
    const mine = await get('/webhook-secret', org);
    expect(mine).toMatchObject({
      status: 200,
      body: { secret: expect.stringMatching(/^whsec_[\w+/=]{20,}$/) },
    });
    expect((await get('/webhook-secret', stranger)).body.secret).not.toBe(mine.body.secret);
    expect((await get('/webhook-secret', { token: 'none' })).status).toBe(401);
  });

  it('a call shows the tries to deliver its webhook, to its organization', async () => {
    const { _id: assistantId } = await makeAgent({ endedWebhookUrl: 'https://example.com/calls?key=1' });
    const callId = await api.platform.storeCall(org.tenantId, { status: 'completed', assistantId });
    const path = `/calls/${callId}/webhook-deliveries`;
    expect(await get(path, org)).toEqual({ status: 200, body: [] });
    await api.platform.services.webhooks.deliver(
      { tenantId: org.tenantId as TenantId, callId: callId as CallId, url: '' },
      new AbortController().signal,
    );
    const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    const tried = {
      event: 'call.ended',
      webhookId: `ended_${callId}`,
      attempt: 1,
      host: 'example.com',
      status: 204,
      failure: null,
    };
    expect(await get(path, org)).toEqual({ status: 200, body: [{ ...tried, startedAt: at, endedAt: at }] });
    expect((await get(path, stranger)).status).toBe(404);
    expect((await get('/calls/nonsense/webhook-deliveries', org)).status).toBe(404);
  });
});
