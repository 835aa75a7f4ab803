import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type GuardedHttp, guardedHttp } from '#adapters/fetch/guarded';
import { llmVendors } from '#adapters/llm/vendors';
import type { ModelCategory } from '#core/plans/plan';
import type { OpenedProvider } from '#core/providers/provider';
import { CallerScript } from '#engine/fakes/caller-script';
import { FakeClock } from '#engine/fakes/fake-clock';
import { ScriptedStt } from '#engine/fakes/scripted-stt';
import { ScriptedTts } from '#engine/fakes/scripted-tts';
import { scriptedVad } from '#engine/fakes/scripted-vad';
import { ProviderError, type SttEvent } from '#engine/ports';
import type { ProviderId } from '#kernel/ids';
import { silentLog } from '#kernel/log';
import type { VoiceFactories } from '#runtime/voices';
import { voiceFactories } from '#src/compose/voice-factories';
import { until } from '#test/support/until';
import { chatVendor, PIECES } from '#test/support/vendors/llm-vendors';
import { cartesiaVendor, elevenlabsVendor, openaiSpeechVendor } from '#test/support/vendors/speech-vendors';
import { startVendor, VENDOR_KEY, type VendorServer } from '#test/support/vendors/vendor-server';

const VENDORS: readonly [ModelCategory, string][] = [
  ...Object.keys(llmVendors).map((key): [ModelCategory, string] => ['llm', key]),
  ...['openai', 'elevenlabs', 'deepgram', 'cartesia', 'edge'].map((key): [ModelCategory, string] => [
    'tts',
    key,
  ]),
  ...['deepgram', 'openai', 'groq'].map((key): [ModelCategory, string] => ['stt', key]),
];

let server: VendorServer;
let guards: GuardedHttp[];

