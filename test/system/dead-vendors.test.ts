import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CallerVoice, openCallerVoice } from '#cli/caller-voice';
import { wordErrors } from '#test/speech/word-errors';
import { makeDataDir, removeDataDir, startTestServer, type TestServer } from '#test/support/server';
import { startVendor, VENDOR_KEY, type VendorServer } from '#test/support/vendors/vendor-server';
import { textsOf } from './kept-call.ts';
import { openListener } from './listener.ts';
import { dial, storedCall } from './telephone.ts';
import { signUp, type Tenant } from './tenants.ts';

const LAST_WORDS =
  'I am sorry, something is wrong on our side. Please call again in a little while. Goodbye.';

let dataDir: string;
let vendor: VendorServer;
let voice: CallerVoice;
let server: TestServer;
let tenant: Tenant;

beforeAll(async () => {
  dataDir = await makeDataDir();
  vendor = await startVendor({ key: () => VENDOR_KEY });
  const allowed = new URL(vendor.baseUrl).host;
  [server, voice] = await Promise.all([
    startTestServer({ dataDir, env: { CALLBACK_ALLOWLIST: allowed } }),
    openCallerVoice('awb'),
  ]);
  tenant = await signUp(server, 'pro');
}, 150_000);
beforeEach(() => {
  vendor.requests.length = 0;
});
afterAll(async () => {
  await server?.stop();
  await voice?.close();
  await vendor[Symbol.asyncDispose]();
  await removeDataDir(dataDir);
});

/** A provider of the tenant's own at the vendor of this test. */
async function provider(category: 'tts' | 'llm', providerKey: string): Promise<string> {
  const made = await tenant.ask('/providers', {
    body: {
      category,
      providerKey,
      name: `${providerKey} of ours`,
      credentials: { apiKey: VENDOR_KEY },
      models: [{ modelId: 'one', label: 'One' }],
      settings: { baseUrl: vendor.baseUrl },
    },
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body._id;
}

describe('a call whose vendors are down', { timeout: 90_000 }, () => {
  it('and that has no voice left ends with words', async () => {
    vendor.mode = 'down';
    // Embedded voices speak English only, so that none stands in.
    const agentId = await tenant.makeAgent({
      persona: { greeting: 'Guten Tag!', systemPrompt: 'Du bist Anna.', language: 'de-DE' },
      ttsProviderId: await provider('tts', 'cartesia'),
      ttsModelId: 'one',
    });
    const call = await dial(server, tenant, { agentId });
    await call.end.ended;
    expect(vendor.requests.length).toBeGreaterThan(0);
    const listener = await openListener();
    const heard = await listener.hear(call.heard, 8000).finally(() => listener.close());
    expect(wordErrors(LAST_WORDS, heard).errors, heard).toBeLessThanOrEqual(5);
    const stored = await storedCall(tenant, call.end.callSid);
    expect(stored).toMatchObject({ status: 'failed', endReason: 'failed' });
    expect(textsOf(stored, 'assistant')).toEqual([LAST_WORDS]);
  });

  it('is answered by the stand-in, and the next call asks the stand-in at once', async () => {
    vendor.mode = 'rate_limited';
    const agentId = await tenant.makeAgent({
      llmProviderId: await provider('llm', 'openai-compatible'),
      llmModelId: 'one',
    });
    const question = await voice.speak('What time do you open on Monday?');
    const calls = [await dial(server, tenant, { agentId }), await dial(server, tenant, { agentId })];
    await Promise.all(calls.map((call) => call.opened()));
    expect(await calls[0]!.ask(question)).toBeLessThan(3_000);
    const asked = vendor.requests.length;
    expect(asked).toBeGreaterThan(0);
    expect(await calls[1]!.ask(question)).toBeLessThan(3_000);
    expect(vendor.requests).toHaveLength(asked);
    await Promise.all(calls.map((call) => call.finished()));
    for (const call of calls) {
      await call.end.hangUp();
      const stored = await storedCall(tenant, call.end.callSid);
      expect(stored.status).toBe('completed');
      expect(textsOf(stored, 'assistant').at(-1)).toMatch(/9|nine/i);
    }
  });
});
