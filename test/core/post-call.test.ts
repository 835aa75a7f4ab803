import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LanguageModel } from '#engine/ports';
import { postCall } from '#jobs/post-call';
import type { CallId } from '#kernel/ids';
import type { Scope } from '#kernel/scope';
import { callSteps, NODE } from '#test/core/call-steps';
import { openPlatform, type Platform } from '#test/core/platform';

let p: Platform;
const steps = callSteps(() => p);
const signal = new AbortController().signal;
beforeAll(async () => {
  p = await openPlatform();
});
afterAll(() => p.close());

/** A call in which the caller was pleased; ended unless `open`. */
async function call(scope: Scope, how: { open?: boolean; agentId?: string } = {}): Promise<CallId> {
  const order = await steps.order(scope, how.agentId ? { assistantId: how.agentId } : {});
  const { id: callId } = await p.lifecycle.begin(order, NODE);
  const { tenantId } = scope;
  const said = { purpose: 'reply', fromMs: 3000, toMs: 4000, interrupted: false, unheardChars: 0 };
  await p.lifecycle.append([
    { tenantId, event: { callId, seq: 0, atMs: 0, type: 'call.started' } },
    {
      tenantId,
      event: {
        callId,
        seq: 1,
        atMs: 2500,
        type: 'turn.ended',
        text: 'I want to book a table for Friday.',
        fromMs: 1000,
        toMs: 2300,
      },
    },
    {
      tenantId,
      event: { callId, seq: 2, atMs: 4000, type: 'agent.said', text: 'It is booked for Friday.', ...said },
    },
    {
      tenantId,
      event: {
        callId,
        seq: 3,
        atMs: 6000,
        type: 'turn.ended',
        text: 'Wonderful, thank you so much!',
        fromMs: 5000,
        toMs: 5900,
      },
    },
  ]);
  if (!how.open) await p.lifecycle.finish(scope, callId, { reason: 'caller_hung_up', durationMs: 7000 });
  return callId;
}

const run = (scope: Scope, callId: CallId, llm: Record<string, () => LanguageModel> = {}) =>
  postCall({ services: p, llm })({ tenantId: scope.tenantId, callId }, { signal });

const model = (reply: LanguageModel['reply']): LanguageModel => ({ name: 'scripted/llm', reply });

async function assistantOn(scope: Scope): Promise<string> {
  const provider = await p.providers.create(scope, {
    category: 'llm',
    providerKey: 'openai',
    name: 'Ours',
    credentials: { apiKey: 'sk-of-this-tenant' },
    models: [{ modelId: 'gpt-4o', label: 'GPT-4o' }],
  });
  const agent = await p.assistants.create(scope, {
    name: 'Ada',
    llmProviderId: provider.id,
    llmModelId: 'gpt-4o',
  });
  return agent.id;
}

describe('after a call (X-32)', () => {
  it('tells what it was about and how the caller felt, without any account', async () => {
    const { scope } = await p.tenant();
    const callId = await call(scope);
    await run(scope, callId);
    const { analysis } = await p.calls.get(scope, callId);
    expect(analysis?.summary).toMatch(/^The caller wanted/);
    expect(analysis?.sentiment).toBe('positive');
    await run(scope, callId);
    expect((await p.calls.get(scope, callId)).analysis).toEqual(analysis);
  });

  it("has the assistant's own model read the transcript, with the tenant's key", async () => {
    const { scope } = await p.tenant('pro');
    const callId = await call(scope, { agentId: await assistantOn(scope) });
    const keys: (string | undefined)[] = [];
    const open = (provider?: { credentials: Readonly<Record<string, string>> }) => {
      keys.push(provider?.credentials.apiKey);
      return model(async function* () {
        yield {
          type: 'text',
          text: '{"summary":"A table for Friday.","sentiment":"neutral","disposition":"booked"}',
        };
      });
    };
    await run(scope, callId, { openai: open });
    expect(keys).toEqual(['sk-of-this-tenant']);
    expect((await p.calls.get(scope, callId)).analysis).toMatchObject({
      summary: 'A table for Friday.',
      sentiment: 'neutral',
    });
  });

  it('falls back on the words themselves when the model fails', async () => {
    const { scope } = await p.tenant('pro');
    const callId = await call(scope, { agentId: await assistantOn(scope) });
    const broken = model(() => {
      throw new Error('down');
    });
    await run(scope, callId, { openai: () => broken });
    expect((await p.calls.get(scope, callId)).analysis?.sentiment).toBe('positive');
  });

  it('leaves a call that still runs alone', async () => {
    const { scope } = await p.tenant();
    const callId = await call(scope, { open: true });
    await run(scope, callId);
    expect((await p.calls.get(scope, callId)).analysis).toBeNull();
  });
});