beforeAll(async () => {
  server = await startVendor({ key: () => VENDOR_KEY, http: (_, response) => void response.end() });
});
beforeEach(() => {
  server.mode = 'down';
  server.requests.length = 0;
  guards = [];
});
afterEach(async () => {
  await Promise.all(guards.map((guard) => guard.close()));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** Every name is that of the server of this test, which is at a private address. */
function factories(allow: string[] = []): VoiceFactories {
  const clock = new FakeClock();
  const guard = guardedHttp({ allow, resolve: async () => [{ address: '127.0.0.1', family: 4 }] });
  guards.push(guard);
  const script = new CallerScript();
  const speech = {
    stt: new ScriptedStt({ clock, script, name: 'stt' }),
    tts: new ScriptedTts({ clock, name: 'tts' }),
    vad: scriptedVad(),
  };
  return voiceFactories({ speech, guard: guard.vendors, log: silentLog });
}

interface Ask {
  source: OpenedProvider['source'];
  baseUrl: string;
  allow?: string[];
}

const providerOf = (category: ModelCategory, providerKey: string, ask: Ask): OpenedProvider => ({
  id: 'prov_1' as ProviderId,
  source: ask.source,
  category,
  providerKey,
  name: providerKey,
  modelId: 'model',
  credentials: { apiKey: VENDOR_KEY },
  settings: { baseUrl: ask.baseUrl },
});

/** Asks a vendor for something and gives its words; rejects with its failure. */
async function answerOf([category, key]: [ModelCategory, string], ask: Ask): Promise<string> {
  const provider = providerOf(category, key, ask);
  const made = factories(ask.allow);
  if (category === 'stt') return hear(made.stt[key]!(provider));
  const { signal } = new AbortController();
  const said: string[] = [];
  if (category === 'llm') {
    const request = { messages: [{ role: 'user', text: 'Hi' } as const], tools: [] };
    for await (const delta of made.llm[key]!(provider).reply(request, signal))
      if (delta.type === 'text') said.push(delta.text);
    return said.join('');
  }
  for await (const chunk of made.tts[key]!(provider).speak(words(), SPEAK, signal))
    if (chunk.text !== undefined) said.push(chunk.text);
  return said.join(' ');
}

/** Asks a vendor for something; its words for why that failed. */
async function askVendor(vendor: [ModelCategory, string], ask: Ask): Promise<string> {
  const thrown = await answerOf(vendor, ask).then(
    () => null,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(ProviderError);
  return (thrown as ProviderError).message;
}

const SPEAK = { voice: 'voice', speed: 1, language: 'en-US', rateHz: 8000 } as const;

async function* words() {
  yield 'Hello.';
}

async function hear(stt: ReturnType<VoiceFactories['stt'][string]>): Promise<string> {
  const heard: string[] = [];
  const failures: string[] = [];
  const over = new AbortController();
  const on = (event: SttEvent) => {
    if (event.type === 'error') failures.push(event.message);
    if (event.type === 'final') heard.push(event.text);
  };
  const stream = stt.open({ rateHz: 8000, language: 'en-US' }, on, over.signal);
  stream.onset(0);
  stream.push({ samples: new Int16Array(8_000).fill(5_000), rateHz: 8000, atMs: 0 });
  stream.flush(1_000);
  await until(() => failures.length + heard.length > 0);
  over.abort();
  if (failures.length > 0) throw new ProviderError(stt.name, 'closed', failures[0]!);
  return heard[0]!;
}

describe.each(VENDORS)('the address of a vendor: %s %s', (...vendor) => {
  it('that a tenant names must be public, and https', async () => {
    const told = await askVendor(vendor, { source: 'client', baseUrl: server.baseUrl });
    expect(told).toMatch(/must be an https URL/);
    const inside = 'https://127.0.0.1:1';
    expect(await askVendor(vendor, { source: 'client', baseUrl: inside })).toMatch(/must be public/);
    expect(server.requests).toEqual([]);
  });

  it('that a tenant names is judged by what its name resolves to', async () => {
    const port = new URL(server.baseUrl).port;
    const baseUrl = `https://vendor.example:${port}`;
    expect(await askVendor(vendor, { source: 'client', baseUrl })).toMatch(/must be public/);
    expect(server.requests).toEqual([]);
  });

  it('that a tenant names may be one that the operator exempts', async () => {
    const allow = [new URL(server.baseUrl).host];
    const told = await askVendor(vendor, { source: 'client', baseUrl: server.baseUrl, allow });
    expect(told).toMatch(/503/);
    expect(server.requests).toHaveLength(1);
  });

  it('that the operator names may be anywhere', async () => {
    expect(await askVendor(vendor, { source: 'global', baseUrl: server.baseUrl })).toMatch(/503/);
    expect(server.requests).toHaveLength(1);
  });
});

describe('the guard of vendors', () => {
  it.each([
    ['llm', 'openai-compatible', chatVendor, PIECES.join('')],
    ['tts', 'cartesia', cartesiaVendor, 'Hello.'],
    ['tts', 'elevenlabs', elevenlabsVendor, 'Hello.'],
    ['stt', 'openai', () => openaiSpeechVendor('I would like a table'), 'I would like a table'],
  ] as const)('lets through what an exempt one answers: %s %s', async (category, key, start, expected) => {
    const open = await start();
    const allow = [new URL(open.baseUrl).host];
    const asked = { source: 'client', baseUrl: open.baseUrl, allow } as const;
    expect(await answerOf([category, key], asked)).toBe(expected);
    await open[Symbol.asyncDispose]();
  });

  it('follows no redirect', async () => {
    server.mode = 'ok';
    const target = await startVendor({ key: () => VENDOR_KEY, http: (_, response) => void response.end() });
    const elsewhere = await startVendor({
      key: () => VENDOR_KEY,
      http: (_, response) => void response.writeHead(307, { location: target.baseUrl }).end(),
    });
    const allow = [new URL(elsewhere.baseUrl).host, new URL(target.baseUrl).host];
    await askVendor(['tts', 'cartesia'], { source: 'client', baseUrl: elsewhere.baseUrl, allow });
    expect(elsewhere.requests).toHaveLength(1);
    expect(target.requests).toEqual([]);
    await Promise.all([target[Symbol.asyncDispose](), elsewhere[Symbol.asyncDispose]()]);
  });
});
